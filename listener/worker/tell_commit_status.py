"""Tell GitHub of a promotion as a status of the commit that goes: the latest word, not each one."""

from __future__ import annotations

from datetime import timedelta

from listener.core.deployments import CommitState, commit_state_of, said
from listener.core.promotion import PromotionKind, Status
from listener.core.rule import Mode
from listener.db import apps, outbox
from listener.db.rules import RuleRow
from listener.github import GitHub
from listener.inventory.commits import Untold
from listener.outbound.http import within
from listener.worker import notify
from listener.worker.word import READ_WITHIN, Word

PREFIX = "autopromote"
# A verdict may change with every look; nobody reads it more often.
PENDING_FOR = timedelta(minutes=1)
# GitHub keeps 1000 of a commit and context and refuses all that follow: so the end is always told.
MOST_PENDING = 100


def tell(word: Word) -> None:
    """Tell how the promotion stands now, unless that is known. Raises GitHubError, Untold."""
    rule = word.rule
    if not word.state and not (rule is not None and _is_wanted(word, rule)):
        word.settle()
    elif (github := word.context.github) is None:
        word.give_up("GitHub is not told: set AUTOPROMOTE_GITHUB_TOKEN.")
    elif (pause := _pause(word)) is not None:
        word.later(pause)
    else:
        _say_news(word, github)
        word.settle()


def _is_wanted(word: Word, rule: RuleRow) -> bool:
    is_asked = rule.mode is Mode.ARMED and rule.conditions.commit_status
    is_promotion = word.row.kind is PromotionKind.PROMOTE
    return is_asked and is_promotion and not notify.is_filtered(word.row)


def _told(word: Word) -> list[str]:
    row = word.row
    is_filtered = notify.is_filtered(row)  # what the rule leaves out, nobody has to mend
    state = CommitState.SUCCESS if is_filtered else commit_state_of(row.status)
    return [str(state), said(row.status, version=row.target_version, gates=row.gates)]


def _pause(word: Word) -> timedelta | None:
    """Return how long to wait until the next word on what still waits; None if it is due."""
    if word.row.status is not Status.WAITING or word.shown != CommitState.PENDING:
        return None
    left: timedelta = word.claim.row.told_at + PENDING_FOR - word.clock.now()
    return left if left > timedelta(0) else None


def _say_news(word: Word, github: GitHub) -> None:
    """Tell what is new; to tell it twice is no harm, so a doubt is no question."""
    state, description = told = _told(word)
    if word.state.get("told") == told:
        return
    if not word.state:
        with within(READ_WITHIN):
            place = _place(word)
        word.advance(state=place)
    if state == CommitState.PENDING:
        if _pending_of(word) >= MOST_PENDING:
            return
        # Before it is told: an answer may be lost.
        word.advance(state=word.state | {"pending": int(word.state.get("pending", 0)) + 1})
    github.create_commit_status(
        word.state["repository"],
        word.state["sha"],
        state=state,
        context=word.state["context"],
        description=description,
        target_url=word.link(),
    )
    word.advance(state=word.state | {"told": told}, shown=state)


def _pending_of(word: Word) -> int:
    """Return how often what waits was told at this commit in this context, of any promotion."""
    place = {name: word.state[name] for name in ("repository", "sha", "context")}
    with word.context.database.begin() as conn:
        return outbox.pending_of(conn, word.row.target_id, place)


def _place(word: Word) -> dict[str, str]:
    """Find out where it is told; a rule may have another name tomorrow. Raises Untold."""
    rule, sha = word.rule, word.commit()
    assert rule is not None  # noqa: S101 - for the type checker: it is wanted
    if sha is None:
        raise Untold("Heroku names no whole commit of what goes.")
    with word.context.database.begin() as conn:
        target = apps.get(conn, word.row.target_id).name
    return {
        "repository": word.context.commits.repository(word.row.source_id, rule.conditions.repo),
        "sha": sha,
        "context": f"{PREFIX}/{rule.name}/{target}",
    }
