"""The flags by which a rule asks for more than the gates that always apply."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from autopromote.options import each_of

Decorated = Callable[..., Any]

NONE = "none"  # this value removes a condition
LIST, NUMBER = "array", "integer"


@dataclass(frozen=True, slots=True)
class Option:
    """One condition: its field in the API, its flag, and the type of its value in JSON."""

    field: str
    flag: str
    metavar: str | None
    help: str
    type: str

    @property
    def is_switch(self) -> bool:
        """Whether it is a pair of flags, like `--checks/--no-checks`."""
        return "/" in self.flag


# Made from what the listener tells of its API; `make cli-api` writes it.
OPTIONS = tuple(
    Option(**each) for each in json.loads(Path(__file__).with_name("rule_options.json").read_text())
)
NUMBERS = frozenset(option.field for option in OPTIONS if option.type == NUMBER)
COMMAS = frozenset(option.field for option in OPTIONS if "," in (option.metavar or ""))


def conditions(function: Decorated) -> Decorated:
    """Add the flags; list flags may be repeated."""
    for option in reversed(OPTIONS):
        many = {"multiple": True} if option.type == LIST else {"default": None}
        function = click.option(
            option.flag, option.field, metavar=option.metavar, help=option.help, **many
        )(function)
    return function


def said(choices: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given conditions as the API takes them; `none` removes a condition."""
    given = {field: value for field, value in choices.items() if value not in (None, ())}
    return {field: as_api(field, value) for field, value in given.items()}


def as_api(field: str, value: Any) -> Any:
    """Return one value as the API takes it; a malformed one unchanged, for the API to refuse."""
    if value in (NONE, (NONE,)):
        return None
    if field in COMMAS:
        return each_of(value)
    if isinstance(value, tuple):
        return list(value)
    return int(value) if field in NUMBERS and value.isdecimal() else value
