"""People, builds, accidents and our steps in any order, and what must hold whatever the order.

A reading may be two seconds old when we post: so much passes after whatever somebody does. And
answers lag: what somebody did and no answer ever showed may be overtaken, if a hold says so then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from listener.core.promotion import ENDED, Status
from listener.db import holds, releases
from listener.db.holds import UNASKED, HoldRow
from tests.leaping import Leaping
from tests.worker import wire
from tests.worker.emulated import ROBOT
from tests.worker.lags import Lags
from tests.worker.stage import LEASE, Stage
from tests.worker.wire import Killed

NUMBERS = count(1)
FRESH = timedelta(seconds=3)
APPS, LATE = st.sampled_from(("source", "target")), st.sampled_from(("list", "current", "new"))


@dataclass(frozen=True)
class Move:
    """Somebody gave the target other code."""

    version: int
    made_at: str  # by Heroku's clock
    struck: int  # how many answers about the target had lagged by then
    is_forward: bool


class Machine(RuleBasedStateMachine):
    """One source, one target, one armed rule, and everything that may happen to them."""

    stage: Stage
    heroku_clock: Leaping

    def __init__(self) -> None:
        super().__init__()
        self.lags = Lags(self.stage)
        number = next(NUMBERS)
        self.source, self.target = f"s-{number}", f"t-{number}"
        self.explained = ""  # the artifact that the target runs with everybody's knowledge
        self.seen = 0  # the last version of the target that was taken into account
        self.wrong: list[str] = []
        self.moves: list[Move] = []
        self.overtaken: list[Move] = []  # that no answer had shown when we posted
        self.let_go = 0  # the version of the target when a hold was released last
        self.words: dict[int, int] = {}  # promotion: the version over which it was approved
        self.judged: set[Any] = set()  # holds and promotions that were found to be right
        self.baseline = ""
        self.is_lossy = False  # requests got lost: then a promotion may end in doubt

    @initialize()
    def begin(self) -> None:
        self.stage.control("rate-limits", {"email": ROBOT, "remaining": 4500})
        for name in (self.source, self.target):
            self.stage.make_app(name)
        self.stage.add_rule(self.target, source=self.source, targets=(self.target,))
        self.explained = self._runs()
        self.baseline = self._order()[-1]
        self.seen = self.stage.current(self.target)
        self.stage.wire.witness = self._witness

    # Builds and people.

    @rule()
    def deploy(self) -> None:
        self._then(self.stage.deploy(self.source))

    @rule()
    def deploy_and_tell(self) -> None:
        self.stage.tell(self.stage.deploy(self.source), self.source)
        self._then()

    @rule()
    def deploy_and_work(self) -> None:
        self.deploy_and_tell()
        self.stage.work()

    @rule(app=APPS)
    def configure(self, app: str) -> None:
        self._then(self.stage.configure(getattr(self, app)))

    @rule(app=APPS, back=st.integers(1, 4))
    def roll_back(self, app: str, back: int) -> None:
        name, ran = getattr(self, app), self._runs()
        to = max(self.stage.current(name) - back, 3)
        self.stage.roll_back(name, to)
        self._moved_from(ran)
        self._then()

    @rule()
    def hotfix(self) -> None:
        ran = self._runs()
        self.stage.hotfix(self.target)
        self._moved_from(ran)
        self._then()

    @precondition(lambda self: not self.stage.held(self.target))
    @rule()
    def promote_forward(self) -> None:
        self._take_into_account()  # what we released before counts before what somebody does now
        newest, ran = self._order()[-1], self._runs()
        slug, words = {"slug_id": newest}, "by hand"
        if newest == ran:
            return
        self.stage.deploy(self.target, description=words, user="bo@example.com", **slug)
        if newest not in self._ran()[:-1]:
            self.explained = newest
        self._moved_from(ran, is_forward=self.explained == newest)
        self._then()

    @rule()
    def hold(self) -> None:
        self.stage.put_hold(self.target)

    @precondition(lambda self: self.stage.held(self.target))
    @rule()
    def release_hold(self) -> None:
        self._nothing_goes_wrong()
        self.stage.release_hold(self.target)
        self._take_into_account()
        self.explained = self._runs()
        self.let_go = self.stage.current(self.target)

    @rule()
    def approve(self) -> None:
        for row in self._promotions():
            foreign = _asks_for_word(row)
            if foreign is not None:
                self._check_word(row, foreign)
                self.stage.approvals.approve(str(row.id), by="cy@example.com")
                self.words[row.id] = foreign

    # Answers that lag.

    @rule(app=APPS, of=LATE, times=st.integers(1, 3), skip=st.integers(0, 1))
    def lag(self, app: str, of: str, times: int, skip: int) -> None:
        self.lags.freeze(getattr(self, app), of, times=times, skip=skip)

    @rule(app=APPS, seed=st.integers(1, 9))
    def old_copy(self, app: str, seed: int) -> None:
        self.lags.copy(getattr(self, app), seed=seed)

    @rule(of=LATE, times=st.integers(1, 3))
    def deploy_behind(self, of: str, times: int) -> None:
        self.lags.freeze(self.source, of, times=times)
        self.deploy_and_work()

    @rule(of=LATE, times=st.integers(0, 3), back=st.integers(0, 2))
    def move_over_a_deploy(self, of: str, times: int, back: int) -> None:
        self.deploy()
        if times:
            self.lags.freeze(self.target, of, times=times)
        if back:
            self.roll_back("target", back)
        else:
            self.hotfix()
        self.stage.look(self.source)

    # Accidents.

    @rule(trouble=st.sampled_from((wire.lost, wire.answer_lost, wire.refused)))
    def trouble(self, trouble: wire.Around) -> None:
        self.stage.wire.put(trouble)
        self.is_lossy = True

    @rule()
    def unreadable(self) -> None:
        self.stage.wire.put(wire.answers(503, applied=False), method="GET", times=2)

    @rule(moment=st.integers(1, 60))
    def die(self, moment: int) -> None:
        self.stage.mortality.die_at(moment)
        try:
            self.stage.work()
        except Killed:
            self.stage.shift(LEASE)
        finally:
            self.stage.mortality.die_at(None)

    # The listener, and time.

    @rule()
    def step(self) -> None:
        self.stage.step()

    @rule()
    def look(self) -> None:
        self.stage.look(self.source)

    @rule()
    def reconcile(self) -> None:
        self.stage.reconcile()

    @rule(seconds=st.sampled_from((1, 6, 16, 61, 400)))
    def age(self, seconds: int) -> None:
        self.stage.age(seconds=seconds)

    # What holds.

    @invariant()
    def nothing_was_posted_that_must_not_be(self) -> None:
        assert self.wrong == [], self.wrong

    @invariant()
    def each_slug_was_released_by_us_once_at_most(self) -> None:
        slugs = [r["slug"]["id"] for r in self._releases() if "autopromote" in r["description"]]
        assert len(slugs) == len(set(slugs))

    @invariant()
    def no_hold_is_false(self) -> None:
        for hold in self._unasked():
            if hold.id not in self.judged:
                assert self._is_so(hold), hold.reason
                self.judged.add(hold.id)

    @invariant()
    def what_is_superseded_truly_is(self) -> None:
        for row in self._promotions():
            if row.status is Status.SUPERSEDED and str(row.id) not in self.judged:
                assert self._gave_way(row), row.reason
                self.judged.add(str(row.id))

    def teardown(self) -> None:
        """When nothing goes wrong any more, everything ends."""
        self._nothing_goes_wrong()
        if self.explained:
            self._heal()
        self.stage.wire.witness = None

    def _heal(self) -> None:
        self._then()
        self.stage.reconcile()
        self.what_was_overtaken_is_told()
        for _ in range(40):
            if self.stage.held(self.target):
                self.release_hold()
            self.approve()
            if all(row.status in ENDED for row in self._promotions()):
                break
            self.stage.age(seconds=61)
        left = [row.reason for row in self._promotions() if row.status not in ENDED]
        assert not left, left
        self.stage.rules.remove(self.target, by="ana@example.com")
        self.nothing_was_posted_that_must_not_be()
        self.each_slug_was_released_by_us_once_at_most()
        self.no_hold_is_false()
        self.what_is_superseded_truly_is()
        self.the_newest_deploy_arrived()

    def what_was_overtaken_is_told(self) -> None:
        """What nobody could read of in time is named by a hold that was put since."""
        ours = [r["version"] for r in self._releases() if "autopromote" in r["description"]]
        named = [(hold.foreign_release or {}).get("version", 0) for hold in self._unasked()]
        for move in self.overtaken:
            if any(version > move.version for version in ours):
                assert any(version >= move.version for version in named), move

    def the_newest_deploy_arrived(self) -> None:
        """Unless the source left it, or a request that got lost ended it in doubt."""
        newest, ran = self._order()[-1], self._ran()
        deploys = [r["slug"]["id"] for r in self.stage.releases(self.source) if r["slug"]]
        is_left = len(set(deploys[deploys.index(newest) :])) > 1
        if newest == self.baseline or newest in ran or is_left:
            return
        rows = [row for row in self._promotions() if row.artifact == newest]
        assert rows, "the newest deploy has no promotion"
        is_in_doubt = self.is_lossy and rows[-1].status in (Status.ERRORED, Status.FAILED)
        assert is_in_doubt, (rows[-1].status, rows[-1].reason)

    # Looking at it.

    def _then(self, _: object = None) -> None:
        self.stage.shift(FRESH)
        self.heroku_clock.leap()

    def _nothing_goes_wrong(self) -> None:
        self.stage.wire.troubles.clear()
        self.lags.clear()

    def _moved_from(self, ran: str, *, is_forward: bool = False) -> None:
        """Remember it, if that was other code."""
        if self._runs() != ran:
            release = self._releases()[-1]
            struck = self.lags.struck(self.target)
            move = Move(release["version"], release["created_at"], struck, is_forward)
            self.moves.append(move)

    def _unasked(self) -> list[HoldRow]:
        """Every hold that no person put, released or not."""
        target_id = self.stage.app(self.target).id
        with self.stage.database.begin() as conn:
            rows = holds.list_(conn, app_id=target_id)
        return [row for row in rows if row.kind in UNASKED]

    def _is_so(self, hold: HoldRow) -> bool:
        """It names what somebody did, or says that answers were not clear, and they lagged."""
        if hold.foreign_release is not None:
            return any(move.version == hold.foreign_release["version"] for move in self.moves)
        is_unclear = "is not clear" in hold.reason or "had been given up" in hold.reason
        return is_unclear and (self.is_lossy or self.lags.struck(self.target) > 0)

    def _gave_way(self, row: Any) -> bool:
        """The source brought other code later, or the target runs newer code."""
        order = self._order()
        later = [r for r in self.stage.releases(self.source) if r["version"] > row.version]
        is_left = any(r["slug"]["id"] != row.artifact for r in later if r["slug"])
        newer = order[order.index(row.artifact) + 1 :]
        return is_left or any(slug in newer for slug in self._ran())

    def _promotions(self) -> list[Any]:
        target_id = self.stage.app(self.target).id
        return [row for row in self.stage.promotions() if row.target_id == target_id]

    def _releases(self) -> list[dict[str, Any]]:
        return [r for r in self.stage.releases(self.target) if r["slug"]]

    def _ran(self) -> list[str]:
        return [r["slug"]["id"] for r in self._releases()]

    def _runs(self) -> str:
        return self.stage.slug_of(self.target, self.stage.current(self.target))

    def _order(self) -> list[str]:
        """The artifacts of the source, oldest first."""
        releases = self.stage.releases(self.source)
        return list(dict.fromkeys(r["slug"]["id"] for r in releases if r["slug"]))

    def _take_into_account(self) -> None:
        for release in self._releases():
            if release["version"] > self.seen and "autopromote" in release["description"]:
                self.explained = release["slug"]["id"]
        self.seen = self.stage.current(self.target)

    def _witness(self, slug: str) -> None:
        """What we are about to post, judged with everything that anybody knows."""
        self._take_into_account()
        order, runs = self._order(), self._runs()
        if self.stage.held(self.target):
            self.wrong.append("posted during a hold")
        if (move := self._unread()) is not None:
            self.overtaken += [move] if slug != runs else []
            return
        if runs != self.explained:
            self.wrong.append("posted over what somebody did")
        elif self._lacks_word():
            self.wrong.append("posted what was made before somebody moved the target")
        if runs in order and order.index(slug) <= order.index(runs):
            self.wrong.append("posted older code than what runs")
        if slug in self._ran():
            self.wrong.append("posted what ran before")

    def _unread(self) -> Move | None:
        """The last move of the target, if no answer showed it, and answers lagged since."""
        if not self.moves:
            return None
        with self.stage.database.begin() as conn:
            read = releases.newest_version(conn, self.stage.app(self.target).id)
        move = self.moves[-1]
        is_unread = read < move.version and self.lags.struck(self.target) > move.struck
        return move if is_unread else None

    def _lacks_word(self) -> bool:
        """It is from before a move that a person let go of, and nobody spoke for it since."""
        let_go = [m for m in self.moves if m.version <= self.let_go and not m.is_forward]
        (row,) = (row for row in self._promotions() if row.status is Status.POSTING)
        if not let_go or self._made_at(row) > let_go[-1].made_at:
            return False
        return self.words.get(row.id, 0) < let_go[-1].version

    def _check_word(self, row: Any, foreign: int) -> None:
        """A word is asked for only where somebody moved the target after the deploy."""
        move = next(move for move in self.moves if move.version == foreign)
        assert foreign <= self.let_go, "a word is asked for, and no hold was released"
        assert self._made_at(row) <= move.made_at, row.reason

    def _made_at(self, row: Any) -> str:
        return str(self.stage.release(self.source, row.version)["created_at"])


def _asks_for_word(row: Any) -> int | None:
    """The release of somebody else over which only a person lets a promotion go."""
    if row.status is not Status.WAITING:
        return None
    asked = (gate["facts"]["foreign"] for gate in row.gates if "needs" in gate.get("facts", {}))
    return next(asked, None)
