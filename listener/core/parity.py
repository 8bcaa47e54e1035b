"""What a source and a target should have alike, compared: values in, sentences out.

A promotion copies a slug and nothing else. So where the apps differ, the target runs code that was
tried with something else.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass

from listener.core.app import App, Facts
from listener.core.finding import Finding, State, Unread

# Heroku names these by a colour of its own choice, and an app's primary one DATABASE_URL as well.
COLOURED = re.compile(r"HEROKU_POSTGRESQL_[A-Z]+_URL")
MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Traits:
    """An app, and what it should have in common with others."""

    app: App
    buildpacks: Sequence[str] | Unread
    config_vars: frozenset[str] | Unread


Comparator = Callable[[Traits, Traits], Finding]


def container(source: Traits, target: Traits) -> Finding:
    """Check that neither is a container app."""
    boxed = [each.app.name for each in (source, target) if each.app.is_container]
    stacks = [each.app.stack for each in (source, target) if not each.app.is_container]
    if not boxed:
        return _ok(
            "container", target, f"Neither {_both(source, target, 'nor')} is a container app."
        )
    return Finding(
        name="container",
        state=State.BROKEN,
        message=f"{' and '.join(boxed)} run{'s' * (len(boxed) == 1)} on the container stack.",
        why="Images of container apps cannot be promoted: every promotion is rejected.",
        mend=_set_stack(stacks[0], boxed[0]) if stacks and stacks[0] else "",
        app=target.app,
    )


def _set_stack(wanted: str, app: str) -> str:
    return f"heroku stack:set {shlex.quote(wanted)} -a {app}"


def generation(source: Traits, target: Traits) -> Finding:
    """Check that both are of one generation."""
    ours, theirs = source.app.generation, target.app.generation
    facts = {"source": ours, "target": theirs}
    if ours == theirs:
        return _ok(
            "generation", target, f"{_both(source, target)} are of generation {ours}.", facts
        )
    return Finding(
        name="generation",
        state=State.BROKEN,
        message=f"{source.app.name} is of generation {ours}, {target.app.name} of {theirs}.",
        why="What one builds cannot run on the other, and no app changes its generation:"
        " every promotion is rejected. Promote between apps of one generation.",
        app=target.app,
        facts=facts,
    )


def stack(source: Traits, target: Traits) -> Finding:
    """Check that the source's code is built for the stack that the target runs or is set to."""
    ours, theirs = source.app.stack, target.app.stack
    facts = {"source": ours, "target": theirs}
    if ours is None or theirs is None:
        unknown = source.app.name if ours is None else target.app.name
        return Unread(f"The stack of {unknown} is not known.").finding("stack", target.app)
    if ours == theirs:
        return _ok("stack", target, f"{_both(source, target)} run {ours}.", facts)
    if target.app.takes(ours):
        return _ok(
            "stack", target, f"{target.app.name} runs {theirs}, and is set to {ours}.", facts
        )
    return Finding(
        name="stack",
        state=State.BROKEN,
        message=f"{source.app.name} is built for {ours}, {target.app.name} runs {theirs}.",
        why="Its slugs would meet other system libraries, so every promotion waits. Move the source"
        " first and try it there, then the target; what waits goes by itself within a minute.",
        mend=_set_stack(ours, target.app.name),
        app=target.app,
        facts=facts,
    )


def buildpacks(source: Traits, target: Traits) -> Finding:
    """Check that both build with the same, if both chose; an app that never builds chose none."""
    ours, theirs = source.buildpacks, target.buildpacks
    if isinstance(ours, Unread) or isinstance(theirs, Unread):
        return _first_unread(ours, theirs).finding("buildpacks", target.app)
    facts = {"source": list(ours), "target": list(theirs)}
    for app, chosen in ((target.app, theirs), (source.app, ours)):
        if not chosen:
            return _ok("buildpacks", target, f"{app.name} chose no buildpacks of its own.", facts)
    if list(ours) == list(theirs):
        return _ok(
            "buildpacks", target, f"{_both(source, target)} build with {', '.join(ours)}.", facts
        )
    return Finding(
        name="buildpacks",
        state=State.WARNING,
        message=f"{source.app.name} builds with {', '.join(ours)},"
        f" {target.app.name} with {', '.join(theirs)}.",
        why="A slug goes as the source built it: what the target's own would add is missing.",
        # A Fir app has no command for it: the buildpacks stand in its project.toml.
        mend=_set_buildpacks(ours, target.app.name) if target.app.generation != "fir" else "",
        app=target.app,
        facts=facts,
    )


def _set_buildpacks(wanted: Sequence[str], app: str) -> str:
    if len(wanted) == 1:
        return f"heroku buildpacks:set {shlex.quote(wanted[0])} -a {app}"
    adding = [f"heroku buildpacks:add {shlex.quote(name)} -a {app}" for name in wanted]
    return " && ".join([f"heroku buildpacks:clear -a {app}", *adding])


def lacking(ours: Set[str], theirs: Set[str]) -> list[str]:
    """Return the names of config vars that a source has and a target should have, too."""
    return sorted(name for name in ours - theirs if not COLOURED.fullmatch(name))


def config_vars(source: Traits, target: Traits) -> Finding:
    """Check that the target has every config var of the source, by name, never by value."""
    ours, theirs = source.config_vars, target.config_vars
    if isinstance(ours, Unread) or isinstance(theirs, Unread):
        return _first_unread(ours, theirs).finding("config_vars", target.app)
    missing = lacking(ours, theirs)
    if not missing:
        message = f"{target.app.name} has every config var of {source.app.name}."
        return _ok("config_vars", target, message, {"missing": []})
    return Finding(
        name="config_vars",
        state=State.WARNING,
        message=f"{target.app.name} lacks config vars of {source.app.name}: {_named(missing)}.",
        why="A promotion brings no config: code that reads them breaks on arrival.",
        mend=set_config(missing, target.app.name),
        app=target.app,
        facts={"missing": missing},
    )


def set_config(missing: Sequence[str], app: str) -> str:
    """Return the command that sets these, their values left to whoever types it."""
    pairs = " ".join(f"{shlex.quote(name)}=…" for name in missing[:MOST_NAMED])
    return f"heroku config:set {pairs} -a {app}"


ASPECTS: tuple[Comparator, ...] = (container, generation, stack, buildpacks, config_vars)


def compare(
    source: Traits, target: Traits, aspects: Iterable[Comparator] = ASPECTS
) -> tuple[Finding, ...]:
    """Compare every aspect, in order; each finding is about the target."""
    return tuple(aspect(source, target) for aspect in aspects)


def _ok(name: str, target: Traits, message: str, facts: Facts | None = None) -> Finding:
    return Finding(name=name, state=State.OK, message=message, app=target.app, facts=facts or {})


def _both(source: Traits, target: Traits, word: str = "and") -> str:
    return f"{source.app.name} {word} {target.app.name}"


def _first_unread(*found: object) -> Unread:
    return next(each for each in found if isinstance(each, Unread))


def _named(names: Sequence[str]) -> str:
    shown: Iterable[str] = names[:MOST_NAMED]
    more = len(names) - MOST_NAMED
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
