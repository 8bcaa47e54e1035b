"""Follows promotions until they end."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any, cast

from autopromote.commands.promotions.view import line
from autopromote.errors import Failure, Refused, Unfinished, Unreachable
from autopromote.follow import Follower
from autopromote.output import copy, tell, warn
from autopromote.pages import see
from autopromote.plain import plain_line
from autopromote.polling import is_passing
from autopromote.progress import turning
from autopromote.resources import Gate, Moment, Output, Promotion
from autopromote.ships import sentence, tell_ships
from autopromote.times import largest_unit, when

ACTIVE = frozenset({"waiting", "posting", "releasing", "verifying", "rolling_back"})
RELEASING, WAITING_STATUS = "releasing", "waiting"
A_MINUTE = 60.0
WAITING = "Waiting; Ctrl-C stops nothing but that"
FIRST_PAUSE, LONGEST_PAUSE = 0.3, 2.0
PATIENCE = 150  # looks in a row without an answer: five minutes, enough for a listener's restart
UNKNOWN_ADDRESS = "not_found"  # an older listener's word for what it cannot do
LAST_PIECES = 50  # at most so many pieces of the output after the promotion has ended


def pauses() -> Iterator[float]:
    """Yield the seconds between two looks: short at first, never long."""
    rising = (FIRST_PAUSE * 1.3**step for step in range(8))
    return chain((pause for pause in rising if pause < LONGEST_PAUSE), repeat(LONGEST_PAUSE))


@dataclass
class Watch:
    """Follows promotions and prints each change once."""

    look: Callable[[str], Promotion]
    read: Callable[[str, int], Output] | None = None
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    limit: float | None = None  # seconds to follow them for
    told: dict[str, str] = field(default_factory=dict)
    told_at: dict[str, float] = field(default_factory=dict)
    told_ships: dict[str, str] = field(default_factory=dict)
    followers: dict[str, Follower] = field(default_factory=dict)
    unanswered: int = 0

    def until_the_end(self, promotions: Sequence[Promotion]) -> list[Promotion]:
        """Return the promotions as they ended, or as they stand when the time to follow is up.

        Interrupted, say that they go on by themselves.
        """
        try:
            return self._follow(list(promotions))
        except KeyboardInterrupt as interrupt:
            pages = filter(None, map(see, promotions))
            raise Unfinished("\n".join([goes_on(promotions), *pages])) from interrupt

    def _follow(self, promotions: list[Promotion]) -> list[Promotion]:
        remaining, begun_at = pauses(), self.clock()
        self._tell_changes(promotions)
        while unfinished := [one for one in promotions if one["status"] in ACTIVE]:
            left = self._left(begun_at)
            if left <= 0:
                tell(gives_up(unfinished, self.clock() - begun_at))
                break
            self._tell_waits(unfinished, begun_at)
            with turning(WAITING, after=0):
                self.pause(min(FIRST_PAUSE if self._is_reading() else next(remaining), left))
                promotions = [self._look(promotion) for promotion in promotions]
            self._tell_changes([one for one in promotions if one["status"] in ACTIVE])
            for promotion in promotions:
                self._show_output(promotion, is_alone=len(promotions) == 1)
            self._tell_changes(promotions)
        return promotions

    def _left(self, begun_at: float) -> float:
        """Return for how many seconds more to follow them."""
        return math.inf if self.limit is None else begun_at + self.limit - self.clock()

    def _tell_waits(self, promotions: Sequence[Promotion], begun_at: float) -> None:
        """Say what each waits for, of which nothing was said for a minute."""
        now = self.clock()
        for promotion in promotions:
            if now - self.told_at[promotion["id"]] >= A_MINUTE:
                tell(plain_line(wait_line(promotion, now - begun_at)))
                self.told_at[promotion["id"]] = now

    def _is_reading(self) -> bool:
        """Return whether a release command prints now, so that somebody may be reading."""
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
        """Return the Follower of its output; None before its release phase runs."""
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
        """Stop showing an output that cannot be read, unless it is a passing trouble.

        The promotion goes on all the same.
        """
        if promotion["status"] in ACTIVE and is_passing(failure):
            return
        self.followers[promotion["id"]].is_over = True
        if not (isinstance(failure, Refused) and failure.id == UNKNOWN_ADDRESS):
            warn(f"The output of the release phase can't be shown: {failure.message}")

    def _tell_changes(self, promotions: Sequence[Promotion]) -> None:
        for promotion in promotions:
            now = plain_line(line(promotion))
            if self.told.get(promotion["id"]) != now:
                tell(now)
                self.told_at[promotion["id"]] = self.clock()
            self.told[promotion["id"]] = now
            said = sentence(promotion.get("ships"))
            if said and self.told_ships.get(promotion["id"]) != said:
                tell_ships(promotion)
                self.told_ships[promotion["id"]] = said

    def _look(self, promotion: Promotion) -> Promotion:
        """Return the promotion as it is now, or the last one seen while the listener is away."""
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
        if self.unanswered > PATIENCE or not is_passing(failure):
            raise failure
        if self.unanswered == 1:
            warn(f"{failure.message}\nTrying on.")


def wait_line(promotion: Promotion, seconds: float) -> str:
    """Return `Promotion 42 to ⬢ example-app: still waiting after 3m for soak: … Until …`."""
    what = "Rollback" if promotion.get("kind") == "rollback" else "Promotion"
    where = f"{what} {promotion['id']} to ⬢ {promotion['target']['app']['name']}"
    return (
        f"{where}: still {promotion['status']} after {largest_unit(seconds)}{reason_of(promotion)}"
    )


def reason_of(promotion: Promotion) -> str:
    """Return the gates that have a promotion wait, each with its sentence; else the reason."""
    gates = [gate for gate in promotion["gates"] if gate["verdict"] in ("wait", "error")]
    if promotion["status"] == WAITING_STATUS and gates:
        return " for " + "; ".join(gate_line(gate) for gate in gates)
    return f": {promotion['reason']}" if promotion["reason"] else ""


def gate_line(gate: Gate) -> str:
    """Return `soak: example-app-staging v42 soaks for 2h. Until …`."""
    until = f" Until {when(gate.get('until'))}." if gate.get("until") else ""
    return f"{gate['name']}: {gate['message']}{until}"


def has_released(promotion: Promotion) -> bool:
    """Return whether its release phase runs, or ran."""
    moments: list[Moment] = cast(Any, promotion).get("timeline", [])  # where it is told in full
    return promotion["status"] == RELEASING or any(
        moment.get("event") == RELEASING for moment in moments
    )


def gives_up(promotions: Sequence[Promotion], seconds: float) -> str:
    """Say after how long nobody follows any more, and what each waits for."""
    waits = [plain_line(wait_line(promotion, seconds)) for promotion in promotions]
    return "\n".join([*waits, goes_on(promotions)])


def goes_on(promotions: Sequence[Promotion]) -> str:
    """Say that nothing was stopped, and how to look again."""
    looks = "\n".join(
        f"Run `autopromote promotions:info {promotion['id']}` to look again."
        for promotion in promotions
    )
    return f"No longer waiting; what was begun goes on by itself.\n{looks}"
