"""Read what ships: the repository of an app, and the commits between two of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection

from listener import github as at_github
from listener import heroku as at_heroku
from listener.core.commits import (
    LONGEST_MESSAGE,
    MOST_COMMITS,
    Commit,
    Comparison,
    Pull,
    Relation,
    sha_of,
    short,
)
from listener.db import apps, releases, repositories
from listener.db.engine import Database
from listener.db.repositories import Pair, Refusal, RepositoryRow
from listener.github import GitHub, GitHubError
from listener.heroku import Heroku, Spender, on_behalf_of
from listener.inventory.reader import HerokuReader

__all__ = ["READER", "CommitReader", "Told", "Untold", "Wanted", "sha_of"]

T = TypeVar("T")

# Nothing of it decides what is promoted, so it leaves calls for all that does.
READER = Spender("what ships", keeps=1000, a_minute=60)
ASKED_AGAIN = timedelta(hours=24)  # what Heroku tells, and what it refuses
SOON = timedelta(minutes=10)  # what GitHub refuses: somebody may give the token a right
# Not about what was asked for: the token counts no more, or may ask nothing just now.
_OF_TOKEN = frozenset({401, 402, 423, 429})
FORBIDDEN, NOT_FOUND = 403, 404
HEROKU, GITHUB = "heroku", "github"


class Untold(Exception):
    """Nobody tells it: the message says who was asked and why not; it may be told `again_in`."""

    def __init__(self, message: str, *, again_in: timedelta | None = None) -> None:
        super().__init__(message)
        self.again_in = again_in


@dataclass(frozen=True, slots=True)
class Told:
    """A comparison that is stored, and the repository that it is of."""

    repository: str
    comparison_id: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Two commits of an app that are to be compared, and the repository that a rule names."""

    base: str
    head: str
    named: str | None = None


class CommitReader:
    """Asks Heroku for repositories, and GitHub for commits; Heroku where GitHub cannot be asked.

    Every method may raise HerokuError and GitHubError: then it is to be asked again later.
    """

    def __init__(
        self,
        database: Database,
        heroku: Heroku,
        reader: HerokuReader,
        github: GitHub | None = None,
    ) -> None:
        self._database = database
        self._heroku = heroku
        self._reader = reader
        self._github = github
        self._told_by = HEROKU if github is None else GITHUB

    def repository(self, app_id: str, named: str | None = None) -> str:
        """Return the repository of an app, or of an app that feeds it. Raises Untold.

        What the promotion's own rule names counts first. Heroku is asked once a day for each app,
        also where it tells nothing.
        """
        return self._repository(app_id, named)[1]

    def told_by_heroku(self, app_id: str) -> str | None:
        """Return the repository that Heroku tells of this very app, asked once a day."""
        return self._asked(app_id).full_name

    def told(self, app_id: str, wanted: Wanted) -> Told:
        """Compare two commits of an app's repository, each pair once. Raises Untold."""
        origin, name = self._repository(app_id, wanted.named)
        pair = Pair(name, wanted.base, wanted.head)
        with self._database.begin() as conn:
            known = repositories.find_comparison(conn, pair)
        if known is None:
            known = self._compare(origin, pair)
        return Told(name, known)

    def stored(
        self, conn: Connection, app_id: str, wanted: Collection[Wanted]
    ) -> dict[Wanted, Told | Untold]:
        """Return what `told` would without asking anybody; what it would ask for is left out."""
        found: dict[Wanted, Told | Untold] = {}
        pairs: dict[Wanted, Pair] = {}
        for named in {each.named for each in wanted}:
            alike = [each for each in wanted if each.named == named]
            name, why = self._stored_repository(conn, app_id, named)
            if name is not None:
                pairs |= {each: Pair(name, each.base, each.head) for each in alike}
            if why is not None:
                found |= dict.fromkeys(alike, why)
        known = repositories.find_comparisons(conn, pairs.values())
        refused, now = repositories.refused(conn, pairs.values(), self._told_by), releases.now(conn)
        found |= {each: _refusal(refused[at], now) for each, at in pairs.items() if at in refused}
        told = {each: Told(at.repository, known[at]) for each, at in pairs.items() if at in known}
        return found | told

    def _stored_repository(
        self, conn: Connection, app_id: str, named: str | None
    ) -> tuple[str | None, Untold | None]:
        """Return the name of a repository, and why nothing more is told of it; None if unknown."""
        if named is not None and self._github is not None:
            return named, None
        now, why = releases.now(conn), None
        for each in repositories.origins(conn, app_id):
            known = repositories.of_app(conn, each)
            if known is None or known.ask_at <= now:
                return None, None
            if known.full_name is not None:
                is_refused = self._github is None and known.is_refused(now)
                return known.full_name, Untold(known.refused or "") if is_refused else None
            why = why or known.why
        return None, self._untold(why)

    def commit(self, app_id: str, artifact: str) -> str | None:
        """Return the commit of a slug: what is stored, else by one call. None if there is none."""
        with on_behalf_of(READER):
            try:
                commit, _ = self._reader.slug(app_id, artifact)
            except at_heroku.Refused as refused:
                _raise_unless_it_is_told(refused)
                return None
        return sha_of(commit)

    def _repository(self, app_id: str, named: str | None) -> tuple[str, str]:
        """Return the app whose repository it is, and the name."""
        # Heroku compares commits of what it is connected to alone.
        if named is not None and self._github is not None:
            return app_id, named
        with self._database.begin() as conn:
            origins = repositories.origins(conn, app_id)
        why: str | None = None
        for each in origins:
            known = self._asked(each)
            if known.full_name is not None:
                return each, known.full_name
            why = why or known.why
        raise self._untold(why)

    def _untold(self, why: str | None) -> Untold:
        hint = "" if self._github is None else " Name it by `--repo` on the rule."
        return Untold(f"{why}{hint}")

    def _asked(self, app_id: str) -> RepositoryRow:
        with self._database.begin() as conn:
            known, now = repositories.of_app(conn, app_id), releases.now(conn)
        if known is not None and known.ask_at > now:
            return known
        full_name, why = self._ask(app_id)
        with self._database.begin() as conn:
            repositories.set_of_app(conn, app_id, full_name, why=why, for_=ASKED_AGAIN)
        return RepositoryRow(full_name, why, now, None, None)

    def _ask(self, app_id: str) -> tuple[str | None, str | None]:
        """Ask Heroku for the repository of an app, then for that of its pipeline."""
        with on_behalf_of(READER):
            name, why = _refusable(lambda: self._heroku.app_repository(app_id))
            if name is None and (pipeline := self._pipeline(app_id)) is not None:
                name, why = _refusable(lambda: self._heroku.pipeline_repository(pipeline))
        with self._database.begin() as conn:
            app = apps.get(conn, app_id).name
        return name, None if name else f"Heroku does not tell the repository of {app}: {why}"

    def _pipeline(self, app_id: str) -> str | None:
        return self._reader.pipeline(app_id, for_=ASKED_AGAIN)

    def _compare(self, origin: str, pair: Pair) -> int:
        """Compare two commits, and store the answer, or for how long it is not to be asked for."""
        with self._database.begin() as conn:
            refused = repositories.refused(conn, [pair], self._told_by)
            now = releases.now(conn)
        if pair in refused:
            raise _refusal(refused[pair], now)
        if self._github is not None:
            found = self._compared_by_github(self._github, pair)
        else:
            with on_behalf_of(READER):
                found = self._compared_by_heroku(origin, pair)
        with self._database.begin() as conn:
            return repositories.add_comparison(conn, pair, found, told_by=self._told_by)

    def _compared_by_github(self, github: GitHub, pair: Pair) -> Comparison:
        try:
            return _of_github(github, pair)
        except at_github.Refused as refused:
            with self._database.begin() as conn:
                repositories.refuse(conn, pair, GITHUB, str(refused), for_=SOON)
            raise Untold(str(refused), again_in=SOON) from refused

    def _compared_by_heroku(self, app_id: str, pair: Pair) -> Comparison:
        with self._database.begin() as conn:
            known, now = repositories.of_app(conn, app_id), releases.now(conn)
        if known is not None and known.is_refused(now):
            raise Untold(known.refused or "")
        pipeline = self._pipeline(app_id)
        if pipeline is None:
            raise Untold("Heroku compares commits for pipelines, and it is in none.")
        try:
            coming = self._heroku.compare_commits(pipeline, pair.base, pair.head)
            leaving = self._heroku.compare_commits(pipeline, pair.head, pair.base)
        except at_heroku.Refused as refused:
            _raise_unless_it_is_told(refused)
            raise self._refused(app_id, pipeline, pair, refused) from refused
        except at_heroku.BadAnswer as bad:
            with self._database.begin() as conn:
                repositories.refuse(conn, pair, HEROKU, str(bad), for_=ASKED_AGAIN)
            raise Untold(str(bad)) from bad
        return _of_heroku(coming, leaving)

    def _refused(
        self, app_id: str, pipeline: str, pair: Pair, refused: at_heroku.Refused
    ) -> Untold:
        """Remember a refusal: of this pair, or of all where Heroku compares nothing there."""
        is_of_all = refused.status == FORBIDDEN or (
            refused.status == NOT_FOUND
            and _refusable(lambda: self._heroku.pipeline_repository(pipeline))[0] is None
        )
        why = f"Heroku compares no commits of its pipeline: {refused}"
        if not is_of_all:
            why = f"Heroku does not compare {short(pair.base)} and {short(pair.head)}: {refused}"
        with self._database.begin() as conn:
            if is_of_all:
                repositories.refuse_app(conn, app_id, why, for_=ASKED_AGAIN)
            else:
                repositories.refuse(conn, pair, HEROKU, why, for_=ASKED_AGAIN)
        return Untold(why)


def _refusal(refused: Refusal, now: datetime) -> Untold:
    is_for_long = refused.ask_at - now > SOON
    return Untold(refused.why, again_in=None if is_for_long else refused.ask_at - now)


def _refusable(ask: Callable[[], T]) -> tuple[T | None, str | None]:
    """Return what Heroku tells, or why it refuses to. Raises what says nothing about that."""
    try:
        return ask(), None
    except at_heroku.Refused as refused:
        _raise_unless_it_is_told(refused)
        return None, str(refused)
    except at_heroku.BadAnswer as bad:  # its form is documented nowhere, and may change
        return None, str(bad)


def _raise_unless_it_is_told(refused: at_heroku.Refused) -> None:
    if refused.status in _OF_TOKEN:
        raise refused


def _of_heroku(coming: at_heroku.Compared, leaving: at_heroku.Compared) -> Comparison:
    """Put the two directions together; Heroku tells of one at a time."""
    if coming.ahead_by and leaving.ahead_by:
        relation = Relation.DIVERGED
    elif leaving.ahead_by:
        relation = Relation.BEHIND
    else:
        relation = Relation.AHEAD if coming.ahead_by else Relation.IDENTICAL
    return Comparison(
        relation=relation,
        coming=_heroku_commits(coming),
        leaving=_heroku_commits(leaving),
        ahead_by=coming.ahead_by,
        behind_by=leaving.ahead_by,
    )


def _heroku_commits(found: at_heroku.Compared) -> tuple[Commit, ...]:
    return tuple(
        Commit(each.sha, each.message[:LONGEST_MESSAGE], each.author, at=each.committed_at)
        for each in found.commits[:MOST_COMMITS]
    )


def _of_github(github: GitHub, pair: Pair) -> Comparison:
    """Ask GitHub for what comes, and where something leaves also for that."""
    found = github.compare(pair.repository, pair.base, pair.head, most=MOST_COMMITS)
    leaving: tuple[at_github.Commit, ...] = ()
    if found.behind_by:
        leaving = github.compare(pair.repository, pair.head, pair.base, most=MOST_COMMITS).commits
    return Comparison(
        relation=Relation(found.status),
        coming=_github_commits(found.commits),
        leaving=_github_commits(leaving),
        ahead_by=found.ahead_by,
        behind_by=found.behind_by,
        pulls=_pulls(github, pair.repository, found.commits),
        url=github.link(found.html_url),
    )


def _github_commits(found: tuple[at_github.Commit, ...]) -> tuple[Commit, ...]:
    return tuple(
        Commit(
            each.sha,
            each.message[:LONGEST_MESSAGE],
            each.author or None,
            each.login,
            each.committed_at,
        )
        for each in found
    )


def _pulls(
    github: GitHub, repository: str, coming: tuple[at_github.Commit, ...]
) -> tuple[Pull, ...]:
    """Find the pull requests that commits merged, in one list; without it they are not told."""
    if not coming:
        return ()
    try:
        recent = github.recent_pulls(repository)
    except GitHubError:  # the token may lack the right; the commits are told all the same
        return ()
    shas = {each.sha for each in coming}
    merged = (each for each in recent if each.merged_at and each.merge_commit_sha in shas)
    told = ((each, github.link(each.url)) for each in merged)
    return tuple(Pull(each.number, each.title, url, each.author) for each, url in told if url)
