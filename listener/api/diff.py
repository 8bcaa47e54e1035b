"""Diffs: what a promotion would change."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from listener.api import fields, shapes
from listener.api.auth import needs
from listener.api.doctor import shape_of
from listener.api.fields import repo_of, targets_of, version_of
from listener.api.services import services
from listener.core.app import App
from listener.core.finding import Unread
from listener.core.release import Release
from listener.heroku import Slug
from listener.roles import Role
from listener.services.diff import Change, Comparison, Diff

bp = Blueprint("diffs", __name__, url_prefix="/api/apps")

Json = dict[str, Any]


@bp.get("/<app>/diff")
@needs(Role.VIEWER)
def show(app: str) -> ResponseReturnValue:
    """Show what promoting a release of an app to others would change; without one, what it runs."""
    wish = Comparison(
        source=app,
        targets=targets_of(fields.text("to")),
        version=version_of(fields.text("release")),
        repo=repo_of(fields.text("repo")),
    )
    return jsonify(_shape(services().diffs.compare(wish)))


def _shape(diff: Diff) -> Json:
    return {
        "source": {"app": _ref(diff.source), "release": _release(diff.release)}
        | _code(diff.release, diff.slug),
        "targets": [_change(diff, change) for change in diff.changes],
    }


def _change(diff: Diff, change: Change) -> Json:
    difference = change.difference
    runs = difference.runs
    return {
        "app": _ref(change.app),
        "release": _release(runs) if runs is not None else None,
        **(_code(runs, change.before) if runs is not None else {"slug": None}),
        "relation": difference.relation,
        "message": change.message,
        "commits": {
            "from": _commit(change.before),
            "to": _commit(diff.slug),
            "compare_url": change.compare_url,
        },
        "releases": [_release(each) for each in difference.deploys],
        "process_types": _process_types(change.before, diff.slug),
        "parity": [shape_of(finding) for finding in change.parity],
    }


def _ref(app: App) -> Json:
    return {"id": app.id, "name": app.name}


def _release(release: Release) -> Json:
    return {
        "id": release.id,
        "version": release.version,
        "description": release.description,
        "by": release.author,
        "created_at": shapes.time(release.created_at),
    }


def _code(release: Release, slug: Slug | Unread) -> Json:
    if release.artifact is None:
        return {"slug": None}
    return {"slug": {"id": release.artifact, "commit": _commit(slug)}}


def _commit(slug: Slug | Unread) -> str | None:
    return slug.commit if isinstance(slug, Slug) else None


def _process_types(before: Slug | Unread, after: Slug | Unread) -> Json | None:
    """Compare the process types; None where those of one side are not known."""
    if isinstance(before, Unread) or isinstance(after, Unread):
        return None
    older, newer = set(before.process_types), set(after.process_types)
    return {"added": sorted(newer - older), "removed": sorted(older - newer)}
