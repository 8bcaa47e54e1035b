"""The tokens of a GitHub App: one for each place where it is installed, renewed before its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from listener.github.app_token import app_token, read_key
from listener.github.credentials import App
from listener.github.errors import GITHUB, BadAnswer, Doubtful, NotSent, Refused
from listener.github.limits import Limit, server_time
from listener.github.names import checked_repo
from listener.github.session import Bearer, Wire
from listener.outbound.address import checked_token
from listener.outbound.fields import Fields, Unreadable
from listener.outbound.server import HttpAnswer

RENEWED_BEFORE, USED_BEFORE = 300.0, 30.0  # seconds before the end of an installation's token
MOST_REPOS = 1000
NOT_FOUND = 404
LONGEST_TOKEN = 4096


@dataclass(frozen=True, slots=True)
class _Grant:
    """A token of an installation, until when by this process's steady clock."""

    bearer: Bearer
    ends_at: float


@dataclass(slots=True)
class _Installation:
    """A place where the App is installed; one thread renews, others use what there is, or wait."""

    limit: Limit = field(default_factory=Limit)
    grant: _Grant | None = None
    renewing: Lock = field(default_factory=Lock)

    def bearer(self, renew: Callable[[Limit], _Grant], *, seconds: float) -> Bearer:
        """Return a token that is good for a while; wait no longer than `seconds` for another."""
        if (held := self._good(RENEWED_BEFORE)) is not None:
            return held
        last = self._good(USED_BEFORE)
        if not self.renewing.acquire(timeout=0 if last is not None else seconds):
            if last is not None:
                return last
            raise NotSent("GitHub was not asked: its token for us did not come in time.")
        try:
            # Another thread may have renewed it meanwhile.
            if (held := self._good(RENEWED_BEFORE)) is not None:
                return held
            self.grant = renew(self.limit)
            return self.grant.bearer
        finally:
            self.renewing.release()

    def _good(self, spare: float) -> Bearer | None:
        grant = self.grant
        is_good = grant is not None and time.monotonic() < grant.ends_at - spare
        return grant.bearer if grant is not None and is_good else None


class Installations:
    """Has the tokens of an App; threads share it."""

    def __init__(self, app: App, wire: Wire, *, seconds: float) -> None:
        self._app_id = app.id
        self._key = read_key(app.private_key)
        self._wire = wire
        self._seconds = seconds
        self._limit = Limit()
        self._ids: dict[str, int] = {}
        self._installations: dict[int, _Installation] = {}

    def own(self) -> Bearer:
        """Return what says that we are the App; it lasts for minutes."""
        return Bearer(app_token(self._app_id, self._key, at=int(time.time())), self._limit)

    def of(self, repo: str) -> Bearer:
        """Return the token of the installation that has a repository; new ones cost a call or two.

        Raises Refused where the App is not installed; NotSent where no token came, whyever.
        """
        try:
            return self._of(repo.lower())
        except (BadAnswer, Doubtful) as error:
            # Nothing is in doubt of what the token was for.
            message = f"GitHub was not asked, for it gave no token to ask with. {error.message}"
            raise NotSent(message) from error

    def _of(self, name: str) -> Bearer:
        id = self._ids.get(name) or self._find(name)
        installation = self._installations.setdefault(id, _Installation())
        try:
            return installation.bearer(
                lambda limit: self._granted(id, limit), seconds=self._seconds
            )
        except Refused:
            self._ids = {name: its for name, its in self._ids.items() if its != id}
            raise

    def forget(self, bearer: Bearer) -> None:
        """Let the next request get another token."""
        for installation in tuple(self._installations.values()):
            if installation.grant is not None and installation.grant.bearer is bearer:
                installation.grant = None

    def _find(self, repo: str) -> int:
        try:
            answer = self._wire.get(f"/repos/{checked_repo(repo)}/installation", self.own())
        except Refused as refused:
            if refused.status != NOT_FOUND:
                raise
            message = f"The GitHub App is not installed for {repo}, or there is no such repository."
            raise Refused(message, status=NOT_FOUND) from refused
        id = GITHUB.read("installation", answer.json(), lambda fields: fields.number("id"))
        if len(self._ids) >= MOST_REPOS:
            self._ids = {}
        self._ids[repo] = id
        return id

    def _granted(self, id: int, limit: Limit) -> _Grant:
        begun = time.monotonic()
        answer = self._wire.post(f"/app/installations/{id:d}/access_tokens", self.own())
        token, lasts = _token(answer)
        return _Grant(Bearer(token, limit), begun + lasts)


def _token(answer: HttpAnswer) -> tuple[str, float]:
    """Return the token of an answer, and for how many seconds it is good."""

    def made_of(fields: Fields) -> tuple[str, float]:
        try:
            token = checked_token(fields.text("token", limit=LONGEST_TOKEN), of="GitHub")
        except ValueError:
            raise Unreadable("token is no token") from None
        return token, fields.moment("expires_at").timestamp() - server_time(answer)

    return GITHUB.read("token", answer.json(), made_of)
