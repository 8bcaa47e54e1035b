"""A file of rules: TOML, a table for each rule, in the words of the API but `from` and `to`."""

import json
import math
import re
import sys
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from cli.conditions import LISTS, PARITY, TEXTS
from cli.errors import Failure
from cli.resources import Rule

RULES = "rules"
STDIN = "-"
BARE = re.compile(r"[A-Za-z0-9_-]+")
UNSEEN = "notify"  # its URLs hold secrets, which belong in no file, and which nobody is shown
FLAGS = (field for field, *_ in (*TEXTS, *LISTS, PARITY))
CONDITIONS = (*(field for field in FLAGS if field != UNSEEN), "self_approval")


def read(path: str) -> list[dict[str, Any]]:
    """Return the rules of a file as the API takes them; `-` is what stands on stdin."""
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
    return [{"name": name, **table} for name, table in said.get(RULES, {}).items()]


def faults_of(said: Mapping[str, Any]) -> Iterable[str]:
    """Yield what the API could not be asked about; what rules say, it judges."""
    for key in said:
        if key != RULES:
            meant = f" Did you mean {RULES}?" if get_close_matches(key, [RULES]) else ""
            yield f"{key} is unknown: there are tables like [{RULES}.ship] and nothing else.{meant}"
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
    if UNSEEN in table:
        return f"{name}: {UNSEEN}: its URLs are secrets: use `rules:update {name} --{UNSEEN} URL`."
    wrong = ", ".join(key for key, value in table.items() if not fits(value))
    return f"{name}: {wrong}: write a text, a number, true, false or a list." if wrong else None


def fits(value: object) -> bool:
    """Whether JSON has this: it has no dates, and no number beyond all numbers."""
    if isinstance(value, list):
        return all(fits(each) for each in value)
    if isinstance(value, dict):
        return all(fits(each) for each in value.values())
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


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


def as_toml(rules: Mapping[str, Mapping[str, Any]]) -> str:
    """Return rules as a file of them."""
    tables = [
        "\n".join([f"[{RULES}.{key(name)}]", *(f"{word} = {value(v)}" for word, v in told.items())])
        for name, told in rules.items()
    ]
    return "\n\n".join(tables)


def key(name: str) -> str:
    """Return a rule's name as TOML writes it."""
    return name if BARE.fullmatch(name) else value(name)


def value(said: object) -> str:
    """Return a value as TOML writes it: as JSON does, but for the character DEL."""
    if isinstance(said, list):
        return f"[{', '.join(value(each) for each in said)}]"
    return json.dumps(said, ensure_ascii=False).replace("\x7f", "\\u007f")
