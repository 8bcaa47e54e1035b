"""What can go wrong, in words a person can act on.

These classes know neither HTTP nor the terminal: `cli.program` shows them and picks the exit code.
"""


class Failure(Exception):
    """The command could not do what it was asked; the message says why and what to do."""

    exit_code = 1

    def __init__(self, message: str, *, id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.id = id


class Misuse(Failure):
    """The command was called in a way that makes no sense."""

    exit_code = 2


class Unfinished(Failure):
    """What was asked for goes on by itself, but nobody waits for it any longer."""

    exit_code = 130


class NotLoggedIn(Failure):
    """There is no token for the listener."""

    def __init__(self) -> None:
        super().__init__("Not logged in. Run `autopromote login`.")


class LoginExpired(Failure):
    """The stored token is no longer good, and no new one could be had."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"Your login expired and could not be renewed: {why}\nRun `autopromote login`."
        )


class Refused(Failure):
    """The listener said no, in its own words."""

    def __init__(self, message: str, *, id: str | None, status: int) -> None:
        super().__init__(message, id=id)
        self.status = status


class Unreachable(Failure):
    """The listener could not be asked, or did not answer."""


class NotAListener(Failure):
    """Something answered, but not in the way the listener does."""


class HerokuRefused(Failure):
    """Heroku said no, in its own words."""

    def __init__(self, message: str, *, id: str | None, status: int) -> None:
        super().__init__(message, id=id)
        self.status = status


class HerokuUnreachable(Failure):
    """Heroku could not be asked, or did not answer."""
