"""What a promotion brings or misses besides its commits, as a page asks for it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from listener.db.promotions import PromotionRow
from listener.heroku import Spender, on_behalf_of
from listener.services import brings
from listener.services.brings import Brings, BringsDesk, Processes, Runs
from tests.services.office import PROD, STAGING, Office


@pytest.fixture
def desk(office: Office) -> BringsDesk:
    return BringsDesk(office.context.heroku)


@pytest.fixture
def row(office: Office) -> PromotionRow:
    """A promotion that waits: it adds a clock and a release phase, and drops a worker."""
    office.add_rule(conditions={"approvals": 1})
    office.deploy(PROD, process_types=["web", "worker"])
    office.look(PROD)
    office.control(f"apps/{STAGING}/config", {"GIFT_API_KEY": "hush", "PORT": "1"})
    office.control(f"apps/{PROD}/config", {"PORT": "2"})
    office.deploy(STAGING, process_types=["web", "clock", "release"])
    office.look(STAGING)
    return office.found()[-1]


def runs(row: PromotionRow, office: Office) -> Runs:
    return Runs(row.target_id, office.current(PROD)["slug"]["id"])


def test_processes_and_missing_config_vars_are_told(
    office: Office, desk: BringsDesk, row: PromotionRow
) -> None:
    assert desk.read(row, PROD, runs(row, office)) == Brings(
        missing=("GIFT_API_KEY",),
        mend=f"heroku config:set GIFT_API_KEY=… -a {PROD}",
        processes=Processes(kept=("web",), added=("clock",), dropped=("worker",), has_phase=True),
    )


def test_all_who_look_share_what_was_read(
    office: Office, desk: BringsDesk, row: PromotionRow
) -> None:
    now = runs(row, office)
    office.calls()
    found = [desk.read(row, PROD, now) for _ in range(5)]

    assert len({str(each) for each in found}) == 1
    assert len(office.calls()) == 4


def test_an_app_that_runs_nothing_compares_with_nothing(
    desk: BringsDesk, row: PromotionRow
) -> None:
    assert desk.read(row, PROD, None).processes is None


def test_what_cannot_be_read_is_not_known(
    office: Office, desk: BringsDesk, row: PromotionRow
) -> None:
    now = runs(row, office)
    office.break_heroku(f"/apps/{row.target_id}/.*", status=403)

    assert desk.read(row, PROD, now) == Brings()


def test_what_cannot_be_read_is_not_asked_again_at_each_look(
    office: Office, desk: BringsDesk, row: PromotionRow
) -> None:
    now = runs(row, office)
    office.break_heroku(f"/apps/{row.target_id}/.*", status=403)
    office.calls()
    for _ in range(5):
        desk.read(row, PROD, now)

    assert len(office.calls()) == 4


def test_what_could_not_be_read_is_asked_again_after_a_while(
    office: Office, row: PromotionRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brings, "FAILED_FOR", 0.0)
    desk, now = BringsDesk(office.context.heroku), runs(row, office)
    office.break_heroku(f"/apps/{row.target_id}/.*", status=403)
    desk.read(row, PROD, now)
    office.mend_heroku()

    assert desk.read(row, PROD, now).missing == ("GIFT_API_KEY",)


def test_who_was_spared_is_answered_when_calls_are_left_again(
    office: Office, desk: BringsDesk, row: PromotionRow
) -> None:
    office.grant(5)
    with on_behalf_of(Spender("cy@example.com", keeps=100, a_minute=300)):
        assert desk.read(row, PROD, runs(row, office)) == Brings()
    office.grant(4000)

    assert desk.read(row, PROD, runs(row, office)).missing == ("GIFT_API_KEY",)


def test_nobody_waits_long_for_a_slow_heroku(
    office: Office, desk: BringsDesk, row: PromotionRow
) -> None:
    now = runs(row, office)
    office.control("faults", {"kind": "latency", "seconds": 60, "path": "/apps/.*"})
    began = time.monotonic()
    found = desk.read(row, PROD, now)
    took = time.monotonic() - began

    assert (found, took < 30) == (Brings(), True)
    office.mend_heroku()


def test_as_many_are_asked_as_there_are_places(
    office: Office, row: PromotionRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("listener.services.brings.MOST_ASKED", 0)
    office.calls()

    assert BringsDesk(office.context.heroku).read(replace(row), PROD, None) == Brings()
    assert office.calls() == []
