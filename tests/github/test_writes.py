"""What is told to GitHub: once, exactly as said, and in doubt where the answer is."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from listener.github import Doubtful, GitHub, NotSent, Refused
from tests.github import samples
from tests.outbound.peer import Peer, Script, answer, cutting, giving

Start = Callable[[Script], Peer]
Client = Callable[..., GitHub]
HEAD = samples.sha(4)


def deploy(github: GitHub, **changes: object) -> object:
    """Tell of a deployment."""
    told = {"ref": HEAD, "environment": "production", "payload": {"nonce": "n1"}}
    return github.create_deployment("acme/shop", **told | {"description": "v42"} | changes)  # type: ignore[arg-type]


def test_tells_of_a_deployment_that_merges_and_waits_for_nothing(
    peer: Start, client: Client
) -> None:
    at = peer(giving(answer(201, samples.deployment(99))))

    found = client(at.url).create_deployment(
        "acme/shop",
        ref=HEAD,
        environment="production",
        payload={"nonce": "n1"},
        description="d" * 200,
    )

    assert (found.id, found.payload) == (99, {"nonce": "n1"})
    [request] = at.requests
    assert (request.method, request.path) == ("POST", "/repos/acme/shop/deployments")
    assert request.json == {
        "ref": HEAD,
        "environment": "production",
        "payload": {"nonce": "n1"},
        "description": "d" * 139 + "…",
        "auto_merge": False,
        "required_contexts": [],
    }


def test_says_how_a_deployment_stands(peer: Start, client: Client) -> None:
    at = peer(giving(answer(201, samples.deployment_status())))

    found = client(at.url).create_deployment_status(
        "acme/shop", 42, state="success", log_url="https://a.test/1", description="Promoted."
    )

    assert (found.id, found.state) == (7, "success")
    [request] = at.requests
    assert request.path == "/repos/acme/shop/deployments/42/statuses"
    assert request.json == {
        "state": "success",
        "description": "Promoted.",
        "auto_inactive": False,
        "log_url": "https://a.test/1",
    }


def test_says_something_of_a_commit(peer: Start, client: Client) -> None:
    at = peer(giving(answer(201, samples.status("autopromote/shop/prod", state="pending"))))

    found = client(at.url).create_commit_status(
        "acme/shop",
        HEAD,
        state="pending",
        context="autopromote/shop/prod",
        description="x" * 141,
        target_url="https://a.test/1",
    )

    assert (found.context, found.state) == ("autopromote/shop/prod", "pending")
    [request] = at.requests
    assert request.path == f"/repos/acme/shop/statuses/{HEAD}"
    assert request.json == {
        "state": "pending",
        "context": "autopromote/shop/prod",
        "description": "x" * 139 + "…",
        "target_url": "https://a.test/1",
    }


@pytest.mark.parametrize(
    "script",
    [
        giving(answer(202, {"message": "Auto-merged main into topic on deployment."})),
        giving(answer(201, b"")),
        cutting(answer(201, samples.deployment())[:-9]),
        cutting(b""),
        giving(answer(502, b"<html>")),
    ],
)
def test_a_write_without_a_clear_answer_is_in_doubt_and_not_sent_again(
    peer: Start, client: Client, script: Script
) -> None:
    at = peer(script)
    with pytest.raises(Doubtful):
        deploy(client(at.url))
    assert len(at.requests) == 1


def test_a_refused_write_did_nothing(peer: Start, client: Client) -> None:
    at = peer(giving(answer(409, {"message": "Conflict merging main into topic."})))
    with pytest.raises(Refused, match="Conflict merging"):
        deploy(client(at.url))


def test_past_send_by_nothing_leaves(peer: Start, client: Client) -> None:
    at = peer(giving(answer(201, samples.deployment())))
    with pytest.raises(NotSent, match="too late to ask GitHub"):
        deploy(client(at.url), send_by=time.monotonic())
    assert at.connections == 0
