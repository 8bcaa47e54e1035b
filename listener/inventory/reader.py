"""Read apps and their releases from Heroku, and store what was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from listener import heroku as platform
from listener.core import duration, staleness
from listener.core.app import App
from listener.core.promotion import SLOW, fresh_until
from listener.core.release import History, Release
from listener.db import apps, notifications, releases, snapshots
from listener.db.apps import AppRow
from listener.db.engine import Database
from listener.db.releases import NEWEST, Around
from listener.db.snapshots import Asked
from listener.inventory.clock import Clock

# Slugs are gone once their releases are older than 30 days and than the last 20 releases
# (changelog 3395): what lies further back can never run again.
ENOUGH_RELEASES = 25
ENOUGH_AGE = timedelta(days=35)
LACKING_FOR = timedelta(minutes=10)  # webhooks and answers may be ahead of the API's list
# Some more than are near: what is near and not in the answer would be looked up in the other app.
SHORTEST_PAGE = releases.MOST_NEAR + 5
SPARE = 5  # releases that nobody told us of; with more of them a second page is read
NOT_FOUND = 404
MOST_BESIDE = 64  # lists that are read beside others; more than there are runners
MOST_READS = 3  # of one list, if others ask later and are answered sooner
NEVER = datetime.min.replace(tzinfo=UTC)
FACTS_FOR = timedelta(minutes=65)  # reconcile reads them again before they are that old


class StaleData(platform.HerokuError):
    """Heroku's answer is older than what we know, or got old: it is not used."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The releases of an app at one moment; its start and end are by the database's clock."""

    app_id: str
    history: History
    started_at: datetime  # right before its request was sent
    arrived_at: datetime
    looked_up: frozenset[str] = frozenset()  # artifacts whose runs were asked for, ever so old
    oldest_read: int | None = None  # Heroku's list told all from this version on

    @property
    def artifacts(self) -> frozenset[str]:
        """What is known to have run, or never to have run."""
        return self.history.artifacts | self.looked_up

    @property
    def took(self) -> timedelta:
        """How long Heroku took to answer."""
        return self.arrived_at - self.started_at

    def is_fresh(self, now: datetime) -> bool:
        """Return whether the snapshot is recent enough for a POST."""
        return now <= fresh_until(self.started_at, self.arrived_at)

    def reaches(self, version: int) -> bool:
        """Return whether Heroku told of this version, not only of later ones."""
        return self.oldest_read is not None and self.oldest_read <= version


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as Heroku told it, not stored yet."""

    asked: Asked
    clock: Clock  # from the beginning of the request on
    arrived_at: datetime
    shown: Sequence[Release]


Places = tuple[str | None, str | None]  # the pipelines of a source and a target, if any


class HerokuReader:
    """Asks Heroku and stores every answer."""

    def __init__(self, database: Database, heroku: platform.Heroku) -> None:
        self._database = database
        self._heroku = heroku
        self._account: platform.Account | None = None  # one user per token and process
        # Its threads begin as they are needed, and stay: to begin one takes as long as to ask.
        self._beside = ThreadPoolExecutor(MOST_BESIDE, thread_name_prefix="beside")

    def app(self, app: str) -> App:
        """Read and store the facts of an app, by name or id. Raises HerokuError."""
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
        """Return the facts of a known app; read them again only if they are old."""
        with self._database.begin() as conn:
            row, now = apps.get(conn, app_id), releases.now(conn)
        return self.facts_of(row, now)

    def facts_of(self, row: AppRow, now: datetime) -> App:
        """Return the facts of an app's row, read again only if they are old by now."""
        return row.facts if is_recent(row.facts_at, now) else self.app(row.id)

    def releases(
        self, app_id: str, around: Around | None = None, *, as_it_is: bool = False
    ) -> Snapshot:
        """Read the releases of an app now, back to where all is known. Raises StaleData.

        The history of the snapshot tells what is `around`; all there is where that is None.
        `as_it_is`: a person says that a list is right although it has been behind for a day.
        """
        for _ in range(MOST_READS):
            with self._database.begin() as conn:
                asked = snapshots.ask(conn, [app_id])[app_id]
            answer = self.fetch(app_id, asked, around)
            with self._database.begin() as conn:
                row = apps.lock(conn, [app_id])[app_id]
                stored = self.store(conn, row, answer, around, as_it_is=as_it_is)
            if isinstance(stored, Snapshot):
                return stored
            if isinstance(stored, StaleData):
                raise stored
        with self._database.begin() as conn:
            name = apps.get(conn, app_id).name
        message = f"{name} was read {MOST_READS} times, and each answer came after a later one."
        raise StaleData(message)

    def fetch(self, app_id: str, asked: Asked, around: Around | None = NEWEST) -> Listing:
        """Ask Heroku for the list that was announced by `asked`. Raises HerokuError."""
        clock = Clock(asked.at)
        back_to = _back_to(asked, around)
        found = self._heroku.releases(
            app_id,
            enough=partial(_is_enough, known_to=asked.known_to, back_to=back_to),
            page=_page(asked, around, back_to),
        )
        return Listing(asked, clock, clock.now(), [as_release(release) for release in found])

    def fetch_all(
        self, asked: Mapping[str, Asked], around: Around
    ) -> dict[str, Listing | platform.HerokuError]:
        """Ask Heroku for several lists at once; an error stands for the list it befell.

        `around` is what is wanted of the first one.
        """
        (first, its_own), *others = asked.items()
        beside = {app_id: self._beside.submit(self._try, app_id, each) for app_id, each in others}
        found = {first: self._try(first, its_own, around)}
        return found | {app_id: each.result() for app_id, each in beside.items()}

    def _try(
        self, app_id: str, asked: Asked, around: Around = NEWEST
    ) -> Listing | platform.HerokuError:
        try:
            return self.fetch(app_id, asked, around)
        except platform.HerokuError as error:
            return error

    def store(
        self,
        conn: Connection,
        row: AppRow,
        answer: Listing,
        around: Around | None = NEWEST,
        *,
        as_it_is: bool = False,
    ) -> Snapshot | StaleData | None:
        """Store an answer; return the snapshot to use, or that it is stale. None: read once more.

        The caller holds the lock of the app, and read its row under it.
        """
        now = answer.clock.now()
        read = snapshots.ReadReleases(answer.asked, answer.arrived_at, answer.shown)
        near = around if around is not None else NEWEST
        recorded = snapshots.record(conn, row, read, now, around=near, as_it_is=as_it_is)
        if isinstance(recorded, snapshots.Behind):
            return StaleData(_told(conn, row, recorded, now))
        if isinstance(recorded, snapshots.Older):
            return _standing(conn, row, now, around)
        history = recorded.history if around is not None else releases.history(conn, row.id)
        oldest = min(release.version for release in answer.shown)
        read_at = answer.asked.at, answer.arrived_at
        return Snapshot(row.id, history, *read_at, near.artifacts, oldest)

    def fresh(
        self, app_id: str, around: Around | None = None, *, for_: timedelta = timedelta(0)
    ) -> Snapshot:
        """Return a snapshot of an app that is fresh enough for a POST; read only if needed.

        A stored one stays fresh `for_` that time.
        """
        with self._database.begin() as conn:
            row, now = apps.get(conn, app_id), releases.now(conn)
            reading = _standing(conn, row, now + for_, around)
        return reading if reading is not None else self.releases(app_id, around)

    def known(self, app_id: str) -> Snapshot:
        """Return the stored releases of an app as a snapshot that never counts as fresh."""
        with self._database.begin() as conn:
            return remembered(conn, app_id)

    def are_fresh(self, *found: Snapshot) -> bool:
        """Return whether all these snapshots are recent enough for a POST now."""
        with self._database.begin() as conn:
            now = releases.now(conn)
        return all(reading.is_fresh(now) for reading in found)

    def beside(
        self, source: Snapshot, target: Snapshot, around: Mapping[str, Around]
    ) -> tuple[Snapshot, Snapshot]:
        """Read both again so that they are fresh together: the quick one as the slow one ends.

        The slow one is not read again if it is still fresh and the quick one is quick enough.
        `around` is what is wanted of each, by app.
        """
        slow, quick = sorted((source, target), key=lambda each: each.took, reverse=True)
        if quick.took <= SLOW and self.are_fresh(slow):
            quick = self.releases(quick.app_id, around[quick.app_id])
        else:
            with ThreadPoolExecutor(max_workers=1) as pool:
                asked = pool.submit(self.releases, slow.app_id, around[slow.app_id])
                wait([asked], timeout=(slow.took - quick.took).total_seconds())
                quick = self.releases(quick.app_id, around[quick.app_id])
                slow = asked.result()
        return (slow, quick) if slow.app_id == source.app_id else (quick, slow)

    def slug(self, app_id: str, artifact: str) -> tuple[str | None, str | None]:
        """Return commit and stack of a slug: stored ones, else by one call. They never change."""
        with self._database.begin() as conn:
            commit, stack = releases.slug_facts(conn, app_id, artifact)
        if stack is not None:
            return commit, stack
        found = self._heroku.slug(app_id, artifact)
        with self._database.begin() as conn:
            apps.lock(conn, [app_id])
            releases.set_slug_facts(conn, app_id, artifact, commit=found.commit, stack=found.stack)
        return found.commit, found.stack

    def pipelines(self, source_id: str, *target_ids: str) -> list[Places]:
        """Return the pipelines of the source and of each target, stored ones if all are the same.

        Otherwise read them again, since a difference ends a promotion. If an app moved meanwhile,
        Heroku itself refuses the promotion.
        """
        with self._database.begin() as conn:
            now, source = releases.now(conn), apps.get(conn, source_id)
            known = _shares(source, [apps.get(conn, app_id) for app_id in target_ids], now)
        if known.issuperset(target_ids):
            return [(source.pipeline_id, source.pipeline_id)] * len(target_ids)
        place = self._pipeline(source_id)
        return [(place, self._pipeline(target_id)) for target_id in target_ids]

    def pipeline(self, app_id: str, *, for_: timedelta) -> str | None:
        """Return the pipeline of an app: a stored one of that age or younger, else by one call."""
        with self._database.begin() as conn:
            now, app = releases.now(conn), apps.get(conn, app_id)
        if app.pipeline_at is not None and now - app.pipeline_at < for_:
            return app.pipeline_id
        return self._pipeline(app_id)

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
        """Return the id of the listener's own Heroku user; each process asks once.

        It is not shared: another process may have been started with another token.
        """
        if self._account is None:
            self._account = self._heroku.account()
        return self._account.id

    @property
    def user(self) -> str | None:
        """The address of the listener's own Heroku user, where it was asked for before."""
        return self._account.email if self._account is not None else None


def _shares(source: AppRow, targets: Sequence[AppRow], now: datetime) -> set[str]:
    """Return the targets that were in the source's pipeline, if both were read recently."""
    if source.pipeline_id is None or not is_recent(source.pipeline_at, now):
        return set()
    return {
        target.id
        for target in targets
        if target.pipeline_id == source.pipeline_id and is_recent(target.pipeline_at, now)
    }


def is_recent(read_at: datetime | None, now: datetime) -> bool:
    """Return whether the facts of an app need not be read again yet."""
    return read_at is not None and now - read_at < FACTS_FOR


def remembered(conn: Connection, app_id: str, around: Around | None = None) -> Snapshot:
    """Return the stored releases of an app as a snapshot; nothing may be posted on it."""
    looked_up = around.artifacts if around is not None else frozenset()
    return Snapshot(app_id, _history(conn, app_id, around), NEVER, NEVER, looked_up)


def _history(conn: Connection, app_id: str, around: Around | None) -> History:
    if around is None:
        return releases.history(conn, app_id)
    return releases.near(conn, app_id, around)


def _standing(
    conn: Connection, row: AppRow, now: datetime, around: Around | None
) -> Snapshot | None:
    """Return the stored snapshot, if it is fresh, goes back far enough and lacks nothing known."""
    if row.read_started_at is None or row.read_at is None or row.read_newest is None:
        return None
    if now > fresh_until(row.read_started_at, row.read_at):
        return None
    history = _history(conn, row.id, around)
    released = row.known.version if row.known is not None else 0
    if row.read_newest < max(history.newest_version, released):
        return None
    looked_up = around.artifacts if around is not None else frozenset()
    read_at = row.read_started_at, row.read_at
    found = Snapshot(row.id, history, *read_at, looked_up, row.read_oldest)
    back_to = around.back_to if around is not None else None
    return found if back_to is None or found.reaches(back_to) else None


def _told(conn: Connection, row: AppRow, found: snapshots.Behind, now: datetime) -> str:
    """Say that the list is behind; after a day also notify people, for only they can mend it."""
    message = f"{row.name} {found.why}: its list lags, or was changed at Heroku."
    if now - found.since >= staleness.BROKEN_AFTER:
        notifications.add(
            conn,
            "broken",
            title=f"The releases of {row.name} cannot be believed",
            body=f"Since {duration.format_moment(found.since)}, {message}"
            f"\n{staleness.mend(row.name)}",
            key=f"behind {row.id} since {found.since.timestamp()}",
        )
    return message


def _back_to(asked: Asked, around: Around | None) -> int | None:
    """Return the version down to which the list must tell; None if any length would do."""
    wanted = asked.known_to or None, asked.open_since, around.back_to if around else None
    return min((version for version in wanted if version is not None), default=None)


def _page(asked: Asked, around: Around | None, back_to: int | None) -> int:
    """Return how many releases to ask for first: as few as should tell all that is wanted."""
    if around is None or back_to is None or not asked.known_to:
        return platform.LONGEST_PAGE
    newest = max([asked.known_to, *around.versions])  # a delivery may name a newer one
    return min(max(newest - back_to + SPARE, SHORTEST_PAGE), platform.LONGEST_PAGE)


def _is_enough(read: Sequence[platform.Release], *, known_to: int, back_to: int | None) -> bool:
    """Return whether a walk of the list, newest first, went far enough back."""
    oldest = min(read, key=lambda release: release.version)
    if back_to is not None and oldest.version > back_to:
        return False
    if known_to:
        return True
    is_old = datetime.now(UTC) - oldest.created_at > ENOUGH_AGE
    return len(read) >= ENOUGH_RELEASES and is_old


def as_release(found: platform.Release) -> Release:
    """Convert a release of Heroku's to a release of the core."""
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
