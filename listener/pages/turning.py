"""Turns the pages of a long list: some rows at a time, older ones behind a link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from urllib.parse import urlencode

from flask import request

ROWS = 50


class Numbered(Protocol):
    """A row that has its place by its id."""

    @property
    def id(self) -> int:
        """Its number."""
        ...


Row = TypeVar("Row", bound=Numbered)


@dataclass(frozen=True, slots=True)
class Turn(Generic[Row]):
    """The rows that are shown now, with the way to older ones and back to the newest."""

    rows: Sequence[Row]
    older: str | None
    newest: str | None


def turn(path: str, found: Sequence[Row], wish: Mapping[str, str | None]) -> Turn[Row]:
    """Return the first rows of these, which are one more than is shown if there are older ones."""
    said = {name: value for name, value in wish.items() if value}
    rows = found[:ROWS]
    more = {**said, "before": str(rows[-1].id)} if len(found) > ROWS else None
    return Turn(
        rows,
        older=f"{path}?{urlencode(more)}" if more is not None else None,
        newest=_to(path, said) if "before" in request.args else None,
    )


def _to(path: str, said: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(said)}" if said else path
