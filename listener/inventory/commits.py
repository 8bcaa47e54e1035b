"""Read what ships: the repository of an app, and the commits between two of them."""

from __future__ import annotations

import re
from datetime import timedelta

from listener.core.commits import Commit, Comparison, Relation, short
from listener.db import releases, shipments
from listener.db.engine import Database
from listener.heroku import Compared, Heroku, Refused, Spender, on_behalf_of
from listener.inventory.reader import HerokuReader

SHA = re.compile(r"[0-9a-f]{7,64}", re.ASCII)
# Nothing of it decides what is promoted, so it leaves calls for all that does.
READER = Spender("what ships", keeps=1000, a_minute=60)
REPOSITORY_FOR = timedelta(hours=24)


class Untold(Exception):
    """Nobody tells it: the message says who was asked and why not."""


def sha_of(commit: str | None) -> str | None:
    """Return the commit of a slug if it is a SHA; Heroku also shows other words there."""
    found = (commit or "").strip().lower()
    return found if SHA.fullmatch(found) else None


class CommitReader:
    """Asks Heroku for repositories and commits."""

    def __init__(self, database: Database, heroku: Heroku, reader: HerokuReader) -> None:
        self._database = database
        self._heroku = heroku
        self._reader = reader

    def repository(self, app_id: str) -> str:
        """Return the repository of an app, asked for once a day. Raises Untold, HerokuError."""
        with self._database.begin() as conn:
            known, now = shipments.repository_of(conn, app_id), releases.now(conn)
        if known is None or known.ask_at <= now:
            full_name, why = self._ask_repository(app_id)
            with self._database.begin() as conn:
                shipments.set_repository(conn, app_id, full_name, why=why, for_=REPOSITORY_FOR)
        else:
            full_name, why = known.full_name, known.why
        if full_name is None:
            raise Untold(why or "")
        return full_name

    def _ask_repository(self, app_id: str) -> tuple[str | None, str | None]:
        with on_behalf_of(READER):
            try:
                return self._heroku.app_repository(app_id), None
            except Refused as refused:
                why = str(refused)
            pipeline = self._pipeline(app_id)
            if pipeline is None:
                return None, f"Heroku does not tell its repository: {why}"
            try:
                return self._heroku.pipeline_repository(pipeline), None
            except Refused as refused:
                return None, f"Heroku does not tell its repository: {refused}"

    def _pipeline(self, app_id: str) -> str | None:
        ((pipeline, _),) = self._reader.pipelines(app_id, app_id)
        return pipeline

    def compare(self, app_id: str, base: str, head: str) -> Comparison:
        """Return the commits between two of an app's repository. Raises Untold, HerokuError."""
        with on_behalf_of(READER):
            pipeline = self._pipeline(app_id)
            if pipeline is None:
                raise Untold("Heroku compares commits for pipelines, and it is in none.")
            try:
                coming = self._heroku.compare_commits(pipeline, base, head)
                leaving = self._heroku.compare_commits(pipeline, head, base)
            except Refused as refused:
                raise Untold(
                    f"Heroku does not compare {short(base)} and {short(head)}: {refused}"
                ) from refused
        return _compared(coming, leaving)


def _compared(coming: Compared, leaving: Compared) -> Comparison:
    """Put the two directions together; Heroku tells of one at a time."""
    if coming.ahead_by and leaving.ahead_by:
        relation = Relation.DIVERGED
    elif leaving.ahead_by:
        relation = Relation.BEHIND
    else:
        relation = Relation.AHEAD if coming.ahead_by else Relation.IDENTICAL
    return Comparison(
        relation=relation,
        coming=_commits(coming),
        leaving=_commits(leaving),
        ahead_by=coming.ahead_by,
        behind_by=leaving.ahead_by,
    )


def _commits(found: Compared) -> tuple[Commit, ...]:
    return tuple(
        Commit(each.sha, each.message, each.author, at=each.committed_at) for each in found.commits
    )
