"""Who may name a rule's repository: it is read, and told, by the listener's credentials."""

from __future__ import annotations

from listener.core.gates.options import Conditions
from listener.errors import Forbidden
from listener.heroku import HerokuError
from listener.inventory.context import Context
from listener.roles import Role
from listener.services.rule_definition import RuleDefinition


def check(context: Context, wanted: RuleDefinition, before: RuleDefinition | None) -> None:
    """Raise Forbidden unless Heroku tells the repository that is named, or an admin of all asks.

    What stands already may stay, and be taken away. Heroku is asked once a day.
    """
    asked, stood = wanted.conditions, before.conditions if before is not None else None
    if asked.repo is None or (stood is not None and _lent(asked) <= _lent(stood)):
        return
    if context.reach.covers_all(Role.ADMIN) or _is_told(context, wanted.source.id, asked.repo):
        return
    raise Forbidden(
        f"Heroku does not tell that {asked.repo} is the repository of {wanted.source.name}:"
        f" to name it, or what is told there, needs the role admin for every app;"
        f" {context.reach.who}."
    )


def _lent(conditions: Conditions) -> set[tuple[str, str | bool | None]]:
    """Return what the listener's credentials are used for there."""
    about = {
        "repo": conditions.repo,
        "deployment": conditions.deployment,
        "commit_status": conditions.commit_status,
    }
    return {(name, value) for name, value in about.items() if value}


def _is_told(context: Context, app_id: str, repo: str) -> bool:
    try:
        told = context.commits.told_by_heroku(app_id)
    except HerokuError:
        return False
    return told is not None and told.casefold() == repo.casefold()
