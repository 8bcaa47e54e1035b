"""Planning what a file of rules changes, and finding everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from listener.apps import App
from listener.desk import apps as named
from listener.desk import cautions, declared, freezing, messages, wishes
from listener.desk.asking import Asking
from listener.desk.declared import Declared, NewRule
from listener.desk.plans import Action, NewFile, Plan, Step, revisions
from listener.errors import HerokuUnreadable, Invalid
from listener.rules import Mode, RuleRefused, check_route, overlaps, strategy_of
from listener.steps.tools import Tools
from listener.store import apps, rules, subscriptions
from listener.store.rules import RuleRow


def make(tools: Tools, ask: Asking, file: NewFile) -> Plan:
    """The plan. Raises Invalid, with every fault a line; HerokuUnreadable."""
    with tools.database.begin() as conn:
        rows = rules.live(conn)
        standing = {row.name: declared.standing(conn, row) for row in rows}
    draft = _Draft(tools, ask, {row.name: row for row in rows}, standing, list(file.faults))
    steps = [step for wish in file.rules if (step := draft.step(wish)) is not None]
    names = {wish.name for wish in file.rules}
    unnamed = sorted(set(standing) - names)
    gone = unnamed if file.prune else []
    steps += [Step(Action.REMOVE, n, draft.rows[n], standing[n], None) for n in gone]
    draft.check_routes(steps, [standing[name] for name in unnamed if name not in gone])
    freezes = freezing.plan(tools, ask, file, draft.faults)
    if draft.faults:
        raise Invalid("\n".join(draft.faults))
    left = () if file.prune else tuple(unnamed)
    stay = [standing[name] for name in left]
    return Plan(
        steps=tuple(steps),
        unnamed=left,
        stands_on=revisions(rows),
        warnings=(
            *_warnings(tools, steps, stay),
            *_of_messages(tools, ask, steps),
            *freezes.notes,
        ),
        freezes=freezes,
    )


def _warnings(tools: Tools, steps: list[Step], others: list[Declared]) -> Iterable[str]:
    """What may surprise of the file's rules as all are to stand; each thing once."""
    told = [step.after for step in steps if step.after is not None]
    names = {app_id: name for rule in told for app_id, name in rule.names.items()}
    armed = [rule.route for rule in (*told, *others) if rule.mode is Mode.ARMED]
    own = {rule.name for rule in told}
    pairs = overlaps(armed)
    found = [pair.message(names) for pair in pairs if own & {pair.rule, pair.other}]
    with tools.database.begin() as conn:
        heard = {row.app_id for row in subscriptions.live(conn)}
    changing = [step.after for step in steps if step.action is not Action.KEEP and step.after]
    sources = {rule.source.id: rule.source.name for rule in changing if rule.mode is not Mode.OFF}
    deaf = [name for app_id, name in sources.items() if app_id not in heard]
    return [*found, *map(cautions.without_webhook, deaf)]


def _of_messages(tools: Tools, ask: Asking, steps: Iterable[Step]) -> Iterable[str]:
    """What waits for people where the file asks for commit messages that Heroku does not tell."""
    wanting = [(step, step.after) for step in steps if step.after and step.after.wants_messages]
    changing = (rule for step, rule in wanting if step.action is not Action.KEEP)
    for source_id in dict.fromkeys(rule.source.id for rule in changing):
        _learn(tools, ask, source_id)
    with tools.database.begin() as conn:
        for _, rule in wanting:
            found = messages.count(conn, rule.source.id)
            for said in cautions.of_messages(rule.source.name, found):
                yield f"{rule.name}: {said}"


def _learn(tools: Tools, ask: Asking, source_id: str) -> None:
    """What cannot be read now stops no plan."""
    with tools.database.begin() as conn:
        is_read = apps.get(conn, source_id).read_at is not None
    try:
        if not is_read:
            ask(tools.readings.releases, source_id)
    except HerokuUnreadable:
        return
    messages.learn(tools, ask, source_id)


@dataclass(slots=True)
class _Draft:
    """A plan in the making: what stands, what was asked of Heroku, and what is wrong so far."""

    tools: Tools
    ask: Asking
    rows: dict[str, RuleRow]
    standing: dict[str, Declared]
    faults: list[str]
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
        """What becomes of one rule; None where something is wrong with it."""
        if wish.name in self.seen:
            self.faults.append(f"{wish.name}: the file declares it twice.")
            return None
        self.seen.add(wish.name)
        before = self.standing.get(wish.name)
        after = self._declared(wish, before)
        if after is None:
            return None
        if before is None:
            return Step(Action.ADD, wish.name, None, None, after)
        action = Action.KEEP if after == before else Action.CHANGE
        return Step(action, wish.name, self.rows[wish.name], before, after)

    def _declared(self, wish: NewRule, before: Declared | None) -> Declared | None:
        faults = [str(fault) for fault in declared.faults_of(wish.conditions)]
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
        """An app as it is known, or as Heroku knows it; each is asked for once."""
        try:
            if name not in self.found:
                self.found[name] = named.find(self.tools, self.ask, name)
            app = self.found[name]
            if app is not None:
                named.check_allowed(self.tools, app.name)
        except Invalid as error:
            faults.append(error.message)
            return None
        if app is None:
            faults.append(f"Heroku knows no app {name} that the listener's account may see.")
        return app

    def _faults_alone(self, after: Declared, before: Declared | None) -> list[str]:
        if before is not None and after.source.id != before.source.id:
            is_ = f"from: a rule's source does not change, and it is {before.source.name}."
            return [f"{is_} Give the rule another name, and remove this one."]
        try:
            if after != before:
                wishes.check(self.tools, self.ask, after, before)
        except Invalid as error:
            return [error.message]
        return []

    def check_routes(self, steps: Iterable[Step], others: Iterable[Declared]) -> None:
        """What is wrong with rules beside each other, as all of them are to stand."""
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
            except RuleRefused as refused:
                self.faults.append(f"{rule.name}: {refused}")


def _merged(wish: NewRule, source: App, targets: list[App], before: Declared | None) -> Declared:
    """The rule as it is to stand; the order of its targets and an equal strategy stay."""
    conditions = declared.conditions_of(wish.conditions)
    after = Declared(
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
    # Whom a rule tells holds secrets, so no file says it; what stands stays.
    after = replace(after, source=before.source, notify=before.notify)
    if after.target_ids == before.target_ids:
        after = replace(after, targets=before.targets)
    same = (strategy_of(rule.strategy, source.generation) for rule in (after, before))
    return replace(after, strategy=before.strategy) if len(set(same)) == 1 else after
