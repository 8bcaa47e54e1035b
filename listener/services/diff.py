"""The diffs service: what a promotion would change, read now; it changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote

from listener.core import parity
from listener.core.app import App
from listener.core.comparison import Difference, between
from listener.core.finding import Finding, Unread
from listener.core.parity import Traits
from listener.core.release import History, Release
from listener.core.shown import Shown
from listener.db import rules
from listener.db.rules import RuleRow
from listener.errors import Invalid
from listener.heroku import Slug
from listener.inventory.context import Context
from listener.services import apps as named
from listener.services import promote
from listener.services.commits_between import Way
from listener.services.commits_between import between as commits_between
from listener.services.heroku_calls import HerokuCall, gather, traits

NOTHING = "Nothing was compared."
GITHUB = "https://github.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A release (None: the one that runs) and the targets it is compared with."""

    source: str
    targets: tuple[str, ...]
    version: int | None = None
    repo: str | None = None  # at GitHub, as owner/name; no public answer of Heroku's tells it


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a promotion to one target would change."""

    app: App
    difference: Difference
    message: str
    before: Slug | Unread  # what it runs now
    compare_url: str | None
    parity: tuple[Finding, ...]
    ships: Shown | None = None  # None where there is no code to compare


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """A release of the source, and what it would change where."""

    source: App
    release: Release
    slug: Slug | Unread
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffFacts:
    """All that was read for a diff."""

    source: App
    release: Release
    histories: Mapping[str, History]
    slugs: Mapping[str, Slug | Unread]  # of what each app runs; of the source, what would go
    traits: Mapping[str, Traits]


def compare(context: Context, wish: Comparison) -> Diff:
    """Return what would change. Raises Invalid, HerokuUnreadable if nothing can be compared."""
    ask = HerokuCall(NOTHING, shared=context.shared)
    source = named.read(context, ask, wish.source)
    targets = named.read_all(context, ask, wish.targets)
    if source.id in {app.id for app in targets}:
        raise Invalid(f"{source.name} cannot be promoted onto itself.")
    found = _gather(context, ask, source, targets, wish.version)
    changes = [_change(found, target, wish.repo) for target in targets]
    with context.database.begin() as conn:
        around = rules.around_app(conn, source.id)
    ships = commits_between(context, source.id, [_way(found, each, around) for each in changes])
    return Diff(
        source=source,
        release=found.release,
        slug=found.slugs[source.id],
        changes=tuple(replace(each, ships=ships[each.app.id]) for each in changes),
    )


def _way(found: DiffFacts, change: Change, around: Sequence[RuleRow]) -> Way:
    own = (each for each in around if each.source_id == found.source.id)
    repos = (each.conditions.repo for each in own if change.app.id in each.target_ids)
    before, after = change.before, found.slugs[found.source.id]
    return Way(
        target_id=change.app.id,
        target=change.app.name,
        artifact=found.release.artifact,
        base=before.commit if isinstance(before, Slug) else None,
        head=after.commit if isinstance(after, Slug) else None,
        repo=next(repos, None),
    )


def _gather(
    context: Context, ask: HerokuCall, source: App, targets: Sequence[App], version: int | None
) -> DiffFacts:
    apps = (source, *targets)
    histories = {app.id: ask(context.reader.releases, app.id).history for app in apps}
    release = promote.choose(source, histories[source.id], version)
    running = {app.id: histories[app.id].current for app in targets}
    return DiffFacts(
        source=source,
        release=release,
        histories=histories,
        slugs=_slugs(context, ask, histories[source.id], {source.id: release, **running}, source),
        traits=traits(context, ask, apps),
    )


def _slugs(
    context: Context,
    ask: HerokuCall,
    history: History,
    running: Mapping[str, Release | None],
    source: App,
) -> dict[str, Slug | Unread]:
    """Read each app's slug: from the source where it ran there, because it was built there."""
    calls = {
        app_id: partial(
            context.heroku.slug,
            source.id if history.first_run(release.artifact) else app_id,
            release.artifact,
        )
        for app_id, release in running.items()
        if release is not None and release.artifact and release.artifact_type == "slug"
    }
    none = Unread("It runs no slug.")
    return dict.fromkeys(running, none) | gather(ask, calls)


def _change(found: DiffFacts, target: App, repo: str | None) -> Change:
    source, release = found.source, found.release
    difference = between(release, found.histories[source.id], found.histories[target.id])
    after, before = found.slugs[source.id], found.slugs[target.id]
    return Change(
        app=target,
        difference=difference,
        message=difference.says(release, source.name, target.name),
        before=before,
        compare_url=_compare_url(repo, before, after, difference),
        parity=parity.compare(_as_built(found.traits[source.id], after), found.traits[target.id]),
    )


def _as_built(source: Traits, slug: Slug | Unread) -> Traits:
    """Return the source with the slug's stack; the source's next build may have another stack."""
    if isinstance(slug, Unread) or slug.stack is None:
        return source
    return replace(source, app=replace(source.app, stack=slug.stack))


def _compare_url(
    repo: str | None, before: Slug | Unread, after: Slug | Unread, difference: Difference
) -> str | None:
    """Build the GitHub link to the commits in between, from the older one to the newer one."""
    if repo is None or isinstance(before, Unread) or isinstance(after, Unread):
        return None
    if not before.commit or not after.commit or before.commit == after.commit:
        return None
    ends = (before.commit, after.commit)
    older, newer = reversed(ends) if difference.is_backwards else ends
    return f"{GITHUB}/{repo}/compare/{quote(older, safe='')}...{quote(newer, safe='')}"
