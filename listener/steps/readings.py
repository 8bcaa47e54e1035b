"""Reading apps and their releases from Heroku, and remembering what was read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from listener import heroku as platform
from listener.apps import App
from listener.history import History, Release
from listener.promotion import FRESH_FOR
from listener.store import apps, releases
from listener.store.apps import AppRow
from listener.store.engine import Database

# Slugs are gone once their releases are older than 30 days and than the last 20 releases
# (changelog 3395): what lies further back can never run again.
ENOUGH_RELEASES = 25
ENOUGH_AGE = timedelta(days=35)
LACKING_FOR = timedelta(minutes=10)  # webhooks and answers may outrun the API's list
NOT_FOUND = 404
FACTS_FOR = timedelta(minutes=65)  # reconcile reads them anew before they are that old


@dataclass(frozen=True, slots=True)
class Reading:
    """The releases of an app at one moment; `arrived` is by this process's steady clock."""

    app_id: str
    history: History
    arrived: float = field(default_factory=time.monotonic)

    @property
    def age(self) -> timedelta:
        """How long ago the answer arrived."""
        return timedelta(seconds=time.monotonic() - self.arrived)

    @property
    def is_fresh(self) -> bool:
        """Recent enough to stand on before a POST."""
        return self.age <= FRESH_FOR


Places = tuple[str | None, str | None]  # the pipelines of a source and a target, if any


class Readings:
    """Asks Heroku, one call at a time, and stores every answer."""

    def __init__(self, database: Database, heroku: platform.Heroku) -> None:
        self._database = database
        self._heroku = heroku
        self._account_id: str | None = None  # a token is one user's as long as the process lives

    def app(self, app: str) -> App:
        """The facts of an app by name or id, read now."""
        found = self._heroku.app(app)
        facts = App(
            found.id,
            found.name,
            found.stack,
            found.generation,
            found.is_container,
            found.build_stack,
        )
        with self._database.begin() as conn:
            apps.ensure(conn, facts)
        return facts

    def facts(self, app_id: str) -> App:
        """The facts of a known app, read anew only if they are old."""
        with self._database.begin() as conn:
            row, now = apps.get(conn, app_id), releases.started_at(conn)
        if _is_recent(row.facts_at, now):
            return row.facts
        return self.app(app_id)

    def releases(self, app_id: str) -> Reading:
        """The releases of an app, read now, back to those we know already."""
        with self._database.begin() as conn:
            started_at = releases.started_at(conn)
            row = apps.get(conn, app_id)
            known_to = releases.newest_version(conn, app_id) if row.is_complete else 0
        found = self._heroku.releases(app_id, enough=lambda read: _reaches(read, known_to))
        arrived = time.monotonic()
        return self._remember(app_id, [as_release(r) for r in found], started_at, arrived)

    def _remember(
        self, app_id: str, found: Sequence[Release], started_at: datetime, arrived: float
    ) -> Reading:
        with self._database.begin() as conn:
            ago = timedelta(seconds=time.monotonic() - arrived)
            read_at = releases.started_at(conn) - ago
            releases.record(
                conn, app_id, found, started_at=started_at, read_at=read_at, is_complete=True
            )
            return Reading(app_id, releases.history(conn, app_id), arrived)

    def fresh(self, app_id: str) -> Reading:
        """The releases of an app no older than the facts of a POST may be."""
        with self._database.begin() as conn:
            row, now = apps.get(conn, app_id), releases.started_at(conn)
            if row.read_at is not None and now - row.read_at <= FRESH_FOR:
                arrived = time.monotonic() - (now - row.read_at).total_seconds()
                reading = Reading(app_id, releases.history(conn, app_id), arrived)
                if not is_behind(reading, row):
                    return reading
        return self.releases(app_id)

    def both(self, source_id: str, target_id: str) -> tuple[Reading, Reading]:
        """Source and target, read now and side by side: where Heroku is slow, one would be old."""
        with ThreadPoolExecutor(max_workers=2) as pool:
            asked = pool.submit(self.releases, source_id), pool.submit(self.releases, target_id)
            return asked[0].result(), asked[1].result()

    def slug(self, app_id: str, artifact: str) -> tuple[str | None, str | None]:
        """Commit and stack of a slug: from what we know, else one call. Both never change."""
        with self._database.begin() as conn:
            commit, stack = releases.slug_facts(conn, app_id, artifact)
        if stack is not None:
            return commit, stack
        found = self._heroku.slug(app_id, artifact)
        with self._database.begin() as conn:
            apps.lock(conn, [app_id])
            releases.set_slug_facts(conn, app_id, artifact, commit=found.commit, stack=found.stack)
        return found.commit, found.stack

    def learn_commit_message(self, app_id: str, artifact: str) -> None:
        """Have it written down what the commit of a slug says, where that was never asked."""
        with self._database.begin() as conn:
            known = releases.commit_message(conn, app_id, artifact)
        if known is None:
            said = self._heroku.slug(app_id, artifact).commit_message or ""
            with self._database.begin() as conn:
                releases.set_commit_message(conn, app_id, artifact, said)

    def pipelines(self, source_id: str, *target_ids: str) -> list[Places]:
        """The pipelines of a source and of each target; what is one and the same may be known.

        Anything else is read anew, since it ends a promotion. Of an app that moved meanwhile
        Heroku itself refuses the promotion.
        """
        with self._database.begin() as conn:
            now, source = releases.started_at(conn), apps.get(conn, source_id)
            known = _shares(source, [apps.get(conn, app_id) for app_id in target_ids], now)
        if known.issuperset(target_ids):
            return [(source.pipeline_id, source.pipeline_id)] * len(target_ids)
        place = self._pipeline(source_id)
        return [(place, self._pipeline(target_id)) for target_id in target_ids]

    def _pipeline(self, app_id: str) -> str | None:
        try:
            found = self._heroku.coupling(app_id).pipeline_id
        except platform.Refused as refused:
            if refused.status != NOT_FOUND:
                raise
            found = None
        with self._database.begin() as conn:
            apps.set_pipeline(conn, app_id, found)
        return found

    def account_id(self) -> str:
        """The id of the listener's own Heroku user; asked for once by each process.

        Another process may have been started with another token, so that none trusts another's.
        """
        if self._account_id is None:
            self._account_id = self._heroku.account().id
        return self._account_id


def _shares(source: AppRow, targets: Sequence[AppRow], now: datetime) -> set[str]:
    """The targets that were in the source's pipeline when that was read last, not long ago."""
    if source.pipeline_id is None or not _is_recent(source.pipeline_at, now):
        return set()
    return {
        target.id
        for target in targets
        if target.pipeline_id == source.pipeline_id and _is_recent(target.pipeline_at, now)
    }


def _is_recent(read_at: datetime | None, now: datetime) -> bool:
    return read_at is not None and now - read_at < FACTS_FOR


def is_behind(reading: Reading, row: AppRow) -> bool:
    """The reading is older than what we know the app to run: a release of ours came after it."""
    return row.known is not None and reading.history.newest_version < row.known.version


def _reaches(read: Sequence[platform.Release], known_to: int) -> bool:
    """Whether a walk of the list, newest first, came far enough back."""
    oldest = min(read, key=lambda release: release.version)
    if known_to and oldest.version <= known_to:
        return True
    is_old = datetime.now(UTC) - oldest.created_at > ENOUGH_AGE
    return len(read) >= ENOUGH_RELEASES and is_old


def as_release(found: platform.Release) -> Release:
    """A release as the core knows it, from one of Heroku's."""
    return Release(
        id=found.id,
        version=found.version,
        status=found.status,
        artifact=found.artifact.id if found.artifact is not None else None,
        artifact_type=found.artifact.type if found.artifact is not None else "slug",
        is_current=found.is_current,
        description=found.description,
        author=found.user_email,
        author_id=found.user_id,
        created_at=found.created_at,
        updated_at=found.updated_at,
    )
