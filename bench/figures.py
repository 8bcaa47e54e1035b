"""What a measure hands over: figures with their peers and goals, and what was not there."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HEAD = "| measure | ours | peer | ratio | goal | |\n|---|---|---|---|---|---|"
NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table; `kept` is None where nothing is promised."""

    what: str
    ours: str
    peer: str = NOTHING
    ratio: str = NOTHING
    goal: str = NOTHING
    kept: bool | None = None

    @property
    def line(self) -> str:
        """Return the row as Markdown."""
        verdict = {None: "", True: "kept", False: "MISSED"}[self.kept]
        cells = (self.what, self.ours, self.peer, self.ratio, self.goal, verdict)
        return f"| {' | '.join(cells)} |"


@dataclass(frozen=True, slots=True)
class Part:
    """What one measure found; notes say what a row cannot."""

    figures: Sequence[Figure]
    notes: Sequence[str] = ()


def told(what: str, ours: float, unit: str, peer: float | None = None) -> Figure:
    """Return a figure that promises nothing."""
    ratio = NOTHING if not peer else f"{ours / peer:.2f}"
    return Figure(what, _shown(ours, unit), NOTHING if peer is None else _shown(peer, unit), ratio)


def at_most(what: str, ours: float, most: float, unit: str) -> Figure:
    """Return a figure that must not pass a limit."""
    return Figure(what, _shown(ours, unit), goal=f"≤ {_shown(most, unit)}", kept=ours <= most)


def compared(
    what: str,
    ours: float,
    peer: float,
    unit: str,
    *,
    most: float | None = None,
    least: float | None = None,
) -> Figure:
    """Return a figure whose ratio to the peer's has a limit, of which exactly one is given."""
    ratio = ours / peer
    kept = ratio <= most if most is not None else ratio >= (least or 0)
    goal = f"≤ {most:g}×" if most is not None else f"≥ {least:g}×"
    return Figure(what, _shown(ours, unit), _shown(peer, unit), f"{ratio:.2f}×", goal, kept)


def median(values: Iterable[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _shown(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 100 or value == int(value) else 1
    return f"{value:,.{digits}f} {unit}".rstrip()
