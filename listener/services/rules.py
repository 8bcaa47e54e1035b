"""The rules service: what people declare is checked, gets fresh baselines, and is saved."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from listener.core.app import App, container, generations, pipelines
from listener.core.rule import Mode, Strategy, strategy_of
from listener.db import apps, rules
from listener.db.rules import RuleRow
from listener.errors import Invalid
from listener.inventory.context import Context
from listener.inventory.reader import Snapshot
from listener.services import apps as named
from listener.services import named_repository, presenters, rule_definition, rule_save
from listener.services.heroku_calls import HerokuCall
from listener.services.rule_definition import (
    NewRule,
    RuleChange,
    RuleDefinition,
    receivers_of,
    services_of,
)
from listener.services.views import RuleView

NOT_SAVED = "The rule was not saved."
REASON_NOT_KEPT = "The rule was so already: no revision was saved, and the reason is not kept."


def list_(context: Context, *, app: str | None, limit: int) -> list[RuleView]:
    """List the rules, newest first; with an app, those that name it as source or target."""
    with context.database.begin() as conn:
        app_id, scope = named.find_id(context, conn, app), context.reach.sees
        rows = rules.live(conn, app_id=app_id, scope=scope, limit=limit)
        return presenters.of_rules(conn, rows, scope)


def get(context: Context, name_or_id: str) -> RuleView:
    """Return one rule. Raises NotFound."""
    with context.database.begin() as conn:
        return _view(context, conn, rule_definition.get(context, conn, name_or_id))


def add(context: Context, wish: NewRule, *, by: str) -> RuleView:
    """Save a new rule; it acts on versions above those its source has now."""
    ask = HerokuCall(NOT_SAVED)
    wanted = new(context, ask, wish)
    check(context, ask, wanted)
    fresh = _prepare(context, ask, wanted, None)
    with context.database.begin() as conn:
        rule_save.lock(conn, wanted)
        rule_definition.check_beside(context, conn, wanted)
        return _view(context, conn, rule_save.add(conn, wanted, fresh, by, wish.reason))


def update(context: Context, name_or_id: str, change: RuleChange, *, by: str) -> RuleView:
    """Save a rule's next revision; what waits under it is decided anew.

    Where it changes nothing there is none, and a reason that was given is told to be lost.
    """
    ask = HerokuCall(NOT_SAVED)
    with context.database.begin() as conn:
        before = rule_definition.get(context, conn, name_or_id)
        standing = rule_definition.standing(conn, before)
    wanted = changed(context, ask, standing, change)
    if wanted == standing:
        view = get(context, str(before.id))
        lost = (REASON_NOT_KEPT,) if change.reason else ()
        return replace(view, warnings=(*view.warnings, *lost))
    check(context, ask, wanted, standing)
    fresh = _prepare(context, ask, wanted, before)
    with context.database.begin() as conn:
        rule_save.lock(conn, wanted, before.target_ids)
        rule_save.check_unchanged(conn, before)
        rule_definition.check_beside(context, conn, wanted, but=before.id)
        row = rule_save.change(conn, before, wanted, fresh, by, change.reason)
        return _view(context, conn, row)


def remove(context: Context, name_or_id: str, *, by: str) -> RuleView:
    """Remove a rule and cancel what waits under it."""
    with context.database.begin() as conn:
        rules.lock(conn)
        before = rule_definition.get(context, conn, name_or_id)
        apps.lock(conn, {before.source_id, *before.target_ids})
        removed = rule_save.remove(conn, before, by)
        return replace(_view(context, conn, removed.row), cancelled=removed.cancelled)


def _prepare(
    context: Context, ask: HerokuCall, wanted: RuleDefinition, before: RuleRow | None
) -> rule_save.BaselineSnapshot:
    def read(app_id: str) -> Snapshot:
        return ask(context.reader.releases, app_id, as_it_is=True)

    return rule_save.prepare(read, wanted, before)


def _view(context: Context, conn: Connection, row: RuleRow) -> RuleView:
    return presenters.of_rules(conn, [row], context.reach.sees)[0]


def check_strategy(
    context: Context, ask: HerokuCall, wanted: RuleDefinition, before: RuleDefinition | None = None
) -> None:
    """Raise Invalid where no release could ever reach a target, saying what to do.

    A change of neither mode, strategy nor targets passes, and so does turning a rule off.
    """
    if wanted.mode is Mode.OFF or (before is not None and _same(wanted, before)):
        return
    boxes = [app for app in (wanted.source, *wanted.targets) if app.is_container]
    # What is stored of an app may be old where no rule acted for a long time.
    refuse_containers(*(ask(context.reader.app, app.id) for app in boxes))
    if strategy_of(wanted.strategy, wanted.source.generation) is Strategy.PIPELINE:
        _check_pipelines(context, ask, wanted)


def refuse_containers(*apps: App) -> None:
    """Raise Invalid where one of these is a container app."""
    for app in apps:
        if app.is_container:
            raise Invalid(container(app.name))


def _same(wanted: RuleDefinition, before: RuleDefinition) -> bool:
    return (wanted.mode, wanted.strategy, wanted.route.targets) == (
        before.mode,
        before.strategy,
        before.route.targets,
    )


def _check_pipelines(context: Context, ask: HerokuCall, wanted: RuleDefinition) -> None:
    source = wanted.source
    for target in wanted.targets:
        _refuse(generations(source.name, source.generation, target.name, target.generation))
    places = ask(context.reader.pipelines, source.id, *(app.id for app in wanted.targets))
    for target, place in zip(wanted.targets, places, strict=True):
        _refuse(pipelines(source.name, target.name, place))


def _refuse(why_not: str | None) -> None:
    if why_not is not None:
        raise Invalid(why_not)


def new(context: Context, ask: HerokuCall, wish: NewRule) -> RuleDefinition:
    """Build the definition of a new rule. Raises Invalid, HerokuUnreadable."""
    conditions = rule_definition.conditions_of(wish.conditions)
    return RuleDefinition(
        name=wish.name,
        source=named.read(context, ask, wish.source),
        targets=named.read_targets(context, ask, wish.targets),
        mode=wish.mode,
        strategy=wish.strategy,
        on_newer=wish.on_newer,
        conditions=conditions,
        notify=services_of(wish.notify, context.keys.services),
        events_to=receivers_of(wish.events_to, context.keys.services),
    )


def changed(
    context: Context, ask: HerokuCall, standing: RuleDefinition, change: RuleChange
) -> RuleDefinition:
    """Build the definition of a changed rule. Raises Invalid, HerokuUnreadable."""
    conditions = rule_definition.conditions_of(change.conditions, standing.conditions)
    wanted = replace(standing, **change.plain, conditions=conditions)
    if change.notify is not None:
        wanted = replace(wanted, notify=services_of(change.notify, context.keys.services))
    if change.events_to is not None:
        told = receivers_of(change.events_to, context.keys.services)
        wanted = replace(wanted, events_to=told)
    if change.targets is None:
        return wanted
    targets = named.read_targets(context, ask, change.targets)
    same = {app.id for app in targets} == standing.target_ids
    return wanted if same else replace(wanted, targets=targets)


def check(
    context: Context,
    ask: HerokuCall,
    wanted: RuleDefinition,
    standing: RuleDefinition | None = None,
) -> None:
    """Check the rule alone, without others. Raises Invalid, Forbidden, HerokuUnreadable."""
    rule_definition.check_alone(wanted)
    named_repository.check(context, wanted, standing)
    check_strategy(context, ask, wanted, standing)
