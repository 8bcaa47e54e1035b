"""Somebody with a role who asks the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from listener.crypto import Keys
from listener.db.engine import Database
from tests.logins import bearer, token_of


@dataclass(frozen=True, slots=True)
class Caller:
    """Asks as one person."""

    client: FlaskClient
    database: Database
    keys: Keys
    email: str

    def ask(self, method: str, path: str, body: Any = None) -> TestResponse:
        """One request with this person's token."""
        headers = bearer(token_of(self.database, self.keys, self.email))
        return self.client.open(path, method=method, json=body, headers=headers)

    def get(self, path: str) -> Any:
        """What is answered with 200."""
        return self._said(self.ask("GET", path), 200)

    def post(self, path: str, body: Any = None, *, status: int = 201) -> Any:
        """What is answered with the status given."""
        return self._said(self.ask("POST", path, body), status)

    def patch(self, path: str, body: Any) -> Any:
        """What is answered with 200."""
        return self._said(self.ask("PATCH", path, body), 200)

    def delete(self, path: str) -> Any:
        """What is answered with 200."""
        return self._said(self.ask("DELETE", path), 200)

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str, str]:
        """Status, id and message of an error, which has nothing else."""
        answer = self.ask(method, path, body)
        said = answer.get_json()
        assert sorted(said) == ["id", "message"]
        return answer.status_code, said["id"], said["message"]

    @staticmethod
    def _said(answer: TestResponse, status: int) -> Any:
        assert answer.status_code == status, answer.text
        assert answer.headers["Request-Id"]
        return answer.get_json()
