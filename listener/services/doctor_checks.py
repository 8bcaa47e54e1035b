"""Findings about rules that ask for checks of commits: who is to tell them."""

from __future__ import annotations

from collections.abc import Iterable

from listener.core.finding import Finding, State
from listener.core.gates.github import wanted
from listener.db.rules import RuleRow
from listener.github import GitHubError
from listener.heroku import HerokuError
from listener.inventory.commits import Untold
from listener.inventory.context import Context

WHY = "Every promotion by it waits for a person's word, `autopromote promotions:approve`."
MEND = "heroku config:set AUTOPROMOTE_GITHUB_TOKEN=TOKEN -a LISTENER"


def findings(context: Context, rules: Iterable[RuleRow]) -> list[Finding]:
    """Tell of each rule that asks for checks whether they can be read; Heroku may be asked."""
    return [_of_rule(context, rule) for rule in rules if wanted(rule.conditions) is not None]


def _of_rule(context: Context, rule: RuleRow) -> Finding:
    if context.github is None:
        message = f"Rule {rule.name} asks for checks, and no credentials of GitHub are set."
        return _finding(rule, State.BROKEN, message, why=WHY, mend=MEND)
    try:
        repository = context.commits.repository(rule.source_id, rule.conditions.repo)
    except Untold as why:
        message = f"Rule {rule.name} asks for checks, and nobody tells of which repository: {why}"
        mend = f"autopromote rules:update {rule.name} --repo OWNER/NAME"
        return _finding(rule, State.BROKEN, message, why=WHY, mend=mend)
    except (HerokuError, GitHubError) as error:
        message = f"Of which repository rule {rule.name} asks for checks is not known: {error}"
        return _finding(rule, State.UNKNOWN, message)
    return _finding(rule, State.OK, f"Rule {rule.name} goes by the checks of {repository}.")


def _finding(
    rule: RuleRow, state: State, message: str, *, why: str = "", mend: str = ""
) -> Finding:
    return Finding(name="checks", state=state, message=message, why=why, mend=mend, rule=rule.name)
