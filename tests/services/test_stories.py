"""The story of secrets; see `tests/worker/test_stories.py`."""

from __future__ import annotations

from listener.core.promotion import Status
from tests.services.office import ANA, STAGING, Office


def test_story_23_what_was_signed_with_the_secret_of_before_is_still_believed(
    office: Office,
) -> None:
    """A secret is rotated, and every delivery that the sender had queued is refused."""
    office.subscriptions.add(STAGING, by=ANA, reached_at="autopromote.example.com")
    office.add_rule()
    version = office.deploy(STAGING)
    queued = office.letters()
    office.subscriptions.rotate(STAGING, now=False, by=ANA)
    office.take(queued)
    office.work()

    assert [(row.version, row.status) for row in office.found()] == [(version, Status.SUCCEEDED)]
    newer = office.deploy(STAGING)
    office.receive()
    office.work()
    assert office.found()[-1].version == newer
