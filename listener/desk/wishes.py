"""Rules as people wish them, made into rules as they are to stand, with apps as Heroku has them."""

from __future__ import annotations

from dataclasses import replace

from listener.desk import apps as named
from listener.desk import declared, strategies
from listener.desk.asking import Asking
from listener.desk.declared import Declared, NewRule, RuleChange
from listener.desk.told import services_of
from listener.steps.tools import Tools


def new(tools: Tools, ask: Asking, wish: NewRule) -> Declared:
    """A new rule. Raises Invalid, HerokuUnreadable."""
    conditions = declared.conditions_of(wish.conditions)
    return Declared(
        name=wish.name,
        source=named.read(tools, ask, wish.source),
        targets=named.read_all(tools, ask, wish.targets),
        mode=wish.mode,
        strategy=wish.strategy,
        on_newer=wish.on_newer,
        conditions=conditions,
        notify=services_of(wish.notify, tools.keys.services),
    )


def changed(tools: Tools, ask: Asking, standing: Declared, change: RuleChange) -> Declared:
    """The rule after a change of it. Raises Invalid, HerokuUnreadable."""
    conditions = declared.conditions_of(change.conditions, standing.conditions)
    wanted = replace(standing, **change.plain, conditions=conditions)
    if change.notify is not None:
        wanted = replace(wanted, notify=services_of(change.notify, tools.keys.services))
    if change.targets is None:
        return wanted
    targets = named.read_all(tools, ask, change.targets)
    same = {app.id for app in targets} == standing.target_ids
    return wanted if same else replace(wanted, targets=targets)


def check(tools: Tools, ask: Asking, wanted: Declared, standing: Declared | None = None) -> None:
    """What is wrong with the rule whatever other rules say. Raises Invalid, HerokuUnreadable."""
    declared.check_alone(wanted)
    strategies.check(tools, ask, wanted, standing)
