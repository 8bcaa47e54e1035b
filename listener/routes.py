"""The order in which apps are locked that several rules name."""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

from listener.rules import Route


def in_order(routes: Iterable[Route]) -> list[str]:
    """The apps of these routes, each once: a source before its targets, those beside it by id."""
    feeds: dict[str, set[str]] = {}
    for route in routes:
        feeds.setdefault(route.source, set())
        for target in route.targets:
            feeds.setdefault(target, set()).add(route.source)
    sorter = TopologicalSorter(feeds)
    try:
        sorter.prepare()
    except CycleError:  # a way that goes and one that comes: each is right, together they are none
        return sorted(feeds)
    found: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found += ready
        sorter.done(*ready)
    return found
