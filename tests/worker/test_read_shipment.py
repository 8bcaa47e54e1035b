"""What ships with a promotion is read by work of its own, from the repository of the app."""

from __future__ import annotations

from listener.core.commits import Relation
from tests.worker.emulated import STAGING
from tests.worker.shipping import SHOP, connect, push, read, shipped
from tests.worker.stage import Stage


def test_the_commits_between_what_ran_and_what_goes(stage: Stage) -> None:
    connect(stage)
    shas = push(stage, "Fix the login (#7)", "Add a page")
    version = stage.deploy(commit=shas[-1])
    stage.look()
    read(stage)

    found = shipped(stage, version)

    assert found.comparison is not None
    assert found.comparison.relation is Relation.AHEAD
    assert [each.sha for each in found.comparison.coming] == shas
    assert [each.subject for each in found.comparison.coming] == [
        "Fix the login (#7)",
        "Add a page",
    ]
    assert found.comparison.coming[0].pull == 7
    assert (found.repository, found.head, found.told_by) == (SHOP, shas[-1], "heroku")
    assert not found.goes_back


def test_an_app_without_a_repository_is_asked_about_once_a_day(stage: Stage) -> None:
    versions = []
    for letter in "ab":
        versions.append(stage.deploy(commit=letter * 40))
        stage.look()
        read(stage)

    for version in versions:
        assert (shipped(stage, version).untold or "").startswith(
            f"Heroku does not tell the repository of {STAGING}: "
        )
    calls = [call for call in stage.wire.take_calls() if "/repo" in call]
    assert calls == [f"GET /apps/{stage.app(STAGING).id}/repo"]
