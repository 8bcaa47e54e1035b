"""Who talks to the emulator in these tests: clients, and the receiver of deliveries."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Queue
from typing import Any

import httpx
from flask import Flask

from emulator import accounts
from emulator.clock import ManualClock
from emulator.world import World

NOON = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
ANA, ROBOT, EVE = "ana@example.com", "robot@example.com", "eve@example.com"
TOKENS = {ANA: "HRKU-ana", ROBOT: "HRKU-robot", EVE: "HRKU-eve"}
VERSION_3 = "application/vnd.heroku+json; version=3"
UNKNOWN = "01234567-89ab-cdef-0123-456789abcdef"


class Caller:
    """Asks the Platform API as one account, and the control API as nobody."""

    def __init__(self, app: Flask, email: str = ANA) -> None:
        self.app = app
        self._headers = {"Accept": VERSION_3, "Authorization": f"Bearer {TOKENS[email]}"}
        self._http = httpx.Client(
            transport=httpx.WSGITransport(app=app), base_url="http://heroku.test"
        )

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One request; headers with underscores for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._http.request(method, path, json=body, headers=self._headers | named)

    def get(self, path: str, **headers: str) -> Any:
        """What a GET that must succeed answers."""
        answer = self.ask("GET", path, **headers)
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        """What a POST that must succeed answers."""
        answer = self.ask("POST", path, body)
        assert answer.is_success, answer.text
        return answer.json()

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """What a call of the control API, which must succeed, answers."""
        answer = self._http.request(method, f"/_emulator/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def refused(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        """The status and the id of a refusal."""
        answer = self.ask(method, path, body, **headers)
        assert "id" in answer.json()
        assert answer.json().keys() & {"message", "error"}
        return answer.status_code, answer.json()["id"]

    def deploy(self, app: str = "staging", **values: Any) -> Any:
        """Somebody deploys new code."""
        return self.control(f"apps/{app}/deploys", values)

    def versions(self, app: str = "staging") -> list[int]:
        """The versions of an app's releases."""
        return [release["version"] for release in self.get(f"/apps/{app}/releases")]

    def current(self, app: str = "staging") -> Any:
        """The release that an app runs."""
        releases = self.get(f"/apps/{app}/releases")
        return next(release for release in releases if release["current"])

    def close(self) -> None:
        """Ask nothing more."""
        self._http.close()


@dataclass(frozen=True)
class Received:
    """One delivery as it arrived."""

    url: str
    headers: httpx.Headers
    content: bytes

    @property
    def body(self) -> Any:
        """The JSON in it."""
        return json.loads(self.content)

    @property
    def metadata(self) -> Any:
        """Its ids."""
        return self.body["webhook_metadata"]


class Receiver(httpx.BaseTransport):
    """Takes every delivery, and answers 204 unless `answers` has something else for it."""

    def __init__(self) -> None:
        self.answers: deque[int | httpx.TransportError] = deque()
        self._received: Queue[Received] = Queue()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One attempt of a delivery."""
        answer = self.answers.popleft() if self.answers else 204
        self._received.put(Received(str(request.url), request.headers, request.read()))
        if isinstance(answer, httpx.TransportError):
            raise answer
        return httpx.Response(answer)

    def next(self) -> Received:
        """The next delivery, awaited."""
        return self._received.get(timeout=60)

    def is_empty(self) -> bool:
        """True when nothing arrived that was not looked at."""
        return self._received.empty()


def make_world(receiver: Receiver) -> World:
    """A world whose time stands still at noon, with accounts and nothing else."""
    made = World(clock=ManualClock(NOON), transport=receiver)
    for email, token in TOKENS.items():
        accounts.authorize(made, accounts.ensure_account(made, email), token=token)
    return made


def with_apps(ana: Caller) -> Caller:
    """Ana, once she owns staging and production, which the robot may use and Eve may not."""
    for name in ("staging", "production"):
        ana.control("apps", {"name": name, "owner": ANA, "collaborators": [ROBOT]})
    return ana
