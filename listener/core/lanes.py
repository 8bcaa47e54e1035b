"""Lanes: how releases flow from each source to its targets, and what to look at first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from listener.core.gates.binding import Binding
from listener.core.promotion import Status


class Tone(StrEnum):
    """How a state is shown; the words are classes of the style sheet."""

    OK = "ok"
    RUN = "run"  # under way
    ASK = "ask"  # a person is needed
    BAD = "bad"  # went wrong
    WAIT = "wait"  # waits by itself
    END = "end"  # ended without a release


def tone_of(status: Status, binding: Binding | None = None) -> Tone:
    """Return how a promotion in this status is shown; `binding` is what a waiting one waits for."""
    match status:
        case Status.WAITING:
            return Tone.ASK if binding is not None and binding.needs_person else Tone.WAIT
        case Status.POSTING | Status.RELEASING | Status.VERIFYING:
            return Tone.RUN
        case Status.SUCCEEDED:
            return Tone.OK
        case Status.ROLLING_BACK | Status.FAILED | Status.ERRORED | Status.ROLLED_BACK:
            return Tone.BAD
        case _:
            return Tone.END


@dataclass(frozen=True, slots=True)
class Stop:
    """One app of a lane, and how many apps stand before it."""

    app_id: str
    source_id: str | None  # where its releases come from; None at the beginning
    depth: int
    is_source: bool  # releases go on from here


def lanes(routes: Iterable[tuple[str, str]], names: Mapping[str, str]) -> list[tuple[Stop, ...]]:
    """Return a lane for each app that is only a source, by name; chains go deeper.

    A route is a source and one target, by id. A target has one source among the rules that act; of
    several that are off, the first by name counts.
    """
    targets: dict[str, set[str]] = {}
    source_of: dict[str, str] = {}
    for source, target in sorted(
        routes, key=lambda route: [names.get(each, each) for each in route]
    ):
        if source_of.setdefault(target, source) == source:
            targets.setdefault(source, set()).add(target)
    first = [each for each in targets if each not in source_of]

    def by_name(ids: Iterable[str]) -> list[str]:
        return sorted(ids, key=lambda each: (names.get(each, each), each))

    def walk(app_id: str, source_id: str | None, depth: int) -> Iterable[Stop]:
        goes_to = targets.get(app_id, set())
        yield Stop(app_id, source_id, depth, bool(goes_to))
        for target in by_name(goes_to):
            yield from walk(target, app_id, depth + 1)

    return [tuple(walk(each, None, 0)) for each in by_name(first)]


def lane_name(apps: Sequence[str]) -> str:
    """Return what the names of a lane's apps begin with, up to a hyphen; else the first name."""
    shortest, longest = min(apps), max(apps)
    same = next(
        (n for n, (a, b) in enumerate(zip(shortest, longest, strict=False)) if a != b),
        len(shortest),
    )
    common = apps[0][:same]
    is_whole = all(len(each) == same or each[same] == "-" for each in apps)
    found = common if is_whole else common.rpartition("-")[0]
    return found.strip("-") or apps[0]
