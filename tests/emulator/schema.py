"""Heroku's own JSON schema, and how an answer is held against it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator, FormatChecker

BESIDE = Path(__file__).parents[3] / "shared" / "data" / "platform-api.schema.json"
# What clients read, or recorded payloads have, though the schema lacks it.
BEYOND = {"pipeline.name", "payload.published_at"}
# Recorded as null in this list, though the schema promises a time.
NULL_IN_LISTS = ("/apps/<>/releases", "updated_at")

FORMATS = FormatChecker()


@FORMATS.checks("date-time", raises=ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def schema_path() -> Path:
    """Where HEROKU_SCHEMA says, else where it lies beside a full checkout."""
    named = os.environ.get("HEROKU_SCHEMA")
    return Path(named) if named else BESIDE


@dataclass
class Schema:
    """Heroku's schema: finds the description of an answer by its route, and checks it."""

    root: dict[str, Any]
    seen: set[tuple[str, str]] = field(default_factory=set)

    def links(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Method, path and target schema of every call that the schema describes."""
        for definition in self.root["definitions"].values():
            for link in definition.get("links", []):
                target = link.get("targetSchema", definition)
                yield link["method"], blank(link["href"]), target

    def target(self, method: str, route: str) -> dict[str, Any] | None:
        """The description of what a route answers."""
        found = [target for verb, path, target in self.links() if (verb, path) == (method, route)]
        return found[0] if found else None

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """A node without references at its top."""
        while "$ref" in node:
            found: Any = self.root
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node

    def check(self, method: str, route: str, answer: Any) -> None:
        """Fail unless the answer is as described, with every field and no other."""
        self.seen.add((method, route))
        target = self.target(method, route)
        assert target is not None, f"the schema does not describe {method} {route}"
        if route == NULL_IN_LISTS[0] and isinstance(answer, list):
            named = NULL_IN_LISTS[1]
            answer = [each | {named: each[named] or each["created_at"]} for each in answer]
        validator = Draft4Validator({**target, "definitions": self.root["definitions"]})
        validator.evolve(format_checker=FORMATS).validate(answer)
        unknown = set(self.unknown(target, answer, route)) - BEYOND
        assert not unknown, f"{method} {route}: {sorted(unknown)}"

    def unknown(self, node: dict[str, Any], value: Any, name: str) -> Iterator[str]:
        """Names of fields that the description lacks, and, at the top, those it has and we lack."""
        node = self.resolve(node)
        if isinstance(value, list):
            for each in value:
                yield from self.unknown(node.get("items", {}), each, name)
        elif isinstance(value, dict) and "properties" in node:
            known = node["properties"]
            yield from (f"{name}.{key}" for key in value.keys() - known.keys())
            if name.startswith("/"):
                yield from (f"{name} lacks {key}" for key in known.keys() - value.keys())
            for key in value.keys() & known.keys():
                yield from self.unknown(known[key], value[key], key)


def blank(path: str) -> str:
    """A path with every parameter left blank, in the schema's spelling or in Flask's."""
    return re.sub(r"<[^>]+>|\{[^}]+\}", "<>", path)
