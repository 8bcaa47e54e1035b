"""The recipes of docs/events.md do what they say, with an event as it is sent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.outbound.peer import Conversation, Peer, Request, answer
from tests.worker.emulated import PROD
from tests.worker.stage import PUBLIC_URL, Stage
from tests.worker.test_tell_event import Receiver, make, receiver, secrets, to

__all__ = ["make", "receiver"]  # fixtures

DOCS = Path(__file__).parents[2] / "docs" / "events.md"
CODE = re.compile(r"```python\n(# (\w+)\.py.*?)```", re.DOTALL)


def taken(talk: Conversation) -> None:
    """Whatever is told is taken."""
    while talk.hear():
        talk.say(answer(201, {}))


@pytest.mark.parametrize("recipe", ["sentry_marker", "datadog_marker"])
def test_a_recipe(
    stage: Stage, receiver: Receiver, recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Peer(taken).listening() as peer:
        hub = to(stage, receiver)
        hub.connect()
        sha = hub.push("Fix the login")
        stage.deploy(commit=sha)
        stage.look()
        hub.read()
        hub.tell()
        [secret] = secrets(stage, receiver)
        env = {"EVENTS_SECRET": secret, "SENTRY_URL": peer.url, "DATADOG_URL": peer.url}
        env |= {"SENTRY_ORG": "acme", "SENTRY_PROJECT": "shop", "SENTRY_TOKEN": "t"}
        for name, value in (env | {"DD_API_KEY": "k"}).items():
            monkeypatch.setenv(name, value)
        code = {found[2]: found[1] for found in CODE.finditer(DOCS.read_text())}[recipe]
        scope: dict[str, Any] = {"__name__": recipe}
        exec(compile(code, recipe, "exec"), scope)  # noqa: S102 - our own words
        client = scope["app"].test_client()
        last = receiver.peer.requests[-3:]
        statuses = [
            client.post("/", data=each.body, headers=each.headers).status_code for each in last
        ]
        assert statuses == [204, 204, 204]
        CHECKS[recipe](peer.requests, sha, hub.name)


def sentry(requests: list[Request], sha: str, repository: str) -> None:
    """A release with its range of commits, and its deploy."""
    release, deploy = requests
    assert release.path == "/api/0/organizations/acme/releases/"
    assert release.json["version"] == sha
    [ref] = release.json["refs"]
    assert (ref["repository"], ref["commit"]) == (repository, sha)
    assert len(ref["previousCommit"]) == 40
    assert deploy.path == f"/api/0/organizations/acme/releases/{sha}/deploys/"
    assert deploy.json == {
        "environment": "production",
        "name": PROD,
        "url": f"{PUBLIC_URL}/promotions/2",
    }


def datadog(requests: list[Request], sha: str, repository: str) -> None:
    """One deployment, with its times in nanoseconds."""
    [deployment] = requests
    assert (deployment.path, deployment.headers["dd-api-key"]) == ("/api/v2/dora/deployment", "k")
    told = deployment.json["data"]["attributes"]
    assert (told["service"], told["env"]) == (PROD, "production")
    assert told["git"] == {"commit_sha": sha, "repository_url": f"https://github.com/{repository}"}
    assert 10**18 < told["started_at"] <= told["finished_at"] < 10**19


CHECKS = {"sentry_marker": sentry, "datadog_marker": datadog}
