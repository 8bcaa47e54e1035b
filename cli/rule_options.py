"""Writes `rule_options.json` from the listener's description of its API: `make cli-options`.

python -m listener describe | python -m cli.rule_options
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".json")


def options(described: Any) -> list[dict[str, Any]]:
    """Return the flags by which a rule is declared, in the order in which the API tells them."""
    fields = described["components"]["schemas"]["RuleBody"]["properties"]
    return [_option(name, field) for name, field in fields.items() if "x-flag" in field]


def _option(name: str, field: Any) -> dict[str, Any]:
    return {
        "field": name,
        "flag": field["x-flag"],
        "metavar": field["x-metavar"],
        "help": field["description"],
        "type": next(kind["type"] for kind in field["anyOf"] if "type" in kind),
    }


def text(described: Any) -> str:
    """Return what the file must hold."""
    return f"{json.dumps(options(described), indent=2)}\n"


if __name__ == "__main__":
    FILE.write_text(text(json.load(sys.stdin)))
