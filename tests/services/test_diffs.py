"""The diffs desk: what a promotion would change, read from Heroku now."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from listener.core.comparison import Relation
from listener.core.finding import State, Unread
from listener.errors import HerokuUnreadable, Invalid
from listener.heroku import Slug
from listener.services.diff import Change, Comparison, Diff
from tests.services.office import ANA, EU, PROD, STAGING, TOKEN, Office

REPO = "acme/shop"


def compare(office: Office, *targets: str, version: int | None = None, repo: str = REPO) -> Diff:
    wish = Comparison(source=STAGING, targets=targets or (PROD,), version=version, repo=repo)
    return office.diffs.compare(wish)


def change(office: Office, version: int | None = None) -> Change:
    [only] = compare(office, version=version).changes
    return only


def states(found: Change) -> dict[str, State]:
    return {finding.name: finding.state for finding in found.parity}


def commit(office: Office, app: str) -> str:
    slug = office.current(app)["slug"]["id"]
    return str(office.heroku("GET", f"/apps/{app}/slugs/{slug}")["commit"])


def test_a_newer_release_brings_commits_deploys_and_processes(office: Office) -> None:
    office.deploy_same(PROD, STAGING)
    before, older = office.current(PROD), commit(office, STAGING)
    office.deploy(STAGING)
    newest = int(
        office.control(
            f"apps/{STAGING}/deploys", {"user": ANA, "process_types": ["web", "worker"]}
        )["version"]
    )

    diff = compare(office)
    assert (diff.source.name, diff.release.version) == (STAGING, newest)
    [found] = diff.changes
    assert found.message == f"acme-prod runs acme-staging v3; v{newest} brings 2 deploys."
    assert found.difference.relation is Relation.NEWER
    assert found.difference.runs is not None
    assert found.difference.runs.id == before["id"]
    assert [(each.version, each.author) for each in found.difference.deploys] == [
        (newest, ANA),
        (newest - 1, ANA),
    ]
    assert isinstance(found.before, Slug)
    assert isinstance(diff.slug, Slug)
    assert (found.before.commit, found.before.process_types) == (older, ("web",))
    assert diff.slug.process_types == ("web", "worker")
    assert found.compare_url == (
        f"https://github.com/acme/shop/compare/{older}...{commit(office, STAGING)}"
    )
    assert set(states(found).values()) == {State.OK}


def test_an_older_release_would_undo_deploys(office: Office) -> None:
    older = commit(office, STAGING)
    office.deploy(STAGING)
    office.deploy_same(PROD, STAGING)
    found = change(office, version=3)
    assert found.message == (
        "acme-prod runs acme-staging v4, which is newer: v3 would undo 1 deploy."
    )
    # The commits that are undone are shown as what they had brought.
    assert found.compare_url == (
        f"https://github.com/acme/shop/compare/{older}...{commit(office, STAGING)}"
    )


def test_the_same_slug_changes_nothing(office: Office) -> None:
    office.deploy_same(PROD, STAGING)
    found = change(office)
    assert found.message == "acme-prod runs this slug already, in v4: nothing would change."
    assert found.compare_url is None


def test_code_that_never_was_on_the_source_is_compared_all_the_same(office: Office) -> None:
    found = change(office)
    assert found.message == "acme-prod runs code that acme-staging never ran, in v3."
    assert isinstance(found.before, Slug)
    assert found.before.commit == commit(office, PROD)


def test_an_app_without_code_runs_no_slug(office: Office) -> None:
    office.control("apps", {"name": "acme-new"})
    [found] = compare(office, "acme-new").changes
    assert found.message == "acme-new runs no code yet."
    assert isinstance(found.before, Unread)
    assert found.compare_url is None


def test_without_a_repository_there_is_no_link(office: Office) -> None:
    wish = Comparison(source=STAGING, targets=(PROD,))
    assert office.diffs.compare(wish).changes[0].compare_url is None


def test_a_commit_is_no_part_of_another_address(office: Office) -> None:
    body = {"user": ANA, "commit": "main/../../evil?x#y"}
    office.control(f"apps/{STAGING}/deploys", body)
    url = change(office).compare_url
    assert url is not None
    assert url.endswith("...main%2F..%2F..%2Fevil%3Fx%23y")


def test_several_targets_are_compared_with_few_calls(office: Office) -> None:
    office.calls()
    diff = compare(office, PROD, EU, PROD)
    assert [each.app.name for each in diff.changes] == [PROD, EU]
    calls = office.calls()
    about_repository = {
        call for call in calls if call[1].endswith(("/repo", "/pipeline-couplings"))
    }
    assert len(about_repository) == 2  # asked once a day
    assert len(calls) == len(set(calls)) == 3 * 5 + 2
    assert {method for method, _ in calls} == {"GET"}


def test_what_differs_is_told_with_what_mends_it(office: Office) -> None:
    office.control(f"apps/{STAGING}", {"stack": "heroku-26", "buildpacks": ["heroku/go"]}, "PATCH")
    office.control(f"apps/{PROD}", {"buildpacks": ["heroku/python"]}, "PATCH")
    office.deploy(STAGING)
    office.control(f"apps/{STAGING}/config", {"NEW_KEY": "tr0ub4dor"})
    found = change(office)
    assert states(found) == {
        "container": State.OK,
        "generation": State.OK,
        "stack": State.BROKEN,
        "buildpacks": State.WARNING,
        "config_vars": State.WARNING,
    }
    assert [finding.mend for finding in found.parity if finding.mend] == [
        "heroku stack:set heroku-26 -a acme-prod",
        "heroku buildpacks:set heroku/go -a acme-prod",
        "heroku config:set NEW_KEY=… -a acme-prod",
    ]
    assert "tr0ub4dor" not in repr(found)


def test_the_stack_is_that_of_the_release_that_would_go(office: Office) -> None:
    office.control(f"apps/{STAGING}", {"stack": "heroku-26"}, "PATCH")
    office.deploy(STAGING)
    assert states(change(office))["stack"] is State.BROKEN
    assert states(change(office, version=3))["stack"] is State.OK


@pytest.mark.parametrize(
    ("path", "name"),
    [("config-vars", "config_vars"), ("buildpack-installations", "buildpacks")],
)
def test_what_may_not_be_read_is_unknown_with_what_to_do(
    office: Office, path: str, name: str
) -> None:
    office.break_heroku(f"/apps/.*/{path}", 403)
    found = change(office)
    [finding] = [each for each in found.parity if each.name == name]
    assert finding.state is State.UNKNOWN
    assert finding.message.startswith("Heroku refused (403 forbidden)")
    assert "heroku authorizations:create" in finding.mend
    assert {state for aspect, state in states(found).items() if aspect != name} == {State.OK}


def test_a_token_without_the_protected_scopes_sees_no_config_vars(office: Office) -> None:
    office.break_heroku("/apps/[^/]+/config-vars", 403)
    assert states(change(office))["config_vars"] is State.UNKNOWN
    assert TOKEN not in repr(change(office))


def test_slugs_that_cannot_be_read_are_unknown(office: Office) -> None:
    office.break_heroku("/apps/.*/slugs/.*")
    diff = compare(office)
    assert isinstance(diff.slug, Unread)
    assert isinstance(diff.changes[0].before, Unread)
    assert diff.changes[0].compare_url is None
    assert states(diff.changes[0])["stack"] is State.OK


def test_without_releases_nothing_is_compared(office: Office) -> None:
    office.break_heroku("/apps/.*/releases")
    with pytest.raises(HerokuUnreadable, match="Nothing was compared"):
        compare(office)


@pytest.mark.parametrize(
    ("source", "target", "version", "words"),
    [
        (STAGING, STAGING, None, "onto itself"),
        (STAGING, "no-such-app", None, "knows no app no-such-app"),
        ("no-such-app", PROD, None, "knows no app no-such-app"),
        (STAGING, PROD, 99, "shows no release v99"),
        (STAGING, PROD, 1, "v1 has no slug"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    office: Office, source: str, target: str, version: int | None, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        office.diffs.compare(Comparison(source=source, targets=(target,), version=version))


def test_only_apps_of_the_patterns_are_compared(open_office: Callable[..., Office]) -> None:
    office = open_office(allowed_apps=("acme-*",))
    for name in (STAGING, "other"):
        office.make_app(name)
    with pytest.raises(Invalid, match="AUTOPROMOTE_APPS"):
        compare(office, "other")
