"""Diffs: what a promotion would change."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint
from pydantic import Field

from listener.api import fields
from listener.api.answers import Answer, Ref, ReleaseRef, Slug, Time, returns
from listener.api.auth import On, needs
from listener.api.doctor import Finding
from listener.api.fields import repo_of, targets_of, version_of
from listener.api.services import context
from listener.api.ships import Ships
from listener.core.app import App
from listener.core.comparison import Relation
from listener.core.finding import Unread
from listener.core.release import Release
from listener.heroku import Slug as SlugRead
from listener.roles import Role
from listener.services import diff
from listener.services.diff import Comparison

bp = Blueprint("diffs", __name__, url_prefix="/api/apps")


class ComparedRelease(ReleaseRef):
    """A release, with who made it and when."""

    description: str
    by: str | None
    created_at: Time | None

    @classmethod
    def of(cls, release: Release) -> ComparedRelease:
        """Return a release that is compared."""
        return cls(
            id=release.id,
            version=release.version,
            description=release.description,
            by=release.author,
            created_at=release.created_at,
        )


class Compared(Answer):
    """What would go."""

    app: Ref
    release: ComparedRelease
    slug: Slug | None


class Commits(Answer):
    """From what a target runs to what would go."""

    from_: Annotated[str | None, Field(alias="from")]
    to: str | None
    compare_url: str | None


class ProcessTypes(Answer):
    """The names of processes that come and go."""

    added: list[str]
    removed: list[str]

    @classmethod
    def between(cls, before: SlugRead | Unread, after: SlugRead | Unread) -> ProcessTypes | None:
        """Compare the process types; None where those of one side are not known."""
        if isinstance(before, Unread) or isinstance(after, Unread):
            return None
        older, newer = set(before.process_types), set(after.process_types)
        return cls(added=sorted(newer - older), removed=sorted(older - newer))


class Change(Answer):
    """What a promotion to one target would change."""

    app: Ref
    release: ComparedRelease | None
    slug: Slug | None
    relation: Relation
    message: str
    commits: Commits
    ships: Ships | None = None  # an older listener does not tell
    releases: list[ComparedRelease]
    process_types: ProcessTypes | None
    parity: list[Finding]

    @classmethod
    def of(cls, change: diff.Change, slug: SlugRead | Unread) -> Change:
        """Return what a promotion of this slug would change on one target."""
        difference = change.difference
        runs = difference.runs
        return cls(
            app=_ref(change.app),
            release=ComparedRelease.of(runs) if runs is not None else None,
            slug=_code(runs, change.before) if runs is not None else None,
            relation=difference.relation,
            message=change.message,
            commits=Commits(
                from_=_commit(change.before), to=_commit(slug), compare_url=change.compare_url
            ),
            ships=Ships.of(change.ships) if change.ships is not None else None,
            releases=[ComparedRelease.of(each) for each in difference.deploys],
            process_types=ProcessTypes.between(change.before, slug),
            parity=[Finding.of(finding) for finding in change.parity],
        )


class Diff(Answer):
    """What promoting a release would change, target by target."""

    source: Compared
    targets: list[Change]

    @classmethod
    def of(cls, view: diff.Diff) -> Diff:
        """Return what promoting a release would change."""
        source = Compared(
            app=_ref(view.source),
            release=ComparedRelease.of(view.release),
            slug=_code(view.release, view.slug),
        )
        return cls(source=source, targets=[Change.of(each, view.slug) for each in view.changes])


def _ref(app: App) -> Ref:
    return Ref(id=app.id, name=app.name)


def _code(release: Release, slug: SlugRead | Unread) -> Slug | None:
    if release.artifact is None:
        return None
    return Slug(id=release.artifact, commit=_commit(slug))


def _commit(slug: SlugRead | Unread) -> str | None:
    return slug.commit if isinstance(slug, SlugRead) else None


@bp.get("/<app>/diff")
@needs(Role.VIEWER, on=On.APPS)
@returns(Diff, queries=("to", "release", "repo"), problems=(404, 422, 429, 502))
def show(app: str) -> Diff:
    """Show what promoting a release of an app to others would change; without one, what it runs."""
    wish = Comparison(
        source=app,
        targets=targets_of(fields.text("to")),
        version=version_of(fields.text("release")),
        repo=repo_of(fields.text("repo")),
    )
    return Diff.of(diff.compare(context(), wish))
