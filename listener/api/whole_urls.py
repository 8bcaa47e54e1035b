"""The URLs that rules have asked: what follows `?` may be a secret, which admins alone see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from listener.api.auth import person
from listener.core.gates.options import OF_URLS
from listener.core.verification import without_query
from listener.roles import Role


def may_see(apps: Iterable[str]) -> bool:
    """Return whether who asks is an admin of every one of these apps, by name."""
    return all(person().rights.on(name) is Role.ADMIN for name in apps)


def cut(name: str, value: Any) -> Any:
    """Return the value of a rule's field as everybody may see it."""
    if name not in OF_URLS:
        return value
    if isinstance(value, list | tuple):
        return [cut(name, each) for each in value]
    return without_query(value) if isinstance(value, str) else value


def cut_all(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a rule as everybody may see them."""
    return {name: cut(name, value) for name, value in said.items()}
