"""An app at Heroku, as far as it matters whether another one's code may run there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Facts = Mapping[str, Any]  # what a gate or a look saw, as it is kept and shown


@dataclass(frozen=True, slots=True)
class App:
    """What must match between a source and a target."""

    id: str
    name: str
    stack: str | None = None
    generation: str = "cedar"
    is_container: bool = False
    build_stack: str | None = None  # what it is set to, by `heroku stack:set`, for what comes next

    def takes(self, stack: str) -> bool:
        """It runs this stack, or somebody set it to this one."""
        return stack in (self.stack, self.build_stack)
