"""How a request to GitHub can end otherwise than well; each class is something to act on."""

from __future__ import annotations

from listener.outbound.server import Server


class GitHubError(Exception):
    """Something went wrong between us and GitHub; the message is fit to be shown."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotSent(GitHubError):
    """The request certainly never left: nothing happened at GitHub."""


class RateLimited(GitHubError):
    """GitHub takes no more requests for so many seconds: nothing happened there."""

    def __init__(self, message: str, *, again_in: int) -> None:
        super().__init__(message)
        self.again_in = again_in


class Refused(GitHubError):
    """A definite no, in GitHub's own words where it gave any: nothing happened at GitHub.

    A 404 may mean that the credentials have no right to see what is there.
    """

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class Doubtful(GitHubError):
    """No definite answer: a read is to be repeated, a write may have been applied or not."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class BadAnswer(GitHubError):
    """GitHub said yes to a read, and what it showed cannot be used, or is more than we take."""


GITHUB = Server("GitHub", not_sent=NotSent, doubtful=Doubtful, bad_answer=BadAnswer)
