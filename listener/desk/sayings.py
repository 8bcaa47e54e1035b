"""What can be said of a release that no rule made a promotion of: values in, a sentence out."""

from __future__ import annotations

from listener.history import PENDING, History, Kind, Release
from listener.rules import Mode
from listener.store.rules import RuleRow

_CHANGES = {
    Kind.CONFIG: "a config change",
    Kind.ADDON: "an add-on change",
    Kind.RETRY: "a retry",
}


def what_it_is(app: str, history: History, release: Release) -> str:
    """What made the release, and whether it brings new code."""
    name, kind = f"{app} v{release.version}", history.kind(release)
    first = history.first_run(release.artifact)
    match kind:
        case Kind.DEPLOY:
            return f"{name} is a deploy: the first release with this slug."
        case Kind.ROLLBACK:
            return f"{name} is a rollback to the slug of v{first}: it brings no new code."
        case Kind.UNSETTLED if release.status == PENDING:
            return f"{name} is pending: its release phase is running."
        case Kind.UNSETTLED:
            return f"{name} has not run: it is {release.status}."
        case _ if first is None:
            return f"{name} has no slug: {app} had no code yet."
        case _:
            change = _CHANGES.get(kind, str(kind))
            return f"{name} is {change}: its slug is that of v{first}, so it brings no new code."


def without(rule: RuleRow, target_id: str, history: History, release: Release) -> str:
    """Why the rule made no promotion of this release for this target."""
    acts_from = rule.acts_from(target_id)
    if rule.mode is Mode.OFF:
        return f"Rule {rule.name} is off."
    if acts_from is not None and release.version < acts_from:
        return f"Rule {rule.name} acts from v{acts_from} on."
    if not release.is_settled:
        return "Looked at again when its release phase ends."
    if not release.has_run:
        return f"It is {release.status}: there is nothing to promote."
    if not history.is_deploy(release):
        return "Only a deploy brings new code, so there is nothing to promote."
    return "It was not looked at yet."
