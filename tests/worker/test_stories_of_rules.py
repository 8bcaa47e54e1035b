"""Stories of rules: work that is stranded, freed, or asks in vain; see `test_stories.py`."""

from __future__ import annotations

from typing import Any

import pytest

from listener.core.gates.options import BadCondition, parse
from listener.core.promotion import ENDED, Status
from tests.worker.closed import closed_windows
from tests.worker.emulated import ANA, BO, EU, PROD, STAGING
from tests.worker.stage import Stage


def waiting(bare: Stage, **conditions: Any) -> int:
    """A deploy that waits under a rule which asks for this; answers its version."""
    bare.add_rule(conditions=conditions)
    version = bare.deploy()
    bare.look()
    assert bare.promotion(version).status is Status.WAITING
    return version


def test_story_10_what_is_asked_and_never_answered_ends(bare: Stage) -> None:
    """A check never reports, and what waits for it waits for ever, or for itself."""
    version = waiting(bare, approvals=1, approval_timeout="2h")
    assert bare.promotion_due_in(version) <= 2 * 60 * 60
    bare.age(minutes=119)
    assert bare.promotion(version).status is Status.WAITING
    bare.age(minutes=1)

    row = bare.promotion(version)
    assert (row.status, row.reason) == (Status.REJECTED, "It was not approved within 2h.")


def test_story_10_a_release_phase_that_never_ends_is_given_up(stage: Stage) -> None:
    """The same of Heroku's own answer: it is asked for over an hour, then a person is."""
    stage.phase(PROD)
    version = stage.deploy()
    stage.look()
    for _ in range(6):
        stage.age(minutes=15)

    assert stage.promotion(version).status is Status.ERRORED
    assert len(stage.held()) == 1


@pytest.mark.parametrize("text", ["Mon-Fri 09:00-17:00", "09:00-17:00 UTC", "* 9-17 * * 1-5"])
def test_story_11_a_window_names_its_days_and_its_zone(text: str) -> None:
    """A window was meant in local time and read in UTC: nobody is awake in it, nothing ships."""
    with pytest.raises(BadCondition, match="Write it like 'Mon-Fri 09:00-16:30 Europe/London'"):
        parse({"windows": [text]})


def test_story_11_the_next_opening_is_told_in_the_windows_own_zone(bare: Stage) -> None:
    """And whoever asks why nothing ships reads when it will."""
    version = waiting(bare, windows=closed_windows("03:00-03:01", "Asia/Tokyo"))
    row = bare.promotion(version)

    assert row.reason.startswith("Outside the rule's windows; the next opens ")
    assert row.reason.endswith(" 03:00 Asia/Tokyo.")
    assert row.due_at == row.earliest_at


def test_story_14_a_yes_is_for_one_release_and_a_newer_one_needs_its_own(bare: Stage) -> None:
    """A tag was approved, somebody moved it to other code, and that went with the old approval."""
    first = waiting(bare, approvals=1, soak="1h")
    bare.approve(first, BO)
    newer = bare.deploy()
    bare.look()
    bare.age(hours=2)

    assert bare.promotion(first).status is Status.SUPERSEDED
    assert bare.promotion(newer).status is Status.WAITING
    assert bare.promotion(newer).reason.startswith("0 of 1 approvals")
    assert not bare.runs(newer)


def test_story_14_a_no_ends_it_and_the_next_release_is_asked_about_anew(bare: Stage) -> None:
    """Rejected once, a deployment is never asked about again, or never goes away."""
    first = waiting(bare, approvals=1)
    bare.approvals.reject(str(bare.promotion(first).id), reason=None, by=BO)
    bare.work()
    assert bare.promotion(first).status is Status.REJECTED
    newer = bare.deploy()
    bare.look()
    bare.approve(newer, BO)
    bare.work()

    assert bare.runs(newer)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"conditions": {"soak": None}}, Status.SUCCEEDED),
        ({"conditions": {"soak": "3h"}}, Status.WAITING),
        ({"mode": "shadow", "conditions": {"soak": None}}, Status.SHADOWED),
        ({"mode": "off"}, Status.CANCELLED),
        ({"targets": (EU,)}, Status.CANCELLED),
    ],
)
def test_story_15_a_changed_rule_decides_anew_what_waits(
    bare: Stage, change: Any, status: Status
) -> None:
    """Somebody edits a rule: what waited under it waits for ever, or goes by the rule of before."""
    version = waiting(bare, soak="2h")
    bare.change_rule(**change)
    bare.work()

    row = bare.promotion(version)
    assert row.status is status
    assert row.status in ENDED or row.reason == f"{STAGING} v{version} soaks for 3h."


def test_story_15_a_removed_rule_strands_nothing(bare: Stage) -> None:
    """The same where the rule is removed."""
    version = waiting(bare, soak="2h")
    bare.rules.remove("ship", by=ANA)
    bare.age(hours=3)

    assert bare.promotion(version).status is Status.CANCELLED
    assert bare.posts_sent() == 0


def test_story_21_a_soak_is_looked_at_when_it_ends(bare: Stage) -> None:
    """The soak time is over, and nobody looks again until something else happens."""
    version = waiting(bare, soak="30m")
    row = bare.promotion(version)
    assert row.soaks_from is not None
    assert row.due_at == row.earliest_at
    assert (row.due_at - row.soaks_from).total_seconds() == 30 * 60 if row.due_at else False
    bare.age(minutes=30)

    assert bare.runs(version)
