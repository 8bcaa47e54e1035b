"""The files service: rules and freezes as a file declares them; all are saved, or none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache

from sqlalchemy import Connection

from listener.core.app import App
from listener.core.rule import Mode, RuleRefused, check_route, overlaps, strategy_of
from listener.db import apps, rules, subscriptions, waiting_promotions
from listener.db.rules import RuleRow
from listener.errors import MOST_OF_FILE, Conflict, Invalid, told
from listener.inventory.context import Context
from listener.inventory.reader import Snapshot
from listener.services import apps as named
from listener.services import (
    freeze_steps,
    rule_definition,
    rule_save,
    rule_warnings,
    told_commits,
)
from listener.services.heroku_calls import HerokuCall
from listener.services.rule_definition import NewRule, RuleDefinition
from listener.services.rule_plan import Action, NewFile, Plan, Step, revisions
from listener.services.rule_save import BaselineSnapshot
from listener.services.rules import check as check_wish

NOT_SAVED = "No rule was saved."
MOST_UNKNOWN = 50


def plan(context: Context, file: NewFile) -> Plan:
    """Plan what `apply` would do now. Raises Invalid with everything wrong in the file."""
    return make(context, HerokuCall("Nothing was checked.", shared=context.shared), file)


def apply(context: Context, file: NewFile, *, by: str, agreed: str | None = None) -> Plan:
    """Save what the file says. Raises Conflict where `agreed` is not the plan any more."""
    ask = HerokuCall(NOT_SAVED)
    plan = make(context, ask, file)
    if agreed not in (None, plan.id):
        message = "This is not the plan that was agreed to any more. Look, and try again."
        raise Conflict("plan_changed", message)

    @cache
    def read(app_id: str) -> Snapshot:
        return ask(context.reader.releases, app_id, as_it_is=True)

    fresh = {
        step.name: rule_save.prepare(read, step.after, step.row)
        for step in plan.changing
        if step.after is not None
    }
    with context.database.begin() as conn:
        _lock(context, conn, plan)
        ended = {
            step.name: _carry_out(conn, step, fresh.get(step.name), by, file.reason)
            for step in plan.changing
        }
        frozen = freeze_steps.carry_out(conn, plan.freezes, by=by)
    return plan.done(ended, freeze_steps.tell_late(context, frozen))


def _lock(context: Context, conn: Connection, plan: Plan) -> None:
    """Lock every rule, app and promotion that the plan touches, in the common lock order.

    Raises Conflict where the rules or freezes changed since the plan.
    """
    rules.lock(conn)
    if revisions(rules.live(conn)) != {**plan.stands_on, **plan.hidden}:
        message = "The rules were changed by somebody else meanwhile. Look, and try again."
        raise Conflict("rule_changed", message)
    apps.lock(conn, plan.apps)
    freeze_steps.check_standing(context, conn, plan.freezes)
    around = sorted(plan.sources | plan.freezes.apps)
    waiting_promotions.lock_around(conn, *around, with_waiting=plan.freezes.is_of_all)


def _carry_out(
    conn: Connection, step: Step, fresh: BaselineSnapshot | None, by: str, why: str | None
) -> tuple[int, ...]:
    """Write one step; return the promotions that were cancelled with a rule that went."""
    match step:
        case Step(action=Action.REMOVE, row=row) if row is not None:
            return rule_save.remove(conn, row, by).cancelled
        case Step(row=None, after=after) if after is not None and fresh is not None:
            rule_save.add(conn, after, fresh, by, why)
        case Step(row=row, after=after) if row is not None and after is not None and fresh:
            rule_save.change(conn, row, after, fresh, by, why)
    return ()


def make(context: Context, ask: HerokuCall, file: NewFile) -> Plan:
    """Make the plan. Raises Invalid, with one line for each fault; HerokuUnreadable."""
    with context.database.begin() as conn:
        rows = rules.live(conn, scope=context.reach.sees)
        standing = {row.name: rule_definition.standing(conn, row) for row in rows}
        own = {row.id for row in rows}
        hidden = [] if context.reach.sees.is_all else rules.live(conn)
        hidden = [row for row in hidden if row.id not in own]
    _check_unknown(file, standing.values())
    draft = _Draft(
        context, ask, {row.name: row for row in rows}, standing, list(file.faults), hidden
    )
    steps = [step for wish in file.rules if (step := draft.step(wish)) is not None]
    names = {wish.name for wish in file.rules}
    unnamed = sorted(set(standing) - names)
    gone = unnamed if file.prune else []
    steps += [Step(Action.REMOVE, n, draft.rows[n], standing[n], None) for n in gone]
    draft.check_routes(steps, [standing[name] for name in unnamed if name not in gone])
    for step in steps:
        if step.action is not Action.KEEP:
            context.reach.check(*step.targets)
    freezes = freeze_steps.plan(context, ask, file, draft.faults)
    if draft.faults:
        raise Invalid(told(draft.faults, "\n", most=MOST_OF_FILE))
    left = () if file.prune else tuple(unnamed)
    stay = [standing[name] for name in left]
    return Plan(
        steps=tuple(steps),
        unnamed=left,
        stands_on=revisions(rows),
        hidden=revisions(hidden),
        warnings=(
            *_warnings(context, steps, stay),
            *_of_commits(context, steps),
            *freezes.notes,
        ),
        freezes=freezes,
    )


def _check_unknown(file: NewFile, standing: Iterable[RuleDefinition]) -> None:
    """Count the apps of which Heroku would be asked. Raises Invalid before it is."""
    known = {app.name for rule in standing for app in (rule.source, *rule.targets)}
    named_ = {name for wish in file.rules for name in (wish.source, *wish.targets)}
    frozen = {name for wish in file.freezes or () for name in wish.apps or ()}
    if (unknown := len((named_ | frozen) - known)) > MOST_UNKNOWN:
        raise Invalid(
            f"The file names {unknown:,} apps that no rule has yet; at most {MOST_UNKNOWN} at a"
            " time, for Heroku is asked about each: apply it in parts."
        )


def _warnings(context: Context, steps: list[Step], others: list[RuleDefinition]) -> Iterable[str]:
    """Find what may surprise people about the file's rules as all are to stand; each thing once."""
    told = [step.after for step in steps if step.after is not None]
    names = {app_id: name for rule in told for app_id, name in rule.names.items()}
    armed = [rule.route for rule in (*told, *others) if rule.mode is Mode.ARMED]
    own = {rule.name for rule in told}
    pairs = overlaps(armed)
    found = [pair.message(names) for pair in pairs if own & {pair.rule, pair.other}]
    with context.database.begin() as conn:
        heard = {row.app_id for row in subscriptions.live(conn, scope=context.reach.sees)}
    changing = [step.after for step in steps if step.action is not Action.KEEP and step.after]
    sources = {rule.source.id: rule.source.name for rule in changing if rule.mode is not Mode.OFF}
    deaf = [name for app_id, name in sources.items() if app_id not in heard]
    return [*found, *map(rule_warnings.without_webhook, deaf)]


def _of_commits(context: Context, steps: Iterable[Step]) -> Iterable[str]:
    """Say what waits for people where rules ask for commits that nobody tells."""
    wanting = [step.after for step in steps if step.after and step.after.wants_commits]
    with context.database.begin() as conn:
        for rule in wanting:
            found = told_commits.count(conn, rule.source.id)
            for said in rule_warnings.of_commits(rule.source.name, found):
                yield f"{rule.name}: {said}"


@dataclass(slots=True)
class _Draft:
    """A plan in the making: what stands, what was asked of Heroku, and what is wrong so far."""

    context: Context
    ask: HerokuCall
    rows: dict[str, RuleRow]
    standing: dict[str, RuleDefinition]
    faults: list[str]
    hidden: list[RuleRow] = field(default_factory=list)  # rules that whoever asks may not see
    seen: set[str] = field(default_factory=set)
    found: dict[str, App | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Apps that rules name already are known, so that a file that changes nothing asks nothing.
        known = [app for rule in self.standing.values() for app in (rule.source, *rule.targets)]
        ids: dict[str, set[str]] = {}
        for app in known:
            ids.setdefault(app.name, set()).add(app.id)
        self.found = {app.name: app for app in known if len(ids[app.name]) == 1}

    def step(self, wish: NewRule) -> Step | None:
        """Plan what becomes of one rule; None where something is wrong with it."""
        if wish.name in self.seen:
            self.faults.append(f"{wish.name}: the file declares it twice.")
            return None
        self.seen.add(wish.name)
        before = self.standing.get(wish.name)
        after = self._declared(wish, before)
        if after is None:
            return None
        if before is None and wish.name in {row.name for row in self.hidden}:
            self.faults.append(f"{wish.name}: there is a rule of this name already.")
            return None
        if before is None:
            return Step(Action.ADD, wish.name, None, None, after)
        action = Action.KEEP if after == before else Action.CHANGE
        return Step(action, wish.name, self.rows[wish.name], before, after)

    def _declared(self, wish: NewRule, before: RuleDefinition | None) -> RuleDefinition | None:
        faults = [str(fault) for fault in rule_definition.faults_of(wish.conditions)]
        source = self._app(wish.source, faults)
        targets = [self._app(name, faults) for name in dict.fromkeys(wish.targets)]
        if not faults and source is not None:
            after = _merged(wish, source, [app for app in targets if app is not None], before)
            faults += self._faults_alone(after, before)
            if not faults:
                return after
        self.faults += [f"{wish.name}: {fault}" for fault in faults]
        return None

    def _app(self, name: str, faults: list[str]) -> App | None:
        """Find an app as rules know it, or else at Heroku; each is asked for once."""
        try:
            if name not in self.found:
                self.found[name] = named.find(self.context, self.ask, name)
            app = self.found[name]
            if app is not None:
                named.check_allowed(self.context, app.name)
        except Invalid as error:
            faults.append(error.message)
            return None
        if app is None:
            faults.append(named.unknown(self.context, name))
        return app

    def _faults_alone(self, after: RuleDefinition, before: RuleDefinition | None) -> list[str]:
        if before is not None and after.source.id != before.source.id:
            is_ = f"from: a rule's source does not change, and it is {before.source.name}."
            return [f"{is_} Give the rule another name, and remove this one."]
        try:
            if after != before:
                check_wish(self.context, self.ask, after, before)
        except Invalid as error:
            return [error.message]
        return []

    def check_routes(self, steps: Iterable[Step], others: Iterable[RuleDefinition]) -> None:
        """Check rules against each other, as all of them are to stand; add what is wrong."""
        rules_ = [*others, *(step.after for step in steps if step.after is not None)]
        acting = [rule for rule in rules_ if rule.mode is not Mode.OFF]
        names = {app_id: name for rule in rules_ for app_id, name in rule.names.items()}
        changed = [step.after for step in steps if step.action in (Action.ADD, Action.CHANGE)]
        for rule in changed:
            if rule not in acting or rule is None:
                continue
            try:
                routes = [other.route for other in acting if other.name != rule.name]
                check_route(rule.route, routes, names)
                hidden = [row.route for row in self.hidden if row.acts]
                rule_definition.refuse_hidden(rule.route, [*routes, *hidden])
            except (RuleRefused, Invalid) as refused:
                self.faults.append(f"{rule.name}: {refused}")


def _merged(
    wish: NewRule, source: App, targets: list[App], before: RuleDefinition | None
) -> RuleDefinition:
    """Build the rule as it is to stand; the order of its targets and an equal strategy stay."""
    conditions = rule_definition.conditions_of(wish.conditions)
    after = RuleDefinition(
        name=wish.name,
        source=source,
        targets=tuple({app.id: app for app in targets}.values()),
        mode=wish.mode,
        strategy=wish.strategy,
        on_newer=wish.on_newer,
        conditions=conditions,
    )
    if before is None or source.id != before.source.id:
        return after
    # The URLs of a rule's services hold secrets, so no file names them; the stored ones stay.
    after = replace(after, source=before.source, notify=before.notify, events_to=before.events_to)
    if after.target_ids == before.target_ids:
        after = replace(after, targets=before.targets)
    same = (strategy_of(rule.strategy, source.generation) for rule in (after, before))
    return replace(after, strategy=before.strategy) if len(set(same)) == 1 else after
