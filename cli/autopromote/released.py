"""What the listener answers about the release of holds: what it would let go, and what it did."""

from typing import NotRequired, TypedDict

from autopromote.resources import Hold, Next, Promotion, Ref


class Compared(TypedDict):
    """The release of a target for which it was held, else the one that it runs."""

    id: str
    version: int
    created_at: str | None


class Going(TypedDict):
    """A promotion that waits for a held target, and whether it would go by itself."""

    promotion: Promotion
    goes: bool
    message: str
    made_at: NotRequired[str | None]
    needs_word: NotRequired[bool]
    is_older: NotRequired[bool | None]
    than: NotRequired[Compared | None]


class Freed(TypedDict):
    """What would become of all that waits for a target."""

    app: Ref
    waiting: list[Going]
    still: NotRequired[str | None]


class Agreed(TypedDict):
    """What was shown: the holds that end, and the promotions that would go."""

    holds: list[str]
    promotions: list[str]


class ReleaseForeseen(TypedDict):
    """What a release of holds would let go."""

    holds: list[Hold]
    targets: list[Freed]
    agreed: Agreed
    planned: NotRequired[list[Hold]]
    message: NotRequired[str | None]


class Released(TypedDict):
    """The holds released, those that are to come still, what follows, and what was cancelled."""

    released: list[Hold]
    planned: NotRequired[list[Hold]]
    next: list[Next]
    cancelled: NotRequired[list[Promotion]]
    message: NotRequired[str | None]
