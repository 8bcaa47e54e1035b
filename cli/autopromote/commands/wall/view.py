"""How a wall looks."""

from collections.abc import Iterable

from autopromote.resources import Wall

FEW = 2


def apps_of(wall: Wall) -> str:
    """Name the first apps, and say how many more there are."""
    names = [app["name"] for app in wall["apps"]]
    more = len(names) - FEW
    return ", ".join([*names[:FEW], *([f"{more} more"] if more > 0 else [])])


def listed(names: Iterable[str]) -> str:
    """Return names as a sentence has them."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
