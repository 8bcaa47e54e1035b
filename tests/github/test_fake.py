"""The client at the fake GitHub: a story of a repository, told and read as at the real one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from listener.github import App, GitHub, RateLimited, Refused, Token
from tests.emulator.hub import NAME, Hub, standing_hub
from tests.github.keys import KEY, pem

PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A GitHub on a real socket."""
    with standing_hub() as made:
        yield made


@pytest.fixture
def github(hub: Hub) -> Iterator[GitHub]:
    """A client of it, with a classic token."""
    with closing(GitHub(Token(hub.token), url=hub.world.github_url)) as made:
        yield made


def calls(hub: Hub) -> int:
    """How many requests came so far."""
    return len(hub.control("requests", method="GET"))


def test_compares_as_far_as_asked(hub: Hub, github: GitHub) -> None:
    [base] = hub.push("Begin")
    shas = hub.push(*(f"Change {n}" for n in range(250)))

    found = github.compare(NAME, base, shas[-1])
    assert (found.status, found.ahead_by, found.is_complete) == ("ahead", 250, True)
    assert [commit.sha for commit in found.commits] == shas
    assert found.commits[0].parents == (base,)
    assert found.commits[249].message == "Change 249"

    some = github.compare(NAME, base, shas[-1], most=100)
    assert ([commit.sha for commit in some.commits], some.is_complete) == (shas[:100], False)

    back = github.compare(NAME, shas[-1], base)
    assert (back.status, back.behind_by, back.commits) == ("behind", 250, ())
    assert github.compare(NAME, base, base).status == "identical"


def test_sees_a_force_push(hub: Hub, github: GitHub) -> None:
    base, gone = hub.push("Begin", "A secret")
    [mended] = hub.push("No secret", parents_of_first=[base])
    found = github.compare(NAME, gone, mended)
    assert (found.status, found.ahead_by, found.behind_by) == ("diverged", 1, 1)


def test_what_is_not_there_is_refused_with_what_it_may_mean(hub: Hub, github: GitHub) -> None:
    [base] = hub.push("Begin")
    for repo, sha in ((NAME, "0" * 40), ("acme/nothing", base)):
        with pytest.raises(Refused, match="or the credentials have no right") as caught:
            github.compare(repo, base, sha)
        assert caught.value.status == 404


def test_pull_requests_are_found_by_the_commits_that_merged_them(hub: Hub, github: GitHub) -> None:
    [sha] = hub.push("Merge pull request #1 from ben/topic")
    hub.control(f"repos/{NAME}/pulls", title="Sell more", author="ben", merge_commit=sha)
    hub.control(f"repos/{NAME}/pulls", title="Still open")
    [pull] = github.recent_pulls(NAME)
    assert (pull.number, pull.title, pull.author) == (1, "Sell more", "ben")
    assert pull.merge_commit_sha == sha
    assert pull.merged_at is not None


def test_checks_and_statuses_of_a_commit(hub: Hub, github: GitHub) -> None:
    [sha] = hub.push("Begin")
    assert (github.check_runs(NAME, sha), github.statuses(NAME, sha)) == ((), ())
    for conclusion in ("failure", "success"):
        hub.control(f"repos/{NAME}/checks", sha=sha, name="test", conclusion=conclusion)
    hub.control(f"repos/{NAME}/checks", sha=sha, name="lint")
    for state in ("pending", "error"):
        hub.control(f"repos/{NAME}/statuses", sha=sha, context="ci/build", state=state)

    runs = {run.name: (run.status, run.conclusion) for run in github.check_runs(NAME, sha)}
    assert runs == {"test": ("completed", "success"), "lint": ("in_progress", None)}
    assert [(each.context, each.state) for each in github.statuses(NAME, sha)] == [
        ("ci/build", "error")
    ]


def test_asking_again_costs_nothing_while_nothing_changes(hub: Hub, github: GitHub) -> None:
    [sha] = hub.push("Begin")
    github.check_runs(NAME, sha)
    hub.control("rate-limits", login="robot", remaining=1)
    assert [github.check_runs(NAME, sha) for _ in range(3)] == [(), (), ()]
    hub.control(f"repos/{NAME}/checks", sha=sha, name="test", conclusion="success")
    assert [run.name for run in github.check_runs(NAME, sha)] == ["test"]

    before = calls(hub)
    with pytest.raises(RateLimited) as caught:
        github.check_runs(NAME, sha)
    assert 0 < caught.value.again_in <= 3600
    assert calls(hub) == before


def test_a_deployment_is_told_and_found_by_its_nonce(hub: Hub, github: GitHub) -> None:
    [sha] = hub.push("Begin")
    told = {"environment": "production", "payload": {"nonce": "n-1"}, "description": "v42"}
    made = github.create_deployment(NAME, ref=sha, **told)  # type: ignore[arg-type]
    for state in ("queued", "in_progress", "success"):
        github.create_deployment_status(
            NAME, made.id, state=state, log_url="https://a.test/1", description=state
        )

    [found] = github.deployments(NAME, environment="production", sha=sha)
    assert (found.id, found.payload, found.creator) == (made.id, {"nonce": "n-1"}, "robot")
    assert github.deployments(NAME, environment="staging", sha=sha) == ()
    states = [each.state for each in github.deployment_statuses(NAME, made.id)]
    assert states == ["success", "in_progress", "queued"]


def test_a_commit_is_told_what_becomes_of_it(hub: Hub, github: GitHub) -> None:
    [sha] = hub.push("Begin")
    for state in ("pending", "success"):
        github.create_commit_status(NAME, sha, state=state, context="autopromote/ship/prod")
    assert [(each.context, each.state) for each in github.statuses(NAME, sha)] == [
        ("autopromote/ship/prod", "success")
    ]


def test_a_fine_grained_token_reads_no_check_runs(hub: Hub) -> None:
    [sha] = hub.push("Begin")
    may = {"contents": "read", "statuses": "read"}
    hub.control("tokens", token="github_pat_1", login="robot", permissions=may)
    with closing(GitHub(Token("github_pat_1"), url=hub.world.github_url)) as github:
        assert github.compare(NAME, sha, sha).status == "identical"
        assert github.statuses(NAME, sha) == ()
        with pytest.raises(Refused) as caught:
            github.check_runs(NAME, sha)
        assert caught.value.status == 403
        assert github.viewer().lacks == ("checks: read",)


def test_an_app_asks_where_it_is_installed(hub: Hub) -> None:
    [sha] = hub.push("Begin")
    hub.control("app", method="PUT", id=4711, public_key=PUBLIC, repositories=[NAME])
    with closing(GitHub(App("4711", pem()), url=hub.world.github_url)) as github:
        assert (github.viewer().login, github.viewer().lacks) == ("autopromote[bot]", ())
        assert github.repository(NAME).full_name == NAME
        github.create_commit_status(NAME, sha, state="success", context="autopromote/x")
        assert github.statuses(NAME, sha)[0].context == "autopromote/x"
        with pytest.raises(Refused, match="App is not installed for acme/other"):
            github.repository("acme/other")
