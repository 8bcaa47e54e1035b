"""The commits between what targets run and what would go, read while somebody waits: briefly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import Connection

from listener.core.commits import Relation, sha_of
from listener.core.shown import LONGEST_LINE, Shown, line_of
from listener.db import left_commits, shown_shipments
from listener.db.left_commits import Coming
from listener.github import GitHubError
from listener.heroku import HerokuError
from listener.inventory.commits import Told, Untold, Wanted
from listener.inventory.context import Context

SECONDS = 6.0  # for all targets; what is read later is stored, and told to whoever asks again
THREAD = "commits-between"
LATE = "It takes long to read. Ask again in a moment."


@dataclass(frozen=True, slots=True)
class Way:
    """What would go to a target, and the commits at both ends, as Heroku shows them."""

    target_id: str
    target: str  # its name
    artifact: str | None
    base: str | None
    head: str | None
    repo: str | None = None  # that the rule of this way names

    @property
    def ends(self) -> Ends | None:
        """The two commits, if both are known and differ."""
        base, head = sha_of(self.base), sha_of(self.head)
        return Ends(base, head, self.repo) if base and head and base != head else None


class Ends(NamedTuple):
    """Two commits, of the repository that Heroku tells, or a rule names."""

    base: str
    head: str
    repo: str | None


def between(context: Context, source_id: str, ways: Sequence[Way]) -> dict[str, Shown]:
    """Return by target what would ship, or why nobody tells it. It raises nothing."""
    pairs = dict.fromkeys(each.ends for each in ways if each.ends is not None)
    told = _read(context, source_id, pairs)
    with context.database.begin() as conn:
        return {each.target_id: _shown(conn, source_id, each, told) for each in ways}


def _read(context: Context, source_id: str, pairs: Iterable[Ends]) -> dict[Ends, Told | str]:
    """Read one pair after the other by a thread, of whose work we take what is done in time."""
    found: dict[Ends, Told | str] = dict.fromkeys(pairs, LATE)
    if not found:
        return found

    def read() -> None:
        for ends in list(found):
            found[ends] = _told(context, source_id, ends)

    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=THREAD)
    try:
        pool.submit(read).result(timeout=SECONDS)
    except TimeoutError:
        return dict(found)
    finally:
        pool.shutdown(wait=False)
    return found


def _told(context: Context, source_id: str, ends: Ends) -> Told | str:
    try:
        return context.commits.told(source_id, Wanted(*ends))
    except (Untold, HerokuError, GitHubError) as error:
        return line_of(str(error), most=LONGEST_LINE)


def _shown(conn: Connection, source_id: str, way: Way, told: dict[Ends, Told | str]) -> Shown:
    base, head = sha_of(way.base), sha_of(way.head)
    none = Shown(base=base, head=head)
    if head is None:
        return replace(none, untold="Heroku names no commit of what would go.")
    if base is None:
        return replace(none, untold=f"Heroku names no commit of what {way.target} runs.")
    if base == head:
        return replace(none, relation=Relation.IDENTICAL, commits=(), leaves=())
    found = told[Ends(base, head, way.repo)]
    coming = Coming(source_id, way.target_id, way.artifact or "", head)
    left = left_commits.find(conn, coming) if way.artifact is not None else None
    if isinstance(found, str):
        return replace(none, untold=found, left=left)
    shown = shown_shipments.of_comparison(conn, found.comparison_id, none)
    return replace(shown, repository=found.repository, left=left)
