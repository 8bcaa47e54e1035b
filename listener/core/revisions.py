"""What changed between two revisions of a rule, as people write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from listener.core.gates.options import OPTIONS

_NAMES = {"on_newer": "on-newer", "events_to": "events-to"}
# What follows from another change, or is told apart.
_UNTOLD = frozenset({"source", "reason"})


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that a revision changed: what came and went of a list, else old and new."""

    name: str
    before: str = ""
    after: str = ""
    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The change in one line: `brake 2/1d → 3/1d`, `not-author + bot@acme.com`."""
        if self.came or self.went:
            parts = [*(f"+ {each}" for each in self.came), *(f"- {each}" for each in self.went)]
            return " ".join([self.name, *parts])
        return f"{self.name} {self.before} → {self.after}"


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Changed, ...]:
    """Return what differs between two rules as revisions store them; `targets` are names."""
    names = [name for name in {**before, **after} if name not in _UNTOLD]
    return tuple(
        _changed(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )


def _changed(name: str, before: Any, after: Any) -> Changed:
    said = _said(name)
    if isinstance(before, list | tuple) or isinstance(after, list | tuple):
        was, told = list(map(str, before or ())), list(map(str, after or ()))
        came = tuple(each for each in told if each not in was)
        went = tuple(each for each in was if each not in told)
        if came or went:
            return Changed(said, came=came, went=went)
        return Changed(said, ", ".join(was), ", ".join(told))  # in another order
    return Changed(said, _plain(before), _plain(after))


def _said(name: str) -> str:
    """Return the word of the command line for a field."""
    if name == "targets":
        return "to"
    option = OPTIONS.get(name)
    if option is None:
        return _NAMES.get(name, name)
    return option.flag.partition("/")[0].removeprefix("--")


def _plain(value: Any) -> str:
    match value:
        case None:
            return "unset"
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)
