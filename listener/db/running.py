"""What an app is known to run, as part of a statement."""

from __future__ import annotations

from sqlalchemy import ColumnElement, case, func, select, true
from sqlalchemy.sql.selectable import ScalarSelect

from listener.core.release import PENDING, RAN
from listener.db.tables import app, release

_listed = release.alias("listed")


def artifact_on(app_id: ColumnElement[str]) -> ScalarSelect[str | None]:
    """Build the artifact that an app runs: by its releases, or by what we released there since.

    Once Heroku listed what we released, the list says whether that runs.
    """
    its_own = release.c.app_id == app.c.id, release.c.is_current, release.c.gone_at.is_(None)
    current = (
        select(release.c.version, release.c.artifact)
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
    runs = case((is_later & ~listed.exists(), app.c.known_artifact), else_=current.c.artifact)
    both = app.outerjoin(current, true())
    return select(runs).select_from(both).where(app.c.id == app_id).scalar_subquery()
