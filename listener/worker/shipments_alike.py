"""Store what ships with many promotions at once, where what was just read tells that of others.

A source with many targets, or many releases that wait, has thousands to read that share few commits
and one repository. Nobody is asked here.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from listener.db import apps, shipments, waiting_promotions
from listener.db.shipments import Alike
from listener.github import GitHubError
from listener.github import RateLimited as LimitedByGitHub
from listener.heroku import HerokuError, Spared
from listener.inventory import evidence
from listener.inventory.commits import Told, Untold, Wanted
from listener.inventory.context import Clock, Context
from listener.worker.shipment_findings import Ends, Finding, failed, found, untold, waits_for_it

MOST = 100

Answers = dict[Wanted, Told | Untold]


def settle(
    context: Context, like: Ends, clock: Clock, error: HerokuError | GitHubError | None
) -> None:
    """Store what is known of others that go from, or to, the same artifact as this one.

    After an error that meets all who ask the same, those that would ask are put off like it.
    """
    with context.database.begin() as conn:
        alike = shipments.alike(conn, like.row, like.base_artifact, most=MOST)
        findings = _findings(context, conn, alike, clock, error)
        if not findings:  # most often: then nothing is locked
            return
        locked = shipments.lock(conn, [each.promotion.id for each, _ in findings])
        findings = _findings(context, conn, locked, clock, error)
        shipments.store(conn, ((each, at.values, at.pause) for each, at in findings))
        woken = [each.promotion for each, finding in findings if finding.wakes]
        waiting_promotions.wake_each(conn, [row.id for row in woken if waits_for_it(row)])


def _findings(
    context: Context,
    conn: Connection,
    alike: list[Alike],
    clock: Clock,
    error: HerokuError | GitHubError | None,
) -> list[tuple[Alike, Finding]]:
    """Return what is known of each; one of which somebody is to be asked is left out."""
    if not alike:
        return []
    both = list(zip(alike, _ends_of(conn, alike), strict=True))
    wanted = [each for _, ends in both if (each := _wanted(ends)) is not None]
    answers = context.commits.stored(conn, alike[0].promotion.source_id, wanted)
    return [
        (each, finding)
        for each, ends in both
        if (finding := _finding(context, each, ends, answers, clock, error)) is not None
    ]


def _ends_of(conn: Connection, alike: list[Alike]) -> Iterator[Ends]:
    rows = [each.promotion for each in alike]
    app_ids = {app_id for row in rows for app_id in (row.source_id, row.target_id)}
    both = {row.artifact for row in rows} | {each.base_artifact or "" for each in alike}
    names = apps.names(conn, app_ids)
    commits = shipments.commits_of(conn, app_ids, both)
    told = shipments.told_slugs(conn, app_ids, both - commits.keys())
    conditions = evidence.conditions_of_each(conn, rows)
    for each, row in zip(alike, rows, strict=True):
        yield Ends(row, names, each.base_artifact, commits, conditions[row.id].repo, told)


def _wanted(ends: Ends) -> Wanted | None:
    if ends.head is None or ends.base is None or ends.head == ends.base:
        return None
    return Wanted(ends.base, ends.head, ends.repo)


def _finding(
    context: Context,
    each: Alike,
    ends: Ends,
    answers: Answers,
    clock: Clock,
    error: HerokuError | GitHubError | None,
) -> Finding | None:
    """Return what is known of one; None where somebody is to be asked."""
    wanted, now = _wanted(ends), clock.now()
    if ends.is_unknown or (wanted is not None and wanted not in answers):
        asks_heroku = ends.is_unknown or context.github is None
        if not isinstance(error, Spared if asks_heroku else LimitedByGitHub):
            return None
        about = {"base_artifact": ends.base_artifact}
        return failed(error, about, each.row, max(each.row.attempt, 1), now)
    known = {"base_artifact": ends.base_artifact, "head": ends.head, "base": ends.base}
    try:
        return found(ends, known, lambda wanted: _told(answers[wanted]))
    except Untold as why:
        return untold(why, known, each.row.failing_since, now)


def _told(answer: Told | Untold) -> Told:
    if isinstance(answer, Untold):
        raise Untold(str(answer), again_in=answer.again_in)  # anew: it is that of many
    return answer
