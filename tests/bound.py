"""The functions of services, as tests call them: without the context that each begins with."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

from listener.inventory.context import Context


class Bound:
    """Calls the functions of some modules of services with one context."""

    def __init__(self, context: Context, *names: str) -> None:
        self._context = context
        self._modules = [import_module(f"listener.services.{name}") for name in names]

    def __getattr__(self, name: str) -> Any:
        """Return the function of the first module that has one of this name."""
        module = next(each for each in self._modules if hasattr(each, name))
        return partial(getattr(module, name), self._context)
