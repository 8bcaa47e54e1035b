"""How two commits lie to each other: ahead, behind, diverged, and where they parted."""

from dataclasses import dataclass

from emulator.records import Commit, Repository


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
    of_base, of_head = reachable(repository, base), reachable(repository, head)
    common = _in_order(repository, of_base & of_head)
    return Comparison(
        ahead=_in_order(repository, of_head - of_base),
        behind=_in_order(repository, of_base - of_head),
        merge_base=common[-1] if common else None,  # no other common one comes after it
    )


def _in_order(repository: Repository, shas: set[str]) -> list[Commit]:
    return [each for each in repository.commits.values() if each.sha in shas]


def reachable(repository: Repository, head: Commit) -> set[str]:
    """Return the SHAs of a commit's whole history, itself included."""
    found, todo = {head.sha}, [head]
    while todo:
        new = set(todo.pop().parents) - found
        found |= new
        todo += [repository.commits[sha] for sha in new]
    return found
