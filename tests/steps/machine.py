"""People, builds, accidents and our steps in any order, and what must hold whatever the order.

A reading may be two seconds old when we post: so much passes after whatever somebody does.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from listener.promotion import ENDED
from tests.steps import wire
from tests.steps.emulated import ROBOT
from tests.steps.stage import LEASE, Stage
from tests.steps.wire import Killed

NUMBERS = count(1)
FRESH = timedelta(seconds=3)


class Machine(RuleBasedStateMachine):
    """One source, one target, one armed rule, and everything that may happen to them."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        number = next(NUMBERS)
        self.source, self.target = f"s-{number}", f"t-{number}"
        self.explained = ""  # the artifact that the target runs with everybody's knowledge
        self.seen = 0  # the last version of the target that was taken into account
        self.wrong: list[str] = []

    @initialize()
    def begin(self) -> None:
        self.stage.control("rate-limits", {"email": ROBOT, "remaining": 4500})
        for name in (self.source, self.target):
            self.stage.make_app(name)
        self.stage.add_rule(self.target, source=self.source, targets=(self.target,))
        self.explained = self._runs()
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

    @rule(app=st.sampled_from(("source", "target")))
    def configure(self, app: str) -> None:
        self._then(self.stage.configure(getattr(self, app)))

    @rule(app=st.sampled_from(("source", "target")), back=st.integers(1, 4))
    def roll_back(self, app: str, back: int) -> None:
        name = getattr(self, app)
        to = max(self.stage.current(name) - back, 3)
        self._then(self.stage.roll_back(name, to))

    @rule()
    def hotfix(self) -> None:
        self._then(self.stage.hotfix(self.target))

    @precondition(lambda self: not self.stage.held(self.target))
    @rule()
    def promote_forward(self) -> None:
        self._take_into_account()  # what we released before counts before what somebody does now
        newest = self._order()[-1]
        slug, words = {"slug_id": newest}, "by hand"
        if newest == self._runs():
            return
        self.stage.deploy(self.target, description=words, user="bo@example.com", **slug)
        if newest not in self._ran()[:-1]:
            self.explained = newest
        self._then()

    @rule()
    def hold(self) -> None:
        self.stage.put_hold(self.target)

    @precondition(lambda self: self.stage.held(self.target))
    @rule()
    def release_hold(self) -> None:
        self.stage.wire.troubles.clear()
        self.stage.release_hold(self.target)
        self._take_into_account()
        self.explained = self._runs()

    # Accidents.

    @rule(trouble=st.sampled_from((wire.lost, wire.answer_lost, wire.refused)))
    def trouble(self, trouble: wire.Around) -> None:
        self.stage.wire.put(trouble)

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

    def teardown(self) -> None:
        """When nothing goes wrong any more, everything ends."""
        self.stage.wire.troubles.clear()
        if self.explained:
            if self.stage.held(self.target):
                self.release_hold()
            self._heal()
        self.stage.wire.witness = None

    def _heal(self) -> None:
        for _ in range(40):
            if all(row.status in ENDED for row in self._promotions()):
                break
            self.stage.age(seconds=61)
            if self.stage.held(self.target):
                self.release_hold()
        self.stage.rules.remove(self.target, by="ana@example.com")
        assert {row.status for row in self._promotions()} <= ENDED
        self.nothing_was_posted_that_must_not_be()
        self.each_slug_was_released_by_us_once_at_most()

    # Looking at it.

    def _then(self, _: object = None) -> None:
        self.stage.shift(FRESH)

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
        if runs != self.explained:
            self.wrong.append("posted over what somebody did")
        if runs in order and order.index(slug) <= order.index(runs):
            self.wrong.append("posted older code than what runs")
        if slug in self._ran():
            self.wrong.append("posted what ran before")
