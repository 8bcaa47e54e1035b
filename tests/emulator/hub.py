"""Who asks the fake GitHub in these tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import httpx

from emulator.wire import Server
from emulator.world import World
from tests import patient
from tests.standing import emulator_of

NAME = "acme/shop"


class Hub:
    """The robot with a token, and whoever plays people, CI and GitHub by the control API."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.url = world.url
        self.token = "ghp_robot"
        self._http = patient.Client(
            base_url=world.github_url,
            headers={"Authorization": f"Bearer {self.token}", "User-Agent": "tests"},
            trust_env=False,
        )
        self.control("tokens", token=self.token, login="robot")
        self.push()

    def close(self) -> None:
        """Ask nothing more."""
        self._http.close()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One request to GitHub; headers with underscores for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._http.request(method, path, json=body, headers=named)

    def get(self, path: str) -> Any:
        """What a GET that must succeed answers."""
        answer = self.ask("GET", path)
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None) -> Any:
        """What a POST that must succeed answers."""
        answer = self.ask("POST", path, body)
        assert answer.is_success, answer.text
        return answer.json()

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """The status and the message of a refusal."""
        answer = self.ask(method, path, body)
        return answer.status_code, answer.json()["message"]

    def heroku(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """What a call of the control API, which must succeed, answers."""
        answer = self._http.request(method, f"{self.url}/_emulator/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def control(self, path: str, *, method: str = "POST", **values: Any) -> Any:
        """What a call of the control API of GitHub, which must succeed, answers."""
        return self.heroku(f"github/{path}", values or None, method)

    def push(
        self,
        *messages: str,
        branch: str = "main",
        parents_of_first: Sequence[str] | None = None,
        **more: Any,
    ) -> list[str]:
        """Push commits to a branch; return their SHAs."""
        commits = [{"message": message} | more for message in messages]
        if parents_of_first is not None:
            commits[0]["parents"] = list(parents_of_first)
        body = {"full_name": NAME, "branch": branch, "commits": commits}
        shas: list[str] = self.heroku("repositories", body)
        return shas


@contextmanager
def standing_hub(world: World | None = None) -> Iterator[Hub]:
    """A GitHub on a real socket, with one empty repository."""
    made = world or World()
    app = emulator_of(made)
    with Server(("127.0.0.1", 0), app.wsgi_app, made.closing) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            with closing(Hub(made)) as hub:
                yield hub
        finally:
            made.close()
            server.shutdown()
