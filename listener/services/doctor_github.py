"""Findings about the listener's credentials at GitHub, which nobody needs to have."""

from __future__ import annotations

from listener.core.finding import Finding, State
from listener.github import GitHub, GitHubError, Identity, Refused
from listener.inventory.traits import UNAUTHORIZED

WHY = "Without it, commits, checks or deployments of some repositories are not told."
NO_CHECKS = (
    "GitHub lets no fine-grained token read check runs: for them it takes a GitHub App, or a"
    " classic token."
)


def findings(github: GitHub | None) -> list[Finding]:
    """Tell by one call whether GitHub takes the credentials; nothing where none are set."""
    if github is None:
        return []
    try:
        return [credentials(github.viewer())]
    except Refused as refused:
        if refused.status == UNAUTHORIZED:
            return [rejected(is_app=github.is_app)]
        return [_unread(refused)]
    except GitHubError as error:
        return [_unread(error)]


def credentials(found: Identity) -> Finding:
    """Tell who the listener is at GitHub, and what is missing, as far as GitHub tells it."""
    message, facts = f"GitHub knows the listener as {found.login}.", {"login": found.login}
    if not found.lacks:
        return Finding(name="github", state=State.OK, message=message, facts=facts)
    kind = "scope" if found.scopes is not None else "permission"
    return Finding(
        name="github",
        state=State.WARNING,
        message=f"{message} It lacks the {kind} {', '.join(found.lacks)}.",
        why=NO_CHECKS if found.is_fine_grained else WHY,
        facts=facts | {"lacks": list(found.lacks)},
    )


def rejected(*, is_app: bool) -> Finding:
    """Tell that GitHub does not take the credentials."""
    name = "AUTOPROMOTE_GITHUB_PRIVATE_KEY" if is_app else "AUTOPROMOTE_GITHUB_TOKEN"
    return Finding(
        name="github",
        state=State.BROKEN,
        message=f"GitHub does not accept the listener's {name} (any more).",
        why="Nothing is read from GitHub or told there.",
        mend=f"heroku config:set {name}=NEW -a LISTENER",
    )


def _unread(error: GitHubError) -> Finding:
    return Finding(name="github", state=State.UNKNOWN, message=error.message)
