"""Whether a rule's apps can be promoted at all, by the strategy that they need."""

from __future__ import annotations

from listener import matching
from listener.apps import App
from listener.desk.asking import Asking
from listener.desk.declared import Declared
from listener.errors import Invalid
from listener.rules import Mode, Strategy, strategy_of
from listener.steps.tools import Tools


def check(tools: Tools, ask: Asking, wanted: Declared, before: Declared | None = None) -> None:
    """Raises Invalid where no release could ever reach a target, saying what to do.

    A change that touches none of it is let through, and so is turning a rule off.
    """
    if wanted.mode is Mode.OFF or (before is not None and _same(wanted, before)):
        return
    boxes = [app for app in (wanted.source, *wanted.targets) if app.is_container]
    # What we know of an app may be old, where no rule was on for long.
    refuse_containers(*(ask(tools.readings.app, app.id) for app in boxes))
    if strategy_of(wanted.strategy, wanted.source.generation) is Strategy.PIPELINE:
        _check_pipelines(tools, ask, wanted)


def refuse_containers(*apps: App) -> None:
    """Raises Invalid where one of these is a container app."""
    for app in apps:
        if app.is_container:
            raise Invalid(matching.container(app.name))


def _same(wanted: Declared, before: Declared) -> bool:
    return (wanted.mode, wanted.strategy, wanted.route.targets) == (
        before.mode,
        before.strategy,
        before.route.targets,
    )


def _check_pipelines(tools: Tools, ask: Asking, wanted: Declared) -> None:
    source = wanted.source
    for target in wanted.targets:
        _refuse(
            matching.generations(source.name, source.generation, target.name, target.generation)
        )
    places = ask(tools.readings.pipelines, source.id, *(app.id for app in wanted.targets))
    for target, place in zip(wanted.targets, places, strict=True):
        _refuse(matching.pipelines(source.name, target.name, place))


def _refuse(why_not: str | None) -> None:
    if why_not is not None:
        raise Invalid(why_not)
