"""The step that reads the checks of a commit, while a promotion waits for them.

However many promotions wait for one commit, GitHub is asked once, and none of their steps asks it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from listener.core.checks import Check, Kind, Suite, latest, open_suites
from listener.core.promotion import back_off
from listener.db import commit_checks, queue
from listener.github import CheckRun, CheckSuite, GitHubError, RateLimited, Refused, Status
from listener.heroku import HerokuError
from listener.inventory.commits import Untold
from listener.inventory.context import Clock, Context

MOST_SECONDS = 60.0
NO_CREDENTIALS = "No credentials of GitHub are set: AUTOPROMOTE_GITHUB_TOKEN is missing."
# Nobody mends it without being asked: the credentials, their rights, the name of the repository.
_FINAL = frozenset({301, 302, 307, 308, 401, 403, 404})


def step(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Read the checks of one commit, store them, and wake the promotions that wait for them."""
    with context.database.begin() as conn:
        if not commit_checks.is_wanted(conn, claim):
            commit_checks.rest(conn, claim)
            return
    asked_at = clock.now()
    try:
        repository, found = _read(context, claim, clock)
    except (Untold, GitHubError, HerokuError) as why:
        _untold(context, claim, why, asked_at)
        return
    again_in = pace(asked_at - (claim.row.begun_at or asked_at))
    with context.database.begin() as conn:
        commit_checks.told(
            conn, claim, found, repository=repository, asked_at=asked_at, again_in=again_in
        )


def pace(waited: timedelta) -> timedelta:
    """Return how long to leave GitHub alone: 5 s at first, a minute after ten."""
    least = commit_checks.AT_FIRST_EVERY.total_seconds()
    return timedelta(seconds=min(max(waited.total_seconds() / 10, least), MOST_SECONDS))


def _read(context: Context, claim: queue.Claim, clock: Clock) -> tuple[str, tuple[Check, ...]]:
    """Return the repository and the checks. Raises Untold, GitHubError, HerokuError, LeaseLost."""
    github, row = context.github, claim.row
    if github is None:
        raise Untold(NO_CREDENTIALS)
    repository = context.commits.repository(row.app_id, row.named or None)
    # First, so that a suite that is done had all its runs before these are read.
    suites = github.check_suites(repository, row.sha)
    _renew(context, claim)
    runs = latest(map(_of_run, github.check_runs(repository, row.sha)))
    _renew(context, claim)
    statuses = latest(map(_of_status, github.statuses(repository, row.sha)))
    return repository, (*runs, *statuses, *open_suites(map(_of_suite, suites), runs, clock.now()))


def _renew(context: Context, claim: queue.Claim) -> None:
    """Keep the claim: GitHub may have been slow. Raises LeaseLost."""
    with context.database.begin() as conn:
        queue.renew(conn, claim)


def _of_suite(suite: CheckSuite) -> Suite:
    return Suite(
        suite.id,
        suite.status,
        suite.conclusion,
        suite.app,
        suite.app_name,
        suite.runs,
        suite.created_at,
    )


def _of_run(run: CheckRun) -> Check:
    has_ended = run.status == "completed" and run.conclusion is not None
    state = (run.conclusion if has_ended else run.status) or ""
    return Check(Kind.RUN, run.name, state, run.url, run.app, run.started_at, run.suite)


def _of_status(status: Status) -> Check:
    return Check(Kind.STATUS, status.context, status.state, status.target_url)


def _untold(context: Context, claim: queue.Claim, why: Exception, asked_at: datetime) -> None:
    again_in = back_off(claim.attempt - 1)
    if isinstance(why, RateLimited):
        again_in = max(again_in, timedelta(seconds=why.again_in))
    is_final = isinstance(why, Untold) or (isinstance(why, Refused) and why.status in _FINAL)
    with context.database.begin() as conn:
        commit_checks.untold(
            conn, claim, str(why), is_final=is_final, asked_at=asked_at, again_in=again_in
        )
