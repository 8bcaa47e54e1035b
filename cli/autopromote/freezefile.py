"""Freezes in a file of rules: a table [[freeze]] for each, with times as `holds:add` takes them."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from autopromote.errors import Misuse
from autopromote.resources import Hold
from autopromote.times import absolute, day
from autopromote.toml import fits, value

FREEZE = "freeze"
ALL = "all"
TIMES = ("from", "until")


def faults_of(tables: object) -> Iterable[str]:
    """Yield what the API could not be asked about; what freezes say, it judges."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        yield f"{FREEZE} is no list of tables: write [[{FREEZE}]], and below it what it says."
        return
    for number, table in enumerate(tables, 1):
        for word, said in table.items():
            if (fault := fault_of(word, said)) is not None:
                yield f"{FREEZE} {number}: {word}: {fault}"


def fault_of(word: str, said: object) -> str | None:
    """Return why that cannot be sent; None where it can."""
    try:
        sent = as_written(said) if word in TIMES else said
    except Misuse as error:
        return str(error)
    return None if fits(sent) else "write a text, a number, true, false or a list."


def as_sent(tables: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return freezes as the API takes them."""
    return [
        {word: as_written(said) if word in TIMES else said for word, said in table.items()}
        for table in tables
    ]


def as_written(said: object) -> object:
    """Return a time as the listener reads it: it knows the zones, and this machine its own."""
    if isinstance(said, datetime):
        return absolute(said.isoformat()).isoformat()
    text = said.isoformat() if isinstance(said, date) else said
    if isinstance(text, str) and (moment := day(text)) is not None:
        return moment.isoformat()
    return text


def standing(holds: Iterable[Hold]) -> list[dict[str, Any]]:
    """Return the freezes among holds in the words of their file; apps that share one together."""
    found: dict[tuple[str, str, str, bool], set[str]] = {}
    for hold in holds:
        if hold.get("kind") == FREEZE:
            app = hold["app"]
            words = hold["from"] or "", hold["until"] or "", hold["reason"], app is not None
            found.setdefault(words, set()).add(app["name"] if app else ALL)
    return [said_of(words, names) for words, names in sorted(found.items())]


def said_of(words: tuple[str, str, str, bool], names: set[str]) -> dict[str, Any]:
    """Return one freeze; a time that it has not is left out."""
    begins, ends, reason, is_of_some = words
    times = {"from": begins, "until": ends}
    return {
        "apps": sorted(names) if is_of_some else ALL,
        **{word: time for word, time in times.items() if time},
        "reason": reason,
    }


def as_toml(freeze: Mapping[str, Any]) -> str:
    """Return a freeze as its table."""
    return "\n".join(
        [f"[[{FREEZE}]]", *(f"{word} = {value(said)}" for word, said in freeze.items())]
    )
