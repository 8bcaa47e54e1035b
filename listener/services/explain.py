"""The explanations service: what every rule and gate said of a release, from stored records."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from listener.core.duration import format_moment
from listener.core.gates.binding import binding
from listener.core.promotion import Status
from listener.core.release import PENDING, History, Kind, Release
from listener.core.rule import Mode
from listener.db import apps, promotions, queries, releases, rules
from listener.db.apps import AppRow
from listener.db.promotions import PromotionRow
from listener.db.rules import RuleRow
from listener.errors import NotFound
from listener.inventory.context import Context
from listener.services import apps as named
from listener.services import presenters, troubles
from listener.services.heroku_calls import HerokuCall
from listener.services.views import Explanation, RuleExplanation


@dataclass(frozen=True, slots=True)
class ReleaseContext:
    """A release of an app to explain, and the promotions of it that were ever made."""

    app: AppRow
    history: History
    release: Release
    made: list[PromotionRow]
    rules: list[RuleRow]  # those around the app, that whoever asks may see


def explain(context: Context, app: str, *, version: int | None) -> Explanation:
    """Explain a release; without a version, the newest deploy. Raises NotFound."""
    found = _ensure_read(context, app)
    with context.database.begin() as conn:
        row, history = apps.get(conn, found.id), releases.history(conn, found.id)
        release = _chosen(row, history, version)
        view = _explain(context, conn, row, history, release)
    return replace(view, summary=f"{view.summary} {found.note}".rstrip())


def _ensure_read(context: Context, app: str) -> named.FoundApp:
    ask = HerokuCall("Nothing is known of its releases yet.")
    found = named.find_app(context, ask, app)
    if found is None:
        message = f"Neither the listener nor Heroku knows an app {app}.{named.meant(context, app)}"
        raise NotFound("app", message)
    with context.database.begin() as conn:
        row = apps.get(conn, found.id)
    if row.read_at is None:
        named.check_allowed(context, row.name)
        ask(context.reader.releases, found.id)
    return found


def _chosen(row: AppRow, history: History, version: int | None) -> Release:
    if version is None:
        deploys = history.deploys_above(0)
        release = deploys[-1] if deploys else next(iter(reversed(history.releases)), None)
    else:
        release = history.find(version)
    if release is None:
        which = f"no release v{version}" if version is not None else "no release"
        message = f"{row.name} showed {which} when it was last looked at."
        raise NotFound("release", message)
    return release


def _explain(
    context: Context, conn: Connection, row: AppRow, history: History, release: Release
) -> Explanation:
    scope = context.reach.sees
    made = promotions.list_(conn, release_id=release.id, scope=scope)
    live = rules.live(conn, app_id=row.id, scope=scope)
    matter = ReleaseContext(row, history, release, made, live)
    commit, _ = releases.slug_facts(conn, row.id, release.artifact or "")
    said = _said(conn, matter)
    return Explanation(
        app_id=row.id,
        app_name=row.name,
        release=release,
        kind=history.kind(release),
        commit=commit,
        summary=_summary(conn, matter, said),
        deliveries=presenters.of_deliveries(conn, release.id),
        promotions=tuple(presenters.of_promotions(conn, made, scope, with_commits=True)),
        sayings=said,
        troubles=tuple(troubles.shown(conn, row.id, scope=scope)),
    )


def _said(conn: Connection, matter: ReleaseContext) -> tuple[RuleExplanation, ...]:
    app_id = matter.app.id
    live = [rule for rule in matter.rules if rule.source_id == app_id]
    names = apps.names(conn, {target_id for rule in live for target_id in rule.target_ids})
    return tuple(
        _saying(matter, rule, target_id, names[target_id])
        for rule in live
        for target_id in rule.target_ids
    )


def _saying(
    matter: ReleaseContext, rule: RuleRow, target_id: str, target_name: str
) -> RuleExplanation:
    mine = (row for row in matter.made if (row.rule_id, row.target_id) == (rule.id, target_id))
    row = next(mine, None)
    return RuleExplanation(
        rule_id=rule.id,
        rule_name=rule.name,
        target_id=target_id,
        target_name=target_name,
        says=_of_promotion(row)
        if row is not None
        else without(rule, target_id, matter.history, matter.release),
        promotion_id=row.id if row is not None else None,
    )


def _of_promotion(row: PromotionRow) -> str:
    if row.status is not Status.WAITING:
        return f"{row.status}: {row.reason}"
    found = binding(row.gates, row.reason)
    says = f"{row.status}: {found.message if found is not None else row.reason}"
    if row.due_at is not None:
        says = f"{says} Looked at again at {format_moment(row.due_at)}."
    return says


def _summary(conn: Connection, matter: ReleaseContext, said: tuple[RuleExplanation, ...]) -> str:
    app = matter.app
    what = what_it_is(app.name, matter.history, matter.release)
    if matter.made:
        names = apps.names(conn, {row.target_id for row in matter.made})
        parts = [f"{names[row.target_id]}: {row.status}" for row in reversed(matter.made)]
        return f"{what} Promotion to {_listed(parts)}."
    if not said:
        return f"{what} No rule promotes from {app.name}."
    look = queries.look_of(conn, app.id)
    if look.error:
        return f"{what} {look.error}"
    if look.at is not None:
        return f"{what} {app.name} is looked at next at {format_moment(look.at)}."
    return f"{what} No rule promoted it."


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


_CHANGES = {
    Kind.CONFIG: "a config change",
    Kind.ADDON: "an add-on change",
    Kind.RETRY: "a retry",
}


def what_it_is(app: str, history: History, release: Release) -> str:
    """Say what made the release, and whether it brings new code."""
    name, kind = f"{app} v{release.version}", history.kind(release)
    first = history.first_run(release.artifact)
    match kind:
        case Kind.DEPLOY:
            return f"{name} is a deploy: the first release with this slug."
        case Kind.ROLLBACK:
            return f"{name} is a rollback to the slug of v{first}: it brings no new code."
        case Kind.UNSETTLED if release.status == PENDING:
            return f"{name} is pending: its release phase is running."
        case Kind.UNSETTLED:
            return f"{name} has not run: it is {release.status}."
        case _ if first is None:
            return f"{name} has no slug: {app} had no code yet."
        case _:
            change = _CHANGES.get(kind, str(kind))
            return f"{name} is {change}: its slug is that of v{first}, so it brings no new code."


def without(rule: RuleRow, target_id: str, history: History, release: Release) -> str:
    """Say why the rule made no promotion of this release for this target."""
    acts_from = rule.acts_from(target_id)
    if rule.mode is Mode.OFF:
        return f"Rule {rule.name} is off."
    if acts_from is not None and release.version < acts_from:
        return f"Rule {rule.name} acts from v{acts_from} on."
    if not release.is_settled:
        return "Looked at again when its release phase ends."
    if not release.has_run:
        return f"It is {release.status}: there is nothing to promote."
    if not history.is_deploy(release):
        return "Only a deploy brings new code, so there is nothing to promote."
    return "It was not looked at yet."
