"""A GitHub for a stage: a repository of the app's, and what it was told."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from listener.core.promotion import Status
from listener.github import GitHub, Token
from listener.inventory.commits import CommitReader
from listener.worker.queues import READING, SPREADING
from tests.worker.emulated import STAGING
from tests.worker.stage import Stage

URL = "http://localhost/_github/api/v3"
NUMBERS = count(1)


class Hub:
    """The repository of staging at GitHub, where the robot has a token."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.last = ""  # commit
        number = next(NUMBERS)
        self.name, self.token = f"acme/shop-{number}", f"github_pat_{number}"
        self.control("tokens", {"token": self.token, "login": "robot"})
        github = GitHub(Token(self.token), url=URL, transport=stage.wire)
        own = stage.context
        commits = CommitReader(own.database, own.heroku, own.reader, github)
        stage.context = replace(own, github=github, commits=commits)

    def forget(self) -> None:
        """The listener has no credentials for it any more."""
        self.stage.context = replace(self.stage.context, github=None)

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """What people, CI and GitHub itself do there."""
        return self.stage.control(f"github/{path}", body, method)

    def connect(self) -> None:
        """Staging with the repository; its first commit went to production."""
        stage = self.stage
        first = self.push("Begin")
        stage.control(f"apps/{STAGING}/repo", {"full_name": self.name}, method="PUT")
        version = stage.deploy(commit=first)
        stage.look()
        stage.age(seconds=3)
        assert stage.promotion(version).status is Status.SUCCEEDED

    def push(self, message: str) -> str:
        """A commit on the main branch; answers its SHA."""
        commits = [{"message": message, "author": "Bo"}]
        [sha] = self.stage.control("repositories", {"full_name": self.name, "commits": commits})
        self.last = str(sha)
        return self.last

    def deploy(self, message: str = "Change it") -> int:
        """A commit, and its deploy on staging; answers the version."""
        return self.stage.deploy(commit=self.push(message))

    def tell(self, *, seconds: float = 3) -> None:
        """Tell what is due, as a runner's thread does."""
        self.stage.shift(self.stage.seconds(seconds))
        for _ in range(100):
            if not self.stage.step(SPREADING):
                return
        raise AssertionError("always something to tell")

    def read(self) -> None:
        """Read what ships, as a runner's thread does."""
        self.stage.shift(self.stage.seconds(3))
        while self.stage.step(READING):
            pass

    def deployments(self) -> list[dict[str, Any]]:
        """Every deployment with its statuses, oldest first."""
        found: list[dict[str, Any]] = self.control(f"repos/{self.name}/deployments", method="GET")
        return found

    def states(self) -> list[list[str]]:
        """The states that were told of each deployment, oldest first."""
        return [[each["state"] for each in one["statuses"]] for one in self.deployments()]

    def statuses(self) -> list[dict[str, Any]]:
        """Every commit status, oldest first."""
        found: list[dict[str, Any]] = self.control(f"repos/{self.name}/statuses", method="GET")
        return found
