"""Watching promotions until they end."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

from cli.commands.promotions.view import line
from cli.errors import Failure, Refused, Unfinished, Unreachable
from cli.output import tell, warn
from cli.plain import plain_line
from cli.resources import Promotion

ACTIVE = frozenset({"waiting", "posting", "releasing", "verifying", "rolling_back"})
FIRST_PAUSE, LONGEST_PAUSE = 0.3, 2.0
PASSING_TROUBLE = frozenset({429, 502, 503, 504})
PATIENCE = (
    150  # looks in a row without an answer: five minutes, in which a listener is long restarted
)


def pauses() -> Iterator[float]:
    """Yield the seconds between two looks: short at first, then never long."""
    rising = (FIRST_PAUSE * 1.3**step for step in range(8))
    return chain((pause for pause in rising if pause < LONGEST_PAUSE), repeat(LONGEST_PAUSE))


@dataclass
class Watch:
    """Follows promotions and tells each change once."""

    look: Callable[[str], Promotion]
    pause: Callable[[float], None] = time.sleep
    told: dict[str, str] = field(default_factory=dict)
    unanswered: int = 0

    def until_the_end(self, promotions: Sequence[Promotion]) -> list[Promotion]:
        """Return the promotions as they ended. Interrupted, say that they go on by themselves."""
        try:
            return self._follow(list(promotions))
        except KeyboardInterrupt as interrupt:
            raise Unfinished(goes_on(promotions)) from interrupt

    def _follow(self, promotions: list[Promotion]) -> list[Promotion]:
        remaining = pauses()
        self._tell_changes(promotions)
        while any(promotion["status"] in ACTIVE for promotion in promotions):
            self.pause(next(remaining))
            promotions = [self._look(promotion) for promotion in promotions]
            self._tell_changes(promotions)
        return promotions

    def _tell_changes(self, promotions: Sequence[Promotion]) -> None:
        for promotion in promotions:
            now = plain_line(line(promotion))
            if self.told.get(promotion["id"]) != now:
                tell(now)
            self.told[promotion["id"]] = now

    def _look(self, promotion: Promotion) -> Promotion:
        """Return the promotion as it is now; as it was, while the listener is away for a moment."""
        if promotion["status"] not in ACTIVE:
            return promotion
        try:
            promotion = self.look(promotion["id"])
        except (Refused, Unreachable) as failure:
            self._bear(failure)
        else:
            self.unanswered = 0
        return promotion

    def _bear(self, failure: Failure) -> None:
        self.unanswered += 1
        if self.unanswered > PATIENCE or (
            isinstance(failure, Refused) and failure.status not in PASSING_TROUBLE
        ):
            raise failure
        if self.unanswered == 1:
            warn(f"{failure.message}\nTrying on.")


def goes_on(promotions: Sequence[Promotion]) -> str:
    """Say that nothing was stopped, and how to look again."""
    looks = "\n".join(
        f"Run `autopromote promotions:info {promotion['id']}` to look again."
        for promotion in promotions
    )
    return f"No longer waiting; what was begun goes on by itself.\n{looks}"
