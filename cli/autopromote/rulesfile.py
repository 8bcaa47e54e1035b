"""A file of rules and freezes: TOML, a table for each, in the words of the API but a few."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from autopromote import freezefile
from autopromote.conditions import OPTIONS
from autopromote.errors import Failure
from autopromote.freezefile import FREEZE
from autopromote.resources import Rule
from autopromote.toml import fits, key, value

RULES = "rules"
STDIN = "-"
# Their URLs hold secrets, which belong in no file, and which nobody is shown.
UNSEEN = {"notify": "--notify", "events_to": "--events-to"}
CONDITIONS = tuple(each.field for each in OPTIONS if each.field not in UNSEEN)


@dataclass(frozen=True)
class File:
    """What a file says, as the API takes it."""

    rules: list[dict[str, Any]]
    freezes: list[dict[str, Any]]

    def body(self, *, prune: bool) -> dict[str, Any]:
        """Return what is sent; a listener of before hears of freezes only where it must."""
        frozen = {"freezes": self.freezes} if self.freezes or prune else {}
        return {"rules": self.rules, "prune": prune, **frozen}


def read(path: str) -> File:
    """Return what a file says; `-` is what stands on stdin."""
    import tomllib

    try:
        raw = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
        said = tomllib.loads(raw.decode())
    except OSError as error:
        raise Failure(f"Couldn't read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Failure(f"Couldn't read {path}: it is not UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise Failure(f"{path} is not TOML: {error}.") from error
    if faults := list(faults_of(said)):
        raise Failure("\n".join(faults))
    rules = [{"name": name, **table} for name, table in said.get(RULES, {}).items()]
    return File(rules, freezefile.as_sent(said.get(FREEZE, [])))


def faults_of(said: Mapping[str, Any]) -> Iterable[str]:
    """Yield what the API could not be asked about; what rules say, it judges."""
    for word in said:
        if word not in (RULES, FREEZE):
            near = get_close_matches(word, [RULES, FREEZE], n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            known = f"tables like [{RULES}.ship] and [[{FREEZE}]]"
            yield f"{word} is unknown: there are {known}, and nothing else.{meant}"
    yield from freezefile.faults_of(said.get(FREEZE, []))
    tables = said.get(RULES, {})
    if not isinstance(tables, dict):
        yield f"{RULES} is no table: write [{RULES}.ship], and below it what the rule says."
        return
    yield from (fault for name, table in tables.items() if (fault := fault_of(name, table)))


def fault_of(name: str, table: object) -> str | None:
    """Return why that is no rule; None where it may be one."""
    if not isinstance(table, dict):
        return f"{name} is no table: write [{RULES}.{name}], and below it what the rule says."
    if "name" in table:
        return f"{name}: name is unknown: a rule's name stands in its heading."
    for field, flag in UNSEEN.items():
        if field in table:
            return f"{name}: {field}: its URLs are secrets: use `rules:update {name} {flag} URL`."
    wrong = ", ".join(key for key, value in table.items() if not fits(value))
    return f"{name}: {wrong}: write a text, a number, true, false or a list." if wrong else None


def said_of(rule: Rule) -> dict[str, Any]:
    """Return a rule in the words of its file; conditions that it does not ask for are left out."""
    asked = {field: rule.get(field) for field in CONDITIONS}
    return {
        "from": rule["source"]["name"],
        "to": [target["name"] for target in rule["targets"]],
        "mode": rule["mode"],
        "strategy": rule.get("strategy", "slug"),
        "on_newer": rule.get("on_newer", "supersede"),
        **{field: value for field, value in asked.items() if value is not None},
    }


def as_toml(
    rules: Mapping[str, Mapping[str, Any]], freezes: Iterable[Mapping[str, Any]] = ()
) -> str:
    """Return rules and freezes as a file of them."""
    tables = [
        "\n".join([f"[{RULES}.{key(name)}]", *(f"{word} = {value(v)}" for word, v in told.items())])
        for name, told in rules.items()
    ]
    return "\n\n".join([*tables, *map(freezefile.as_toml, freezes)])
