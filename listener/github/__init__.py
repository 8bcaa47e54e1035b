"""A client of GitHub's own: its REST API, and the webhooks that it delivers.

Knows nothing of the rest of this program. Its errors tell apart what was never sent, what GitHub
refused, what it takes no more of for now, what may have been applied, and what cannot be used.
"""

from listener.github.app_token import read_key
from listener.github.client import Deadlines, GitHub
from listener.github.credentials import App, Credentials, Token
from listener.github.errors import (
    BadAnswer,
    Doubtful,
    GitHubError,
    NotSent,
    RateLimited,
    Refused,
)
from listener.github.events import Event, MalformedEvent, parse
from listener.github.names import URL, api_url, is_repo, is_sha
from listener.github.resources import (
    CheckRun,
    CheckSuite,
    Commit,
    Comparison,
    Deployment,
    DeploymentStatus,
    Identity,
    Pull,
    Repository,
    Status,
)
from listener.github.signature import BadSignature, VerifiedBody, is_well_formed, sign, verify

__all__ = [
    "URL",
    "App",
    "BadAnswer",
    "BadSignature",
    "CheckRun",
    "CheckSuite",
    "Commit",
    "Comparison",
    "Credentials",
    "Deadlines",
    "Deployment",
    "DeploymentStatus",
    "Doubtful",
    "Event",
    "GitHub",
    "GitHubError",
    "Identity",
    "MalformedEvent",
    "NotSent",
    "Pull",
    "RateLimited",
    "Refused",
    "Repository",
    "Status",
    "Token",
    "VerifiedBody",
    "api_url",
    "is_repo",
    "is_sha",
    "is_well_formed",
    "parse",
    "read_key",
    "sign",
    "verify",
]
