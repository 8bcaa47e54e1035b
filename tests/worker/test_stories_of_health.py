"""Stories of checks before a promotion and after it; see `test_stories.py`."""

from __future__ import annotations

from listener.core.promotion import Status
from tests.worker.emulated import PROD
from tests.worker.site import Site
from tests.worker.stage import Stage


def answer(stage: Stage, site: Site, *statuses: int) -> None:
    """What production answers to one question after the other."""
    for status in statuses:
        site.status = status
        row = next(row for row in stage.promotions() if row.status is Status.VERIFYING)
        stage.age(seconds=max(stage.promotion_due_in(row.version), 0.0))


def test_story_09_a_source_that_is_not_well_holds_back(bare: Stage, site: Site) -> None:
    """The check before a promotion failed, which counted as an answer, and the build went."""
    bare.add_rule(conditions={"checks": [site.url]})
    site.status = 500
    version = bare.deploy()
    bare.look()
    bare.age(minutes=5)

    assert bare.promotion(version).status is Status.WAITING
    assert bare.posts_sent() == 0


def test_story_19_what_is_rolled_back_by_itself_goes_back_once(bare: Stage, site: Site) -> None:
    """Production is not well, is rolled back, is still not well, and is rolled back once more."""
    before = bare.current()
    asked = {"verify": [site.url], "verify_for": "50s", "on_failure": "rollback"}
    bare.add_rule(conditions=asked)
    version = bare.deploy()
    bare.look()
    answer(bare, site, 503, 503, 503, 503, 503)
    for _ in range(3):
        bare.age(minutes=5)
        bare.reconcile()

    assert bare.promotion(version).status is Status.ROLLED_BACK
    assert bare.runs(before, source=PROD)
    assert bare.posts_sent() == 2  # there, and back
    assert len(bare.held()) == 1


def test_story_20_a_slow_start_is_no_failure(bare: Stage, site: Site) -> None:
    """The first question came before the new dynos were up, and a good release was rolled back."""
    asked = {"verify": [site.url], "verify_for": "50s", "on_failure": "rollback"}
    bare.add_rule(conditions=asked)
    version = bare.deploy()
    bare.look()
    answer(bare, site, 503, 503, 200, 200, 200)

    assert bare.promotion(version).status is Status.SUCCEEDED
    assert bare.runs(version)
    assert bare.posts_sent() == 1
