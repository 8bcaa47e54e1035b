"""Writes what the command line takes over from the listener's API: `make cli-api`.

    python -m listener describe | python -m autopromote.generate

`rule_options.json` has the flags by which a rule is declared, `resources.py` the types of answers.
"""

from __future__ import annotations

import json
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OPTIONS, RESOURCES = HERE / "rule_options.json", HERE / "resources.py"
HEAD = '''"""What the listener answers. Written by generate.py from its API: do not edit.

A key that came later is NotRequired, for an older listener tells less.
"""

from typing import Any, NotRequired, TypedDict
'''
PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
REF = "#/components/schemas/"
UNDESCRIBED = "Problem"  # what errors say is read by hand, for it may come from any proxy

Json = dict[str, Any]


def options(described: Json) -> str:
    """Return the flags of rules, in the order in which the API tells them, as JSON."""
    fields = described["components"]["schemas"]["RuleBody"]["properties"]
    flags = [_option(name, field) for name, field in fields.items() if "x-flag" in field]
    return f"{json.dumps(flags, indent=2)}\n"


def _option(name: str, field: Json) -> Json:
    return {
        "field": name,
        "flag": field["x-flag"],
        "metavar": field["x-metavar"],
        "help": field["description"],
        "type": next(kind["type"] for kind in field["anyOf"] if "type" in kind),
    }


def resources(described: Json) -> str:
    """Return the types of all answers as a Python module, each after those that it names."""
    schemas = described["components"]["schemas"]
    wanted: dict[str, set[str]] = {}
    todo = sorted(_named(described["paths"], "responses") - {UNDESCRIBED})
    while todo:
        name = todo.pop()
        if name not in wanted and "properties" in schemas[name]:
            wanted[name] = _refs(schemas[name])
            todo += sorted(wanted[name])
    inside = {name: sorted(names & wanted.keys()) for name, names in sorted(wanted.items())}
    order = TopologicalSorter(inside).static_order()
    return "\n\n".join([HEAD, *(_declared(name, schemas) for name in order)])


def _named(node: Any, under: str) -> set[str]:
    """Return the schemas that are named anywhere under a key."""
    if not isinstance(node, dict):
        return set()
    return {
        name
        for key, inner in node.items()
        for name in (_refs(inner) if key == under else _named(inner, under))
    }


def _refs(node: Any) -> set[str]:
    if isinstance(node, list):
        return {name for inner in node for name in _refs(inner)}
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"].removeprefix(REF)} if "$ref" in node else set()
    return own.union(*(_refs(inner) for inner in node.values()))


def _declared(name: str, schemas: Json) -> str:
    schema = schemas[name]
    needed = schema.get("required", ())
    fields = {
        key: kind if key in needed else f"NotRequired[{kind}]"
        for key, inner in schema["properties"].items()
        for kind in [_type(inner, schemas)]
    }
    says = schema["description"].partition("\n")[0]
    if all(key.isidentifier() and key not in {"from", "except"} for key in fields):
        lines = [f"    {key}: {kind}" for key, kind in fields.items()]
        return "\n".join([f"class {name}(TypedDict):", f'    """{says}"""', "", *lines, ""])
    pairs = [f'        "{key}": {kind},' for key, kind in fields.items()]
    return "\n".join([f"{name} = TypedDict(", f'    "{name}",', "    {", *pairs, "    },", ")", ""])


def _type(schema: Json, schemas: Json) -> str:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REF)
        return name if "properties" in schemas[name] else _type(schemas[name], schemas)
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(each, schemas) for each in schema["anyOf"]))
    match schema.get("type"):
        case "array":
            return f"list[{_type(schema['items'], schemas)}]"
        case "object":
            return "dict[str, Any]"
        case None:
            return "Any"
        case kind:
            return PLAIN[kind]


def main() -> None:
    """Write both files."""
    described = json.load(sys.stdin)
    OPTIONS.write_text(options(described))
    RESOURCES.write_text(resources(described))


if __name__ == "__main__":
    main()
