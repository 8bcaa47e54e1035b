"""A bar chart as numbers: where its bars and lines stand, for whoever draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 260.0, 120.0
LEFT, TOP, BOTTOM = 42.0, 8.0, 102.0  # of the bars' ground
STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, from its upper left corner; `place` is that of its value in the series."""

    place: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line across the ground, and the value that it stands for."""

    y: float
    value: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of one value a day; days without one have no bar."""

    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]


def chart(values: Sequence[float | None]) -> Chart:
    """Lay out the values from left to right, on a scale that ends at a round number."""
    top = _round_up(max((each for each in values if each is not None), default=0.0))
    each = (WIDTH - LEFT) / max(len(values), 1)
    bars = (
        Bar(
            place,
            x=round(LEFT + place * each + each / 6, 1),
            y=round(BOTTOM - (BOTTOM - TOP) * value / top, 1),
            width=round(each * 2 / 3, 1),
            height=round((BOTTOM - TOP) * value / top, 1),
        )
        for place, value in enumerate(values)
        if value
    )
    lines = (Line(round(BOTTOM - (BOTTOM - TOP) * part, 1), top * part) for part in (0.0, 0.5, 1.0))
    return Chart(tuple(bars), tuple(lines))


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, … that is not below the value."""
    size = 1.0
    while True:
        for step in STEPS:
            if step * size >= value:
                return step * size
        size *= 10
