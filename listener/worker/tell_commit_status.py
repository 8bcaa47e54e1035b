"""Tell GitHub of a promotion as a status of the commit that goes: the latest word, not each one."""

from __future__ import annotations

from datetime import timedelta

from listener.core.deployments import CommitState, commit_state_of, short
from listener.core.promotion import PromotionKind, Status
from listener.core.rule import Mode
from listener.db import apps
from listener.db.rules import RuleRow
from listener.github import GitHub
from listener.inventory.commits import Untold
from listener.worker import notify
from listener.worker.word import Word

PREFIX = "autopromote"
# A verdict may change with every look; nobody reads it more often.
PENDING_FOR = timedelta(minutes=1)


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
        if word.state.get("told") != _told(word):
            _say(word, github)
        word.settle()


def _is_wanted(word: Word, rule: RuleRow) -> bool:
    is_asked = rule.mode is Mode.ARMED and rule.conditions.commit_status
    is_promotion = word.row.kind is PromotionKind.PROMOTE
    return is_asked and is_promotion and not notify.is_filtered(word.row)


def _told(word: Word) -> list[str]:
    row = word.row
    is_filtered = notify.is_filtered(row)  # what the rule leaves out, nobody has to mend
    state = CommitState.SUCCESS if is_filtered else commit_state_of(row.status)
    return [str(state), short(row.reason)]


def _pause(word: Word) -> timedelta | None:
    """Return how long to wait until the next word on what still waits; None if it is due."""
    if word.row.status is not Status.WAITING or word.shown != CommitState.PENDING:
        return None
    left: timedelta = word.claim.row.told_at + PENDING_FOR - word.clock.now()
    return left if left > timedelta(0) else None


def _say(word: Word, github: GitHub) -> None:
    """Tell it; to tell it twice is no harm, so a doubt is no question."""
    if not word.state:
        word.advance(state=_place(word))
    state, description = told = _told(word)
    github.create_commit_status(
        word.state["repository"],
        word.state["sha"],
        state=state,
        context=word.state["context"],
        description=description,
        target_url=word.link(),
    )
    word.advance(state=word.state | {"told": told}, shown=state)


def _place(word: Word) -> dict[str, str]:
    """Find out where it is told; a rule may have another name tomorrow. Raises Untold."""
    rule, sha = word.rule, word.commit()
    assert rule is not None  # noqa: S101 - for the type checker: it is wanted
    if sha is None:
        raise Untold("Heroku names no whole commit of what goes.")
    with word.context.database.begin() as conn:
        target = apps.get(conn, word.row.target_id).name
    return {
        "repository": word.context.commits.repository(word.row.source_id),
        "sha": sha,
        "context": f"{PREFIX}/{rule.name}/{target}",
    }
