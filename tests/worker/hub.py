"""The fake GitHub beside the Heroku of a stage: what CI says there of commits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from emulator.github.state import API
from listener.github import GitHub, Token
from listener.inventory.commits import CommitReader
from listener.worker.queues import READING
from tests.worker.stage import Stage
from tests.worker.wire import Wire

SHOP = "acme/shop"
TOKEN = "github_pat_robot"


class Hub:
    """A repository at GitHub, and the listener's way there."""

    def __init__(self, stage: Stage, *, has_credentials: bool = True) -> None:
        self.stage = stage
        self.wire = Wire(stage.wire.inner, stage.mortality)
        self.control("tokens", token=TOKEN, login="robot")
        self.control("rate-limits", login="robot", remaining=5000)
        if has_credentials:
            github = GitHub(Token(TOKEN), url=f"http://localhost{API}", transport=self.wire)
            inner = stage.context
            commits = CommitReader(inner.database, inner.heroku, inner.reader, github)
            stage.context = replace(inner, github=github, commits=commits)

    def control(self, path: str, method: str = "POST", **values: Any) -> Any:
        """What people, CI and GitHub itself do there."""
        return self.stage.control(f"github/{path}", values or None, method)

    def push(self, message: str = "Fix the cart", *, repository: str = SHOP) -> str:
        """A commit on the main branch; answers its SHA."""
        commits = [{"message": message, "author": "Bo"}]
        body = {"full_name": repository, "commits": commits}
        [sha] = self.stage.control("repositories", body)
        return str(sha)

    def run(self, sha: str, name: str = "test", conclusion: str | None = None, **more: Any) -> Any:
        """A check run of a commit: in progress, or ended."""
        said = {"sha": sha, "name": name, **more}
        if conclusion is not None:
            said["conclusion"] = conclusion
        return self.control(f"repos/{SHOP}/checks", **said)

    def suite(self, sha: str, suite: str, **more: Any) -> Any:
        """How a check suite of a commit stands, whatever its runs say: queued."""
        return self.control(f"repos/{SHOP}/suites", sha=sha, suite=suite, **more)

    def status(self, sha: str, context: str, state: str, **more: Any) -> Any:
        """A status of a commit."""
        said = {"sha": sha, "context": context, "state": state, **more}
        return self.control(f"repos/{SHOP}/statuses", **said)

    def read(self) -> None:
        """Read what is due at GitHub, as a runner's thread does, and do what follows."""
        while self.stage.step(READING[:1]):
            self.stage.work()

    def age(self, **by: float) -> None:
        """Have everything happened so much earlier, and read what is due at GitHub by then."""
        self.stage.age(**by)
        self.read()
