"""How two commits lie to each other: ahead, behind, diverged, and where they parted."""

from dataclasses import dataclass

from emulator.records import Commit, Repository
from emulator.repositories import ahead


@dataclass(frozen=True, slots=True)
class Comparison:
    """The commits that only one of two has, oldest first, and where they parted, if they did."""

    ahead: list[Commit]
    behind: list[Commit]
    merge_base: Commit | None

    @property
    def status(self) -> str:
        """The word for it."""
        if self.ahead and self.behind:
            return "diverged"
        if self.ahead:
            return "ahead"
        return "behind" if self.behind else "identical"


def compare(repository: Repository, base: Commit, head: Commit) -> Comparison:
    """Compare two commits of a repository."""
    gained, left = ahead(repository, base, head), ahead(repository, head, base)
    return Comparison(gained, left, _merge_base(repository, head, {each.sha for each in gained}))


def _merge_base(repository: Repository, head: Commit, gained: set[str]) -> Commit | None:
    """Return the newest commit in the history of `head` that was not gained.

    It is the newest by its making, so no other common commit follows it.
    """
    from_head = reachable(repository, head)
    common = [each for each in repository.commits.values() if each.sha in from_head - gained]
    return common[-1] if common else None


def reachable(repository: Repository, head: Commit) -> set[str]:
    """Return the SHAs of a commit's whole history, itself included."""
    found, todo = {head.sha}, [head]
    while todo:
        new = set(todo.pop().parents) - found
        found |= new
        todo += [repository.commits[sha] for sha in new]
    return found
