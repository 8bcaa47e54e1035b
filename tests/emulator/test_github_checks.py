"""What is said of commits at the fake GitHub: check runs, statuses, and webhooks about them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest

from emulator.world import World
from tests.emulator.callers import Receiver
from tests.emulator.hub import NAME, Hub, standing_hub


@pytest.fixture
def receiver() -> Receiver:
    """Where deliveries arrive."""
    return Receiver()


@pytest.fixture
def hub(receiver: Receiver) -> Iterator[Hub]:
    """A GitHub with one repository, and a token of the robot's."""
    with standing_hub(World(transport=receiver)) as made:
        yield made


@pytest.fixture
def sha(hub: Hub) -> str:
    """Its only commit."""
    return hub.push("One")[0]


def report(hub: Hub, sha: str, name: str, **values: Any) -> Any:
    """CI reports on a check."""
    return hub.control(f"repos/{NAME}/checks", sha=sha, name=name, **values)


def runs(hub: Hub, sha: str, query: str = "") -> list[tuple[str, str, str | None]]:
    """The check runs of a commit."""
    told = hub.get(f"/repos/{NAME}/commits/{sha}/check-runs{query}")
    return [(each["name"], each["status"], each["conclusion"]) for each in told["check_runs"]]


def test_a_check_goes_from_queued_to_its_conclusion(hub: Hub, sha: str) -> None:
    assert runs(hub, sha) == []
    queued = report(hub, sha, "test", status="queued")
    assert runs(hub, sha) == [("test", "queued", None)]
    report(hub, sha, "test")
    assert runs(hub, sha) == [("test", "in_progress", None)]
    done = report(
        hub, sha, "test", conclusion="failure", title="2 failed", details_url="https://ci"
    )

    assert runs(hub, sha) == [("test", "completed", "failure")]
    assert queued["id"] == done["id"]
    assert (done["completed_at"] is None, done["details_url"]) == (False, "https://ci")


def test_the_latest_run_of_a_name_counts_in_each_suite(hub: Hub, sha: str) -> None:
    report(hub, sha, "test", conclusion="failure")
    report(hub, sha, "test", conclusion="success")
    report(hub, sha, "test", suite="of the pull request", conclusion="cancelled")

    assert runs(hub, sha) == [
        ("test", "completed", "cancelled"),
        ("test", "completed", "success"),
    ]
    assert len(runs(hub, sha, "?filter=all")) == 3


def suites(hub: Hub, sha: str) -> list[tuple[str, str, str | None, int]]:
    """The check suites of a commit."""
    told = hub.get(f"/repos/{NAME}/commits/{sha}/check-suites")
    keys = ("status", "conclusion", "latest_check_runs_count")
    return [(each["app"]["slug"], *(each[key] for key in keys)) for each in told["check_suites"]]


def test_a_suite_is_as_far_as_its_runs_are(hub: Hub, sha: str) -> None:
    assert suites(hub, sha) == []
    report(hub, sha, "test", status="queued")
    assert suites(hub, sha) == [("github-actions", "queued", None, 1)]
    report(hub, sha, "test", conclusion="success")
    report(hub, sha, "lint")
    assert suites(hub, sha) == [("github-actions", "in_progress", None, 2)]
    report(hub, sha, "lint", conclusion="failure")
    assert suites(hub, sha) == [("github-actions", "completed", "failure", 2)]
    [told] = hub.get(f"/repos/{NAME}/commits/{sha}/check-suites")["check_suites"]
    [run, _] = hub.get(f"/repos/{NAME}/commits/{sha}/check-runs")["check_runs"]
    assert told["id"] == run["check_suite"]["id"]


def test_a_suite_may_have_no_run_or_get_more_of_them(hub: Hub, sha: str) -> None:
    path = f"repos/{NAME}/suites"
    hub.control(path, sha=sha, suite="bot", app="bot", age=60)
    report(hub, sha, "lint", conclusion="success")
    hub.control(path, sha=sha, suite="github-actions", status="in_progress")
    assert suites(hub, sha) == [
        ("bot", "queued", None, 0),
        ("github-actions", "in_progress", None, 1),
    ]
    hub.control(path, sha=sha, suite="github-actions", conclusion="success")
    hub.control(path, sha=sha, suite="bot", conclusion="startup_failure")

    assert [each[1:3] for each in suites(hub, sha)] == [
        ("completed", "startup_failure"),
        ("completed", "success"),
    ]


def test_check_runs_come_in_pages_and_by_name(hub: Hub, sha: str) -> None:
    for number in range(5):
        report(hub, sha, f"test {number}", conclusion="success")

    path = f"/repos/{NAME}/commits/{sha}/check-runs"
    pages = [hub.ask("GET", f"{path}?per_page=2&page={number}") for number in (1, 2, 3)]
    names = [each["name"] for page in pages for each in page.json()["check_runs"]]

    assert sorted(names) == [f"test {number}" for number in range(5)]
    assert {page.json()["total_count"] for page in pages} == {5}
    assert [sorted(map(str, page.links)) for page in pages] == [
        ["last", "next"],
        ["first", "last", "next", "prev"],
        ["first", "prev"],
    ]
    assert runs(hub, sha, "?check_name=test 3") == [("test 3", "completed", "success")]


@pytest.mark.parametrize(
    "values",
    [
        {"conclusion": "fine"},
        {"status": "running"},
        {"status": "completed"},
        {"status": "queued", "conclusion": "success"},
    ],
)
def test_ci_says_only_what_github_knows(hub: Hub, sha: str, values: dict[str, str]) -> None:
    path = f"{hub.url}/_emulator/github/repos/{NAME}/checks"

    assert hub.ask("POST", path, {"sha": sha, "name": "test", **values}).status_code == 422


def test_the_latest_status_of_a_context_counts(hub: Hub, sha: str) -> None:
    for context, state in (("ci", "pending"), ("ci", "success"), ("lint", "success")):
        hub.post(f"/repos/{NAME}/statuses/{sha}", {"context": context, "state": state})

    def combined() -> tuple[str, int, dict[str, str]]:
        told = hub.get(f"/repos/{NAME}/commits/{sha}/status")
        states = {each["context"]: each["state"] for each in told["statuses"]}
        return told["state"], told["total_count"], states

    assert combined() == ("success", 2, {"ci": "success", "lint": "success"})
    hub.control(f"repos/{NAME}/statuses", sha=sha, context="deploy", state="pending")
    assert combined()[0] == "pending"
    hub.control(f"repos/{NAME}/statuses", sha=sha, context="lint", state="error")
    assert combined()[0] == "failure"


def test_a_commit_without_statuses_is_pending(hub: Hub, sha: str) -> None:
    told = hub.get(f"/repos/{NAME}/commits/{sha}/status")

    assert (told["state"], told["total_count"], told["statuses"]) == ("pending", 0, [])


def test_a_status_is_told_as_it_was_made(hub: Hub, sha: str) -> None:
    body = {"context": "autopromote/ship", "state": "success", "target_url": "https://x/1"}

    made = hub.post(f"/repos/{NAME}/statuses/{sha}", body | {"description": "Promoted."})
    every = hub.control(f"repos/{NAME}/statuses", method="GET")

    assert {name: made[name] for name in body} == body
    assert (made["creator"]["login"], made["description"]) == ("robot", "Promoted.")
    assert [(each["sha"], each["context"]) for each in every] == [(sha, "autopromote/ship")]


@pytest.mark.parametrize(
    "values",
    [{"state": "green"}, {"state": "success", "description": "x" * 141}, {}, {"state": 7}],
)
def test_a_wrong_status_is_refused(hub: Hub, sha: str, values: dict[str, Any]) -> None:
    assert hub.ask("POST", f"/repos/{NAME}/statuses/{sha}", values).status_code == 422


def test_an_unknown_commit_has_no_checks(hub: Hub, sha: str) -> None:
    unknown = "0123456789"
    words = (422, f"No commit found for SHA: {unknown}")

    assert hub.refused("GET", f"/repos/{NAME}/commits/{unknown}/check-runs") == words
    assert hub.refused("POST", f"/repos/{NAME}/statuses/{unknown}", {"state": "error"}) == words
    assert hub.refused("GET", f"/repos/{NAME}/commits/{unknown}/status") == (404, "Not Found")


def test_a_fine_grained_token_reads_no_checks(hub: Hub, sha: str) -> None:
    wanted = {"contents": "write", "statuses": "write", "pull_requests": "write"}
    hub.control("tokens", token="fine", login="robot", permissions=wanted)

    path = f"/repos/{NAME}/commits/{sha}/check-runs"
    assert hub.ask("GET", path, Authorization="Bearer fine").status_code == 403
    made = hub.ask(
        "POST",
        f"{hub.url}/_emulator/github/tokens",
        {"login": "robot", "permissions": {"checks": "read"}},
    )
    assert made.status_code == 422


def hook(hub: Hub, **values: Any) -> None:
    """The repository's webhook."""
    body = {"url": "http://listener.test/hook", "secret": "s3", **values}
    hub.control(f"repos/{NAME}/webhook", method="PUT", **body)


def test_a_webhook_tells_of_checks_and_statuses_signed(
    hub: Hub, sha: str, receiver: Receiver
) -> None:
    hook(hub)
    ping = receiver.next()
    report(hub, sha, "test", status="queued")
    report(hub, sha, "test", conclusion="success")
    hub.post(f"/repos/{NAME}/statuses/{sha}", {"context": "ci", "state": "success"})
    told = [receiver.next() for _ in range(4)]

    assert ping.headers["X-GitHub-Event"] == "ping"
    assert [(each.headers["X-GitHub-Event"], each.body.get("action")) for each in told] == [
        ("check_run", "created"),
        ("check_run", "completed"),
        ("check_suite", "completed"),
        ("status", None),
    ]
    assert told[1].body["check_run"]["head_sha"] == sha
    assert told[2].body["check_suite"]["head_sha"] == sha
    assert (told[3].body["sha"], told[3].body["state"]) == (sha, "success")
    for each in told:
        assert each.url == "http://listener.test/hook"
        assert each.body["repository"]["full_name"] == NAME
        digest = hmac.new(b"s3", each.content, hashlib.sha256).hexdigest()
        assert each.headers["X-Hub-Signature-256"] == f"sha256={digest}"
    assert len({each.headers["X-GitHub-Delivery"] for each in told}) == 4


def test_a_suite_is_complete_with_its_last_run(hub: Hub, sha: str, receiver: Receiver) -> None:
    hook(hub, events=["check_suite"])
    receiver.next()
    report(hub, sha, "lint")
    report(hub, sha, "test", conclusion="success")
    report(hub, sha, "lint", conclusion="failure")

    (suite,) = _told(hub, receiver)

    assert suite.body["check_suite"]["conclusion"] == "failure"


def test_a_lost_delivery_is_not_sent_again(hub: Hub, sha: str, receiver: Receiver) -> None:
    hook(hub, events=["status"])
    receiver.next()
    receiver.answers.append(503)

    hub.post(f"/repos/{NAME}/statuses/{sha}", {"state": "error"})

    (lost,) = _told(hub, receiver)
    deliveries = hub.control(f"repos/{NAME}/deliveries", method="GET")
    assert [(each["event"], each["status"], each["code"]) for each in deliveries] == [
        ("ping", "succeeded", 204),
        ("status", "failed", 503),
    ]
    assert deliveries[1]["id"] == lost.headers["X-GitHub-Delivery"]


def test_a_webhook_that_is_set_again_replaces_the_first(
    hub: Hub, sha: str, receiver: Receiver
) -> None:
    for _ in range(2):
        hook(hub)
        receiver.next()

    hub.post(f"/repos/{NAME}/statuses/{sha}", {"state": "error"})

    assert len(_told(hub, receiver)) == 1


def test_a_webhook_may_be_served_badly_or_removed(hub: Hub, sha: str, receiver: Receiver) -> None:
    hook(hub, events=["status"])
    receiver.next()
    (listed,) = hub.heroku("webhooks", method="GET")
    assert (listed["app"], listed["repository"]) == (None, NAME)
    hub.heroku(f"webhooks/{listed['id']}", {"repeats": 1, "duplicates": 1}, "PATCH")

    hub.post(f"/repos/{NAME}/statuses/{sha}", {"state": "error"})
    told = _told(hub, receiver)
    hub.control(f"repos/{NAME}/webhook", method="PUT", url=None)
    hub.post(f"/repos/{NAME}/statuses/{sha}", {"state": "success"})

    assert len(told) == 4
    assert len({each.headers["X-GitHub-Delivery"] for each in told}) == 2
    assert len({json.dumps(each.body) for each in told}) == 1
    assert _told(hub, receiver) == []


def _told(hub: Hub, receiver: Receiver) -> list[Any]:
    """All that was delivered and not looked at."""
    assert hub.heroku("flush", {})["idle"]
    told = []
    while not receiver.is_empty():
        told.append(receiver.next())
    return told


def test_ci_checks_each_new_commit(hub: Hub, receiver: Receiver) -> None:
    hub.control(f"repos/{NAME}/ci", method="PUT", name="test")
    _, pushed = hub.push("One", "Two")
    assert runs(hub, pushed) == [("test", "in_progress", None)]
    report(hub, pushed, "test", conclusion="success")
    assert runs(hub, pushed) == [("test", "completed", "success")]

    hook(hub)
    receiver.next()
    hub.control(f"repos/{NAME}/ci", method="PUT", name="lint", seconds=0, conclusion="failure")
    (quick,) = hub.push("Three")
    told = [receiver.next() for _ in range(3)]

    assert told[1].body["check_run"]["conclusion"] == "failure"
    assert runs(hub, quick) == [("lint", "completed", "failure")]
    hub.control(f"repos/{NAME}/ci", method="PUT", name=None)
    (after,) = hub.push("Four")
    assert runs(hub, after) == []


def test_a_deploy_of_an_app_with_a_repository_is_a_new_commit(hub: Hub) -> None:
    hub.heroku("apps", {"name": "staging", "owner": "ana@example.com"})
    hub.heroku("apps/staging/repo", {"full_name": NAME}, "PUT")
    hub.control(f"repos/{NAME}/ci", method="PUT", name="test")
    (before,) = hub.push("One")

    hub.heroku("apps/staging/deploys", {"message": "Two", "user": "ben@example.com"})

    commit = hub.get(f"/repos/{NAME}/commits/main")
    slugs = {slug.commit for slug in hub.world.slugs.values()}
    assert (commit["commit"]["message"], commit["author"]["login"]) == ("Two", "ben")
    assert [parent["sha"] for parent in commit["parents"]] == [before]
    assert commit["sha"] in slugs
    assert runs(hub, commit["sha"]) == [("test", "in_progress", None)]
