"""All that the fake GitHub knows beside the repositories; the world's lock guards it."""

from collections import defaultdict
from itertools import count

from emulator.clock import Clock
from emulator.github.rates import Rates
from emulator.github.records import (
    CI,
    App,
    CheckRun,
    CheckSuite,
    CommitStatus,
    Deployment,
    PullRequest,
    Token,
)
from emulator.records import Exchange

PREFIX = "/_github"
API = f"{PREFIX}/api/v3"


class GitHub:
    """Tokens, the app, and by the repository's full name: pull requests, checks, deployments."""

    def __init__(self, clock: Clock) -> None:
        self.rates = Rates(clock)
        self.tokens: dict[str, Token] = {}
        self.app: App | None = None
        self.ci: dict[str, CI] = {}
        self.moved: dict[str, str] = {}  # the new name of a repository, by its old one
        self.pulls: defaultdict[str, list[PullRequest]] = defaultdict(list)
        self.check_runs: defaultdict[str, list[CheckRun]] = defaultdict(list)
        self.check_suites: defaultdict[str, list[CheckSuite]] = defaultdict(list)
        self.statuses: defaultdict[str, list[CommitStatus]] = defaultdict(list)
        self.deployments: defaultdict[str, list[Deployment]] = defaultdict(list)
        self.exchanges: list[Exchange] = []
        self.ids = count(1001)

    def find_token(self, header: str) -> Token | None:
        """Return the token of an Authorization header, or None."""
        scheme, _, secret = header.strip().partition(" ")
        return self.tokens.get(secret.strip()) if scheme.lower() in ("bearer", "token") else None
