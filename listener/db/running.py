"""What an app is known to run, as part of a statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, case, func, select, true
from sqlalchemy.sql.selectable import ScalarSelect

from listener.core.release import PENDING, RAN
from listener.db.tables import app, release

_listed = release.alias("listed")


@dataclass(frozen=True, slots=True)
class Running:
    """Apps beside their current release, and whether we released something there since."""

    apps: FromClause
    current: FromClause
    is_ours: ColumnElement[bool]

    def column(self, ours: ColumnElement[Any], listed: str) -> ColumnElement[Any]:
        """Build what we know of what we released, or else a column of the current release."""
        return case((self.is_ours, ours), else_=self.current.c[listed])


def running(*columns: str) -> Running:
    """Build what apps run: by their releases, or by what we released there since.

    Once Heroku listed what we released, the list says whether that runs. `columns` are those that
    are wanted of a current release beside its version: each makes the statement larger.
    """
    its_own = release.c.app_id == app.c.id, release.c.is_current, release.c.gone_at.is_(None)
    current = (
        select(release.c.version, *(release.c[name] for name in columns))
        .where(*its_own, release.c.status.in_(sorted(RAN)))
        .order_by(release.c.version.desc())
        .limit(1)
        .lateral("current")
    )
    is_later = app.c.known_version > func.coalesce(current.c.version, 0)
    listed = select(_listed.c.id).where(
        _listed.c.app_id == app.c.id,
        _listed.c.version == app.c.known_version,
        _listed.c.status != PENDING,
        _listed.c.gone_at.is_(None),
    )
    return Running(app.outerjoin(current, true()), current, is_later & ~listed.exists())


def artifact_on(app_id: ColumnElement[str]) -> ScalarSelect[str | None]:
    """Build the artifact that an app runs."""
    found = running("artifact")
    runs = found.column(app.c.known_artifact, "artifact")
    return select(runs).select_from(found.apps).where(app.c.id == app_id).scalar_subquery()
