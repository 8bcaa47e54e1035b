"""Which gates are asked, in which order: a gate's place in the list is its precedence."""

from __future__ import annotations

from listener.decision import Gate
from listener.gates import always

Gates = tuple[tuple[str, Gate], ...]

GATES: Gates = (
    ("source", always.source),
    ("match", always.match),
    ("order", always.order),
    ("target", always.target),
    ("hold", always.hold),
)
ROLLBACK_GATES: Gates = (
    ("match", always.match),
    ("target", always.room_to_roll_back),
)
