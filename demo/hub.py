"""What people and CI do at GitHub in the demo, and what GitHub was told by the listener."""

from __future__ import annotations

import secrets

from demo.stage import Stage

REPOSITORY = "acme/shop"
CHECK = "tests"


class Hub:
    """The repository of the demo at the fake GitHub."""

    def __init__(self) -> None:
        self.token = f"ghp_{secrets.token_hex(18)}"
        self.secret = secrets.token_hex(16)

    @property
    def settings(self) -> dict[str, str]:
        """What the listener needs to ask GitHub, and to hear of it."""
        return {
            "AUTOPROMOTE_GITHUB_TOKEN": self.token,
            "AUTOPROMOTE_GITHUB_WEBHOOK_SECRET": self.secret,
        }

    def open(self, stage: Stage) -> None:
        """Let the listener in, connect Heroku's apps, and have GitHub tell of checks."""
        stage.heroku("github/tokens", {"token": self.token, "login": "autopromote"})
        for connected in ("apps/acme-staging", "pipelines/acme"):
            stage.heroku(f"{connected}/repo", {"full_name": REPOSITORY}, "PUT")
        hook = {"url": f"{stage.url}/webhooks/github", "secret": self.secret}
        stage.heroku(f"github/repos/{REPOSITORY}/webhook", hook, "PUT")

    def run_ci(self, stage: Stage, seconds: float | None) -> None:
        """Have CI check each new commit, until it is told to be green or for so many seconds."""
        ci = {"name": CHECK, "seconds": seconds}
        stage.heroku(f"github/repos/{REPOSITORY}/ci", ci, "PUT")

    def merge(self, stage: Stage, title: str, author: str, repository: str = REPOSITORY) -> str:
        """Merge a pull request as one commit; return its SHA."""
        pull = {"title": title, "author": author.lower()}
        number = stage.heroku(f"github/repos/{repository}/pulls", pull)["number"]
        message, name = f"{title} (#{number})", f"{author} <{author.lower()}@example.com>"
        commits = [{"message": message, "author": name}]
        (sha,) = stage.heroku("repositories", {"full_name": repository, "commits": commits})
        merged = {"merge_commit": sha}
        stage.heroku(f"github/repos/{repository}/pulls/{number}", merged, "PATCH")
        return str(sha)

    def turn_green(self, stage: Stage, sha: str) -> None:
        """End the check of a commit well."""
        report = {"sha": sha, "name": CHECK, "conclusion": "success"}
        stage.heroku(f"github/repos/{REPOSITORY}/checks", report)

    def page(self, stage: Stage) -> str:
        """Return the page of the repository."""
        return f"{stage.heroku_url}/{REPOSITORY}"

    def told(self, stage: Stage, sha: str) -> str | None:
        """Return what GitHub shows of a commit's deployment, once it is a success."""
        path = f"github/repos/{REPOSITORY}/deployments"
        for each in stage.heroku(path, None, "GET"):
            states = [status["state"] for status in each["statuses"]]
            if each["sha"] == sha and states[-1:] == ["success"]:
                return f"{sha[:7]} to {each['environment']}, {', '.join(states)}"
        return None
