"""Watching promotions until they end."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

from cli.commands.promotions.view import line
from cli.errors import Failure, Refused, Unfinished, Unreachable
from cli.follow import Follower
from cli.output import copy, tell, warn
from cli.plain import plain_line
from cli.progress import turning
from cli.resources import Output, Promotion

ACTIVE = frozenset({"waiting", "posting", "releasing", "verifying", "rolling_back"})
RELEASING = "releasing"
WAITING = "Waiting; Ctrl-C stops nothing but that"
FIRST_PAUSE, LONGEST_PAUSE = 0.3, 2.0
PASSING_TROUBLE = frozenset({429, 502, 503, 504})
PATIENCE = (
    150  # looks in a row without an answer: five minutes, in which a listener is long restarted
)
UNKNOWN_ADDRESS = "not_found"  # an older listener's word for what it cannot do
LAST_PIECES = 50  # of an output that nobody knows the end of, once the promotion has ended


def pauses() -> Iterator[float]:
    """Yield the seconds between two looks: short at first, then never long."""
    rising = (FIRST_PAUSE * 1.3**step for step in range(8))
    return chain((pause for pause in rising if pause < LONGEST_PAUSE), repeat(LONGEST_PAUSE))


@dataclass
class Watch:
    """Follows promotions and tells each change once."""

    look: Callable[[str], Promotion]
    read: Callable[[str, int], Output] | None = None
    pause: Callable[[float], None] = time.sleep
    told: dict[str, str] = field(default_factory=dict)
    followers: dict[str, Follower] = field(default_factory=dict)
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
            with turning(WAITING, after=0):
                self.pause(FIRST_PAUSE if self._is_reading() else next(remaining))
                promotions = [self._look(promotion) for promotion in promotions]
            self._tell_changes([one for one in promotions if one["status"] in ACTIVE])
            for promotion in promotions:
                self._show_output(promotion, is_alone=len(promotions) == 1)
            self._tell_changes(promotions)
        return promotions

    def _is_reading(self) -> bool:
        """Whether a release command is just printing, so that somebody reads along."""
        return any(each.has_more for each in self.followers.values())

    def _show_output(self, promotion: Promotion, *, is_alone: bool) -> None:
        """Print what its release phase has printed since; of one that has ended, all."""
        follower = self._follower(promotion, is_alone=is_alone)
        if follower is None or follower.is_over:
            return
        try:
            if promotion["status"] in ACTIVE:
                follower.pull()
                return
            for _ in range(LAST_PIECES):
                if not follower.pull() or follower.is_over:
                    break
        except Failure as failure:
            self._miss(promotion, failure)
        if promotion["status"] not in ACTIVE:
            follower.end()

    def _follower(self, promotion: Promotion, *, is_alone: bool) -> Follower | None:
        """Return who prints its output; nobody before its release phase runs."""
        id, read = promotion["id"], self.read
        if id not in self.followers and read is not None and has_released(promotion):
            name = "" if is_alone else f"⬢ {promotion['target']['app']['name']}: "
            self.followers[id] = Follower(
                lambda offset: read(id, offset),
                lambda text: copy(f"{name}{text}", err=True),
                waiting_for=WAITING,
            )
        return self.followers.get(id)

    def _miss(self, promotion: Promotion, failure: Failure) -> None:
        """Bear that an output cannot be read: the promotion goes on all the same."""
        is_passing = isinstance(failure, Unreachable) or (
            isinstance(failure, Refused) and failure.status in PASSING_TROUBLE
        )
        if promotion["status"] in ACTIVE and is_passing:
            return
        self.followers[promotion["id"]].is_over = True
        if not (isinstance(failure, Refused) and failure.id == UNKNOWN_ADDRESS):
            warn(f"The output of the release phase can't be shown: {failure.message}")

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


def has_released(promotion: Promotion) -> bool:
    """Whether its release phase runs, or ran."""
    moments = promotion.get("timeline", [])
    return promotion["status"] == RELEASING or any(
        moment.get("event") == RELEASING for moment in moments
    )


def goes_on(promotions: Sequence[Promotion]) -> str:
    """Say that nothing was stopped, and how to look again."""
    looks = "\n".join(
        f"Run `autopromote promotions:info {promotion['id']}` to look again."
        for promotion in promotions
    )
    return f"No longer waiting; what was begun goes on by itself.\n{looks}"
