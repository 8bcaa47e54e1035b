"""Promoting by hand: what goes, and what is refused at once because only a person could help."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from listener.core.promotion import Status
from listener.db import holds, waiting_promotions
from listener.errors import Conflict, HerokuUnreadable, Invalid
from listener.services.holds import NewHold
from listener.services.promote import NewOverride, NewPromotions
from tests.services.office import ANA, EU, PROD, STAGING, Office

IN_TWO_DAYS = datetime.now(UTC) + timedelta(days=2)


def promote(office: Office, *targets: str, version: int | None = None) -> list[int]:
    wish = NewPromotions(source=STAGING, targets=targets or (PROD,), version=version)
    return [view.row.id for view in office.promotions.promote_by_hand(wish, by=ANA)]


def outcomes(office: Office) -> list[Status]:
    return [row.status for row in office.found()]


def test_what_the_source_runs_goes_to_every_target(office: Office) -> None:
    promote(office, PROD, EU)
    office.work()
    assert outcomes(office) == [Status.SUCCEEDED, Status.SUCCEEDED]
    for target in (PROD, EU):
        assert office.current(target)["slug"] == office.current(STAGING)["slug"]


def test_it_is_made_once_for_each_target_in_the_order_given(office: Office) -> None:
    wish = NewPromotions(source=STAGING, targets=(EU, PROD, EU))
    views = office.promotions.promote_by_hand(wish, by=ANA)
    assert [view.names[view.row.target_id] for view in views] == [EU, PROD]
    (first, _) = (view.row for view in views)
    assert (first.is_by_hand, first.found_by, first.created_by) == (True, "hand", ANA)
    assert first.commit is not None
    assert [entry.action for entry in office.audit()] == ["promotion.added"] * 2


def test_an_equal_unfinished_one_is_answered_again(office: Office) -> None:
    first = promote(office)
    assert promote(office, PROD, EU) == [*first, first[0] + 1]
    office.work()
    assert promote(office) != first


def test_an_older_release_goes_where_the_target_runs_something_else(office: Office) -> None:
    version = int(office.current(STAGING)["version"])
    office.deploy(STAGING)
    promote(office, version=version)
    office.work()
    (row,) = office.found()
    assert (row.status, row.version) == (Status.SUCCEEDED, version)


def test_what_the_target_runs_already_is_skipped(office: Office) -> None:
    office.deploy_same(PROD, like=STAGING)
    promote(office)
    office.work()
    assert outcomes(office) == [Status.SKIPPED]


# Waited for: time or a person brings it.


def test_a_release_whose_phase_runs_is_waited_for(office: Office) -> None:
    office.add_rule(conditions={"soak": "1h"}, targets=(EU,))
    office.control(f"apps/{STAGING}", {"release_phase": {}}, method="PATCH")
    version = office.deploy(STAGING)
    promote(office, PROD, EU, version=version)
    office.work()
    assert {row.reason for row in office.found()} == {
        f"The release phase of acme-staging v{version} is running."
    }
    office.control(f"apps/{STAGING}/releases/{version}", {"status": "succeeded"})
    office.look(STAGING)
    with office.database.begin() as conn:
        waiting_promotions.reschedule_source(conn, office.app(STAGING).id)
    office.work()
    to_prod, to_eu = office.found()[:2]
    assert to_prod.status is Status.SUCCEEDED
    assert (to_eu.status, to_eu.reason) == (
        Status.WAITING,
        f"acme-staging v{version} soaks for 1h.",
    )


@pytest.mark.parametrize(
    ("conditions", "gate"),
    [
        ({"approvals": 2}, "approvals"),
        ({"soak": "1h"}, "soak"),
        ({"windows": [f"{IN_TWO_DAYS:%a} 09:00-16:30 UTC"]}, "window"),
    ],
)
def test_what_a_rule_asks_is_waited_for(
    office: Office, conditions: dict[str, object], gate: str
) -> None:
    office.add_rule(conditions=conditions)
    office.deploy(STAGING)
    promote(office)
    office.work()
    (row,) = office.found()
    assert row.status is Status.WAITING
    assert [kept["name"] for kept in row.gates if kept["verdict"] == "wait"] == [gate]


# Refused at once.


@pytest.mark.parametrize(
    ("version", "words"),
    [(99, "acme-staging shows no release v99"), (1, "acme-staging v1 has no slug")],
)
def test_a_release_that_cannot_go_is_refused(office: Office, version: int, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        promote(office, version=version)
    assert office.found() == []


def test_a_release_that_failed_is_refused(office: Office) -> None:
    office.control(f"apps/{STAGING}", {"release_phase": {}}, method="PATCH")
    version = office.deploy(STAGING)
    office.control(f"apps/{STAGING}/releases/{version}", {"status": "failed"})
    with pytest.raises(Invalid, match=f"acme-staging v{version} is failed"):
        promote(office, version=version)


def test_a_slug_that_is_gone_is_refused(office: Office) -> None:
    release = office.current(STAGING)
    office.deploy(STAGING)
    office.control(f"apps/{STAGING}/slugs/{release['slug']['id']}", method="DELETE")
    with pytest.raises((Invalid, HerokuUnreadable)):
        promote(office, version=int(release["version"]))
    assert office.found() == []


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"stack": "heroku-20"}, "acme-odd runs heroku-20"),
        ({"container": True}, "acme-odd is a container app"),
        ({"generation": "fir"}, "acme-odd of fir"),
    ],
)
def test_an_app_that_cannot_run_it_is_refused_for_all(
    office: Office, facts: dict[str, object], words: str
) -> None:
    office.make_app("acme-odd", **facts)
    with pytest.raises(Invalid, match=words):
        promote(office, PROD, "acme-odd")
    assert office.found() == []


def test_an_image_is_refused(office: Office) -> None:
    office.make_app("acme-fir", generation="fir")
    wish = NewPromotions(source="acme-fir", targets=(PROD,))
    with pytest.raises(Invalid, match=r"acme-fir is of generation fir, acme-prod of cedar\."):
        office.promotions.promote_by_hand(wish, by=ANA)


def test_an_app_cannot_be_promoted_onto_itself(office: Office) -> None:
    with pytest.raises(Invalid, match="cannot be promoted onto itself"):
        promote(office, PROD, STAGING)


def test_only_apps_of_the_patterns_are_accepted(open_office: Callable[..., Office]) -> None:
    office = open_office(allowed_apps=("acme-*",))
    office.make_app(STAGING)
    office.make_app("other")
    with pytest.raises(Invalid) as refusal:
        promote(office, "other")
    assert refusal.value.id == "app_not_allowed"


def test_a_held_target_is_refused_for_all(office: Office) -> None:
    office.holds.put(NewHold(app=EU, reason="fair week"), by="bo@example.com")
    with pytest.raises(Conflict) as refusal:
        promote(office, PROD, EU)
    words = "acme-prod-eu is on hold by bo@example.com: fair week"
    assert (refusal.value.id, words in refusal.value.message) == ("target_held", True)
    assert office.found() == []
    promote(office, PROD)


def test_a_hold_on_every_target_is_one_on_each(office: Office) -> None:
    office.holds.put(NewHold(app=None, reason="fair week"), by=ANA)
    with pytest.raises(Conflict, match=r"acme-prod is on hold by ana@example\.com: fair week"):
        promote(office)


def test_what_somebody_did_on_the_target_a_moment_ago_holds_it(office: Office) -> None:
    office.add_rule()
    office.deploy(PROD)
    with pytest.raises(Conflict, match=r"ana@example\.com released v\d+ “Deploy .*” on acme-prod"):
        promote(office)
    assert [view.row.kind for view in office.holds.list_(app=PROD, with_ended=False, limit=9)] == [
        "detected"
    ]


@pytest.mark.parametrize("path", ["/apps/[^/]*/releases", "/apps/acme-prod-eu"])
def test_nothing_is_promoted_where_heroku_cannot_be_read(office: Office, path: str) -> None:
    office.break_heroku(path)
    with pytest.raises(HerokuUnreadable, match=r"Nothing was promoted\.$"):
        promote(office, PROD, EU)
    assert office.found() == []


# What a rule asks, set aside.


def overriding(*gates: str) -> NewPromotions:
    """A promotion without these gates."""
    override = NewOverride(gates=gates, reason="it leaks")
    return NewPromotions(source=STAGING, targets=(PROD,), override=override)


ALWAYS = ["order", "source", "target", "match", "block", "same-commit", "sok"]


@pytest.mark.parametrize("gate", ALWAYS)
def test_what_is_always_asked_cannot_be_set_aside(office: Office, gate: str) -> None:
    with pytest.raises(Invalid) as refusal:
        office.promotions.promote_by_hand(overriding("soak", gate), by=ANA)
    assert refusal.value.message == (
        f"override: {gate} cannot be set aside; what a rule asks can:"
        " author, commit-message, commit-author, description, soak, window, closed, min-gap,"
        " max-per-day, brake, approvals, github-checks, check, parity; and a hold that people put."
        " Nothing was promoted."
    )
    assert office.found() == []


def test_what_waits_already_goes_without_the_gates(office: Office) -> None:
    office.add_rule(conditions={"soak": "1h", "min_gap": "1h"})
    office.deploy(STAGING)
    wish = NewPromotions(source=STAGING, targets=(PROD,))
    (waiting,) = office.promotions.promote_by_hand(wish, by=ANA)
    office.work()
    (view,) = office.promotions.promote_by_hand(overriding("soak"), by=ANA)
    assert view.row.id == waiting.row.id
    assert view.row.reason == f"soak set aside by {ANA}: it leaks"
    office.work()

    assert office.promotions.get(str(view.row.id)).row.status is Status.SUCCEEDED


def test_an_admin_goes_through_a_freeze_that_people_put(office: Office) -> None:
    office.add_rule()
    office.deploy(STAGING)
    for app in (PROD, None):
        office.holds.put(NewHold(app=app, reason="launch day"), by=ANA)
    (view,) = office.promotions.promote_by_hand(overriding("hold"), by=ANA)
    assert view.row.reason == f"hold (hold 2, 1) set aside by {ANA}: it leaks"
    office.work()
    row = office.promotions.get(str(view.row.id)).row
    assert row.status is Status.SUCCEEDED
    (gate,) = (gate for gate in row.gates if gate["name"] == "hold")
    said = f"Set aside by {ANA}: it leaks (hold 2 by {ANA}, hold 1 by {ANA})"
    assert (gate["verdict"], gate["message"]) == ("pass", said)
    assert len(office.holds.list_(app=PROD, with_ended=False, limit=9)) == 2
    assert office.audit()[-1].after == {"override": row.override}


def test_a_hold_that_is_put_later_stops_it(office: Office) -> None:
    office.add_rule()
    office.deploy(STAGING)
    office.holds.put(NewHold(app=PROD, reason="launch day"), by=ANA)
    office.promotions.promote_by_hand(overriding("hold"), by=ANA)
    office.holds.put(NewHold(app=PROD, reason="no, wait"), by=ANA)
    office.work()
    (row,) = (row for row in office.found() if row.is_by_hand)
    assert row.status is Status.WAITING
    assert row.reason.endswith("no, wait (hold 2)")


@pytest.mark.parametrize("kind", ["rollback", "guard", "detected"])
def test_no_override_goes_through_a_hold_that_tells_of_what_went_wrong(
    office: Office, kind: str
) -> None:
    office.add_rule()
    office.holds.put(NewHold(app=PROD, reason="launch day"), by=ANA)
    with office.database.begin() as conn:
        holds.put(conn, office.app(PROD).id, reason="broken", by="robot", kind=kind)
    with pytest.raises(Conflict, match=r"broken \(hold 2\)\. It tells of what went wrong"):
        office.promotions.promote_by_hand(overriding("hold"), by=ANA)
    assert office.found() == []


def test_an_override_of_holds_where_there_are_none_sets_nothing_aside(office: Office) -> None:
    office.add_rule()
    office.deploy(STAGING)
    later = datetime(2120, 1, 1, tzinfo=UTC)
    office.holds.put(NewHold(app=PROD, reason="a freeze to come", starts_at=later), by=ANA)
    (view,) = office.promotions.promote_by_hand(overriding("hold"), by=ANA)
    assert view.row.override is not None
    assert view.row.override["holds"] == []


def test_a_hold_stands_in_the_way_all_the_same(office: Office) -> None:
    office.holds.put(NewHold(app=PROD, reason="launch day"), by=ANA)
    with pytest.raises(Conflict, match="is on hold"):
        office.promotions.promote_by_hand(overriding("soak"), by=ANA)
