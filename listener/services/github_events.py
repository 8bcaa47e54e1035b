"""What GitHub's webhooks do: checks that somebody waits for are read at once, not when it is time.

A delivery decides nothing, so nothing of it is kept: GitHub's API is asked what it stands for.
"""

from __future__ import annotations

from listener.db import commit_checks
from listener.db.engine import Database
from listener.errors import Malformed
from listener.github import BadSignature, MalformedEvent, is_well_formed, parse, verify


class GitHubInbox:
    """Takes deliveries in, where their secret is set."""

    def __init__(self, database: Database, secret: str | None) -> None:
        self._database = database
        self._secret = secret

    @property
    def is_open(self) -> bool:
        """Whether GitHub may deliver anything."""
        return self._secret is not None

    def check(self, signature: str) -> None:
        """Raise BadSignature for what no secret makes, before the body is read."""
        if not is_well_formed(signature):
            message = "No secret makes such a signature."
            raise BadSignature(message)

    def receive(self, body: bytes, signature: str, *, kind: str) -> None:
        """Have the checks read that a delivery is about. Raises BadSignature, Malformed."""
        verified = verify(body, signature, self._secret or "")
        try:
            event = parse(kind, verified)
        except MalformedEvent as error:
            message = f"The event cannot be understood: {error.reason}."
            raise Malformed(message) from error
        if event is None or event.repo is None or event.sha is None:
            return
        with self._database.begin() as conn:
            commit_checks.hasten(conn, event.repo, event.sha)
