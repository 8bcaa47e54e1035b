"""Deployments at the fake GitHub, and what goes wrong on purpose on the way to them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.emulator.hub import NAME, Hub, standing_hub

DEPLOYMENTS = f"/repos/{NAME}/deployments"
OURS = {"auto_merge": False, "required_contexts": []}


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A GitHub with one repository of two commits, and a token of the robot's."""
    with standing_hub() as made:
        made.push("One", "Two")
        yield made


@pytest.fixture
def shas(hub: Hub) -> list[str]:
    """Its commits."""
    return [each.sha for each in hub.world.repositories[NAME].commits.values()]


def deploy(hub: Hub, ref: str, **values: Any) -> Any:
    """A deployment that asks for nothing."""
    return hub.post(DEPLOYMENTS, {"ref": ref, **OURS, **values})


def say(hub: Hub, deployment: Any, state: str, **values: Any) -> Any:
    """One more status of a deployment."""
    return hub.post(f"{DEPLOYMENTS}/{deployment['id']}/statuses", {"state": state, **values})


def states(hub: Hub, deployment: Any) -> list[str]:
    """The states of a deployment, newest first."""
    told = hub.get(f"{DEPLOYMENTS}/{deployment['id']}/statuses")
    return [each["state"] for each in told]


def test_a_deployment_is_told_as_it_was_made(hub: Hub, shas: list[str]) -> None:
    wanted = {"environment": "eu", "description": "42", "payload": {"nonce": "n1"}, "task": "ship"}

    made = deploy(hub, shas[0], **wanted)

    assert hub.get(f"{DEPLOYMENTS}/{made['id']}") == made
    assert {name: made[name] for name in wanted} == wanted
    assert (made["sha"], made["ref"], made["creator"]["login"]) == (shas[0], shas[0], "robot")
    assert (made["production_environment"], made["transient_environment"]) == (False, False)


def test_a_branch_is_deployed_as_its_last_commit(hub: Hub, shas: list[str]) -> None:
    made = deploy(hub, "main")

    assert (made["ref"], made["sha"], made["environment"]) == ("main", shas[1], "production")
    assert (made["production_environment"], made["payload"]) == (True, {})


def test_deployments_are_listed_newest_first_and_by_their_fields(hub: Hub, shas: list[str]) -> None:
    made = [deploy(hub, sha, environment=env) for sha in shas for env in ("eu", "us")]

    def ids(query: str) -> list[int]:
        return [each["id"] for each in hub.get(f"{DEPLOYMENTS}?{query}")]

    first, second, third, fourth = (each["id"] for each in made)
    assert ids("") == [fourth, third, second, first]
    assert ids(f"sha={shas[0]}&environment=us") == [second]
    assert ids("environment=eu") == [third, first]
    assert ids("per_page=3&page=2") == [first]
    assert ids("ref=other") == []


def test_statuses_tell_how_a_deployment_goes(hub: Hub, shas: list[str]) -> None:
    made = deploy(hub, shas[0], environment="eu")
    for state in ("queued", "in_progress"):
        say(hub, made, state)

    last = say(hub, made, "success", log_url="https://x/42", environment_url="https://eu.x")

    assert states(hub, made) == ["success", "in_progress", "queued"]
    assert (last["log_url"], last["target_url"]) == ("https://x/42", "https://x/42")
    assert (last["environment"], last["environment_url"]) == ("eu", "https://eu.x")
    (kept,) = hub.control(f"repos/{NAME}/deployments", method="GET")
    assert [each["state"] for each in kept["statuses"]] == ["queued", "in_progress", "success"]


def test_a_success_ends_earlier_ones_of_its_environment(hub: Hub, shas: list[str]) -> None:
    old, failed, other, new = (
        deploy(hub, shas[0], environment=name) for name in ("eu", "eu", "us", "eu")
    )
    for each, state in ((old, "success"), (failed, "failure"), (other, "success")):
        say(hub, each, state)

    say(hub, new, "success")

    assert [states(hub, each)[0] for each in (old, failed, other, new)] == [
        "inactive",
        "failure",
        "success",
        "success",
    ]


def test_a_success_leaves_alone_what_it_shall_not_end(hub: Hub, shas: list[str]) -> None:
    old = deploy(hub, shas[0], environment="eu")
    production = deploy(hub, shas[0])
    transient = deploy(hub, shas[0], environment="pr-1", transient_environment=True)
    for each in (old, production, transient):
        say(hub, each, "success", auto_inactive=False)

    for environment in ("production", "pr-1"):
        say(hub, deploy(hub, shas[1], environment=environment), "success")
    say(hub, deploy(hub, shas[1], environment="eu"), "success", auto_inactive=False)

    assert {states(hub, each)[0] for each in (old, production, transient)} == {"success"}


def test_required_contexts_must_be_a_success(hub: Hub, shas: list[str]) -> None:
    hub.control(f"repos/{NAME}/checks", sha=shas[1], name="test", conclusion="success")
    hub.control(f"repos/{NAME}/statuses", sha=shas[1], context="ci", state="pending")

    def conflict(**values: Any) -> Any:
        answer = hub.ask("POST", DEPLOYMENTS, {"ref": "main", **values})
        assert answer.status_code == 409, answer.text
        assert answer.json()["message"] == "Conflict: Commit status checks failed for main."
        (error,) = answer.json()["errors"]
        return {each["context"]: each["state"] for each in error["contexts"]}

    assert conflict() == {"test": "success", "ci": "pending"}
    assert conflict(required_contexts=["never"]) == {"never": "pending"}
    hub.post(DEPLOYMENTS, {"ref": "main", "required_contexts": ["test"]})
    hub.control(f"repos/{NAME}/statuses", sha=shas[1], context="ci", state="success")
    hub.post(DEPLOYMENTS, {"ref": "main"})


def test_a_ref_behind_the_default_branch_would_be_merged(hub: Hub, shas: list[str]) -> None:
    wanted = {"ref": shas[0], "required_contexts": []}

    assert hub.refused("POST", DEPLOYMENTS, wanted) == (
        409,
        f"Conflict merging main into {shas[0]}.",
    )
    hub.post(DEPLOYMENTS, wanted | {"auto_merge": False})


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"ref": "0123456789"}, "No ref found for: 0123456789"),
        ({"ref": None}, 'Invalid request.\n\n"ref" wasn\'t supplied.'),
        ({"description": "x" * 141}, "Validation Failed"),
        ({"auto_merge": "no"}, "Invalid request."),
        ({"payload": 7}, "Invalid request."),
        ({"required_contexts": "all"}, "Invalid request."),
    ],
)
def test_a_wrong_deployment_is_refused(hub: Hub, wrong: dict[str, Any], words: str) -> None:
    status, message = hub.refused("POST", DEPLOYMENTS, {"ref": "main", **OURS, **wrong})

    assert status == 422
    assert message.startswith(words)
    assert hub.get(DEPLOYMENTS) == []


def test_a_wrong_status_of_a_deployment_is_refused(hub: Hub) -> None:
    made = deploy(hub, "main")
    path = f"{DEPLOYMENTS}/{made['id']}/statuses"

    for body in ({"state": "done"}, {}, {"state": "success", "description": "x" * 141}):
        assert hub.ask("POST", path, body).status_code == 422
    assert hub.refused("POST", f"{DEPLOYMENTS}/1/statuses", {"state": "success"})[0] == 404
    assert hub.refused("GET", f"{DEPLOYMENTS}/1")[0] == 404
    assert states(hub, made) == []


def test_a_body_that_is_no_object_is_refused(hub: Hub) -> None:
    assert hub.refused("POST", DEPLOYMENTS, [1]) == (400, "Problems parsing JSON")


def fault(hub: Hub, **values: Any) -> None:
    """Put a fault that requests to GitHub meet."""
    hub.heroku("faults", {"host": "github", **values})


@pytest.mark.parametrize("applied", [False, True])
def test_an_answer_is_lost_after_or_before_the_deployment(hub: Hub, applied: bool) -> None:
    fault(hub, kind="reset", method="POST", path="/repos/.*/deployments", applied=applied, times=1)

    with pytest.raises(httpx.ReadError):
        deploy(hub, "main")

    assert len(hub.get(DEPLOYMENTS)) == applied
    entry = hub.control("requests", method="GET")[0]
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", DEPLOYMENTS, None)
    assert (entry["fault"], entry["was_applied"]) == ("reset", applied)


def test_a_fault_of_github_spares_heroku_and_the_other_way_round(hub: Hub) -> None:
    fault(hub, kind="status", status=502)
    assert hub.refused("GET", DEPLOYMENTS) == (502, "Server Error")
    assert hub.ask("GET", f"{hub.url}/account").status_code == 406

    hub.heroku("faults", method="DELETE")
    hub.heroku("faults", {"kind": "status", "status": 500})
    assert hub.ask("GET", DEPLOYMENTS).status_code == 200
    assert hub.ask("GET", f"{hub.url}/account").status_code == 500


def test_github_may_be_slow(hub: Hub) -> None:
    fault(hub, kind="latency", seconds=0.3, times=1)
    begun = time.monotonic()

    hub.get(DEPLOYMENTS)

    assert time.monotonic() - begun >= 0.3


def test_a_secondary_limit_says_when_to_come_back(hub: Hub) -> None:
    fault(hub, kind="status", status=403, headers={"Retry-After": "60"}, times=1)

    answer = hub.ask("GET", DEPLOYMENTS)
    (entry,) = hub.control("requests", method="GET")

    assert (answer.status_code, answer.headers["Retry-After"]) == (403, "60")
    assert answer.headers["X-GitHub-Request-Id"] == entry["request_id"]
    assert "Request-Id" not in answer.headers
    assert answer.json()["message"].startswith("You have exceeded a secondary rate limit.")
    assert "X-RateLimit-Remaining" not in answer.headers
    assert hub.ask("GET", DEPLOYMENTS).status_code == 200


def test_a_fault_of_nobody_is_refused(hub: Hub) -> None:
    answer = hub.ask("POST", f"{hub.url}/_emulator/faults", {"kind": "reset", "host": "hub"})

    assert answer.status_code == 422
