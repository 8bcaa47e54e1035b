"""What a promotion would change on a target, told from what both apps ran."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from listener.core.release import History, Release


class Relation(StrEnum):
    """How the code to promote stands to what the target runs."""

    SAME = "same"
    NEWER = "newer"
    OLDER = "older"
    UNRELATED = "unrelated"


@dataclass(frozen=True, slots=True)
class Difference:
    """What the target runs, as which version of the source, and the deploys that lie between."""

    relation: Relation
    runs: Release | None
    runs_as: int | None
    deploys: tuple[Release, ...]  # newest first: brought by what is newer, undone by what is older

    @property
    def is_backwards(self) -> bool:
        """The promotion would undo deploys."""
        return self.relation is Relation.OLDER

    def says(self, release: Release, source: str, target: str) -> str:
        """Say the difference in one sentence."""
        many = f"{len(self.deploys)} deploy{'s' * (len(self.deploys) != 1)}"
        match self.relation:
            case Relation.SAME:
                version = self.runs.version if self.runs is not None else 0
                return f"{target} runs this slug already, in v{version}: nothing would change."
            case Relation.NEWER:
                return f"{target} runs {source} v{self.runs_as}; v{release.version} brings {many}."
            case Relation.OLDER:
                return (
                    f"{target} runs {source} v{self.runs_as}, which is newer:"
                    f" v{release.version} would undo {many}."
                )
            case Relation.UNRELATED if self.runs is None or self.runs.artifact is None:
                return f"{target} runs no code yet."
            case _:
                return f"{target} runs code that {source} never ran, in v{self.runs.version}."


def between(release: Release, source: History, target: History) -> Difference:
    """Compare a release of the source with what the target runs; versions tell what is newer."""
    runs = target.current
    running = runs.artifact if runs is not None else None
    theirs, mine = source.first_run(running), _place_of(release, source)
    if running is not None and running == release.artifact:
        return Difference(Relation.SAME, runs, theirs, ())
    if theirs is None:
        return Difference(Relation.UNRELATED, runs, None, _deploys(source, mine - 1, mine))
    if theirs > mine:
        return Difference(Relation.OLDER, runs, theirs, _deploys(source, mine, theirs))
    return Difference(Relation.NEWER, runs, theirs, _deploys(source, theirs, mine))


def _place_of(release: Release, source: History) -> int:
    """Return the place of its code in the source's order; its own version if it never ran."""
    return source.first_run(release.artifact) or release.version


def _deploys(source: History, above: int, up_to: int) -> tuple[Release, ...]:
    found = (each for each in source.deploys_above(above) if each.version <= up_to)
    return tuple(reversed(list(found)))
