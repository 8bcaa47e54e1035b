"""Rolling back by hand: what comes back, the hold that comes with it, and what is refused."""

from __future__ import annotations

import pytest

from listener.apps import App
from listener.desk.holds import NewHold
from listener.desk.rollbacks import NewRollback, choose
from listener.desk.views import HoldView
from listener.errors import HerokuUnreadable, Invalid
from listener.history import History
from listener.promotion import PromotionKind, Status
from listener.store.promotions import PromotionRow
from tests.desk.office import ANA, PROD, STAGING, Office


def roll_back(office: Office, to: int | None = None) -> PromotionRow:
    wish = NewRollback(app=PROD, to=to, reason="500s on checkout")
    return office.promotions.roll_back(wish, by=ANA).row


def held(office: Office) -> list[HoldView]:
    return office.holds.list_(app=PROD, with_ended=False, limit=10)


def test_what_it_ran_before_comes_back_and_the_target_is_held(office: Office) -> None:
    before = office.current(PROD)
    office.deploy(PROD)
    office.control(f"apps/{PROD}/config", {"FOO": "bar"})
    row = roll_back(office)
    assert (row.kind, row.version) == (PromotionKind.ROLLBACK, before["version"])
    (hold,) = held(office)
    assert (hold.row.kind, hold.row.reason, hold.row.by) == ("person", "500s on checkout", ANA)
    office.work()
    assert [item.status for item in office.found()] == [Status.ROLLED_BACK]
    assert office.current(PROD)["slug"] == before["slug"]
    assert held(office) == [hold]


def test_nothing_goes_to_it_until_somebody_releases_the_hold(office: Office) -> None:
    office.add_rule()
    office.deploy(STAGING)
    office.look(STAGING)
    roll_back(office)
    office.work()
    office.deploy(STAGING)
    office.look(STAGING)
    assert [row.status for row in office.found()] == [
        Status.SUCCEEDED,
        Status.ROLLED_BACK,
        Status.WAITING,
    ]
    office.holds.release(PROD, by=ANA)
    office.work()
    assert office.found()[-1].status is Status.SUCCEEDED


def test_it_goes_back_to_the_version_given(office: Office) -> None:
    first = office.current(PROD)
    office.deploy(PROD)
    office.deploy(PROD)
    assert roll_back(office, to=int(first["version"])).version == first["version"]


def test_asked_twice_it_is_one_rollback_and_one_hold(office: Office) -> None:
    office.deploy(PROD)
    first = roll_back(office)
    assert roll_back(office).id == first.id
    assert len(held(office)) == 1


def test_a_hold_that_was_released_meanwhile_is_put_again(office: Office) -> None:
    office.deploy(PROD)
    roll_back(office)
    office.holds.release(PROD, by=ANA)
    roll_back(office)
    assert len(held(office)) == 1


def test_a_held_target_can_be_rolled_back(office: Office) -> None:
    office.deploy(PROD)
    office.holds.put(NewHold(app=PROD, reason="fair week"), by=ANA)
    roll_back(office)
    office.work()
    assert [row.status for row in office.found()] == [Status.ROLLED_BACK]


def test_it_is_written_down(office: Office) -> None:
    office.deploy(PROD)
    roll_back(office)
    assert [entry.action for entry in office.audit()] == ["hold.put", "rollback.added"]


@pytest.mark.parametrize(
    ("to", "words"),
    [
        (99, "acme-prod shows no release v99: there is nothing to roll back to."),
        (1, r"acme-prod v1 has no slug."),
        (None, "acme-prod shows nothing that it ran before"),
    ],
)
def test_is_refused(office: Office, to: int | None, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        roll_back(office, to)
    assert (office.found(), held(office)) == ([], [])


def test_an_app_that_runs_nothing_has_nothing_before() -> None:
    with pytest.raises(Invalid, match="nothing that it ran before"):
        choose(App("id", PROD), History(), None)


def test_what_it_runs_already_is_refused(office: Office) -> None:
    version = int(office.current(PROD)["version"])
    office.control(f"apps/{PROD}/config", {"FOO": "bar"})
    with pytest.raises(Invalid, match=f"acme-prod runs the slug of v{version} already"):
        roll_back(office, version)


def test_what_failed_is_refused(office: Office) -> None:
    office.control(f"apps/{PROD}", {"release_phase": {"seconds": 0, "fails": True}}, method="PATCH")
    version = office.deploy(PROD)
    with pytest.raises(Invalid, match=f"acme-prod v{version} is (failed|pending)"):
        roll_back(office, version)


def test_an_image_goes_back_with_its_config_vars_and_the_answer_says_so(office: Office) -> None:
    office.control(f"apps/{PROD}", {"generation": "fir"}, method="PATCH")
    version = office.deploy(PROD)
    office.deploy(PROD)
    office.control(f"apps/{PROD}/config", {"FOO": "bar"})
    row = roll_back(office)
    assert row.reason.startswith(f"Back to v{version} with the config vars of then, asked for by")
    office.work()
    (done,) = office.found()
    assert done.status is Status.ROLLED_BACK
    assert done.reason == f"Rolled back as v{done.target_version}, config vars included."
    assert office.current(PROD)["description"] == f"Rollback to v{version}"
    assert office.heroku("GET", f"/apps/{PROD}/config-vars") == {}
    assert [hold.row.kind for hold in held(office)] == ["person"]


def test_a_container_app_is_left_to_heroku(office: Office) -> None:
    office.make_app("acme-box", container=True)
    wish = NewRollback(app="acme-box", to=3, reason="500s on checkout")
    with pytest.raises(Invalid, match="a container app: run `heroku rollback v3 -a acme-box` inst"):
        office.promotions.roll_back(wish, by=ANA)


def test_nothing_happens_where_heroku_cannot_be_read(office: Office) -> None:
    office.deploy(PROD)
    office.break_heroku(f"/apps/{PROD}.*")
    with pytest.raises(HerokuUnreadable, match=r"Nothing was rolled back\.$"):
        roll_back(office)
    assert (office.found(), held(office)) == ([], [])
