"""Errors, in words that a person can act on.

These classes know neither HTTP nor the terminal: `program.py` shows them and picks the exit code.
"""


class Failure(Exception):
    """The command could not do what it was asked; the message says why, and what to do."""

    exit_code = 1

    def __init__(self, message: str, *, id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.id = id


class Misuse(Failure):
    """The command was called in a wrong way."""

    exit_code = 2


class Unfinished(Failure):
    """The work goes on, but the command no longer waits for it."""

    exit_code = 130


class NotLoggedIn(Failure):
    """There is no token for the listener."""

    def __init__(self) -> None:
        super().__init__("Not logged in. Run `autopromote login`.")


class LoginExpired(Failure):
    """The stored token is no longer valid, and there was no way to get a new one."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"Your login expired and could not be renewed: {why}\nRun `autopromote login`."
        )


class Refused(Failure):
    """The listener refused, in its own words; `again_in` are the seconds until it may do."""

    def __init__(
        self, message: str, *, id: str | None, status: int, again_in: float | None = None
    ) -> None:
        super().__init__(message, id=id)
        self.status = status
        self.again_in = again_in


class Unreachable(Failure):
    """The listener was not reached, or did not answer."""


class NotAListener(Failure):
    """Something answered, but not as the listener does."""


class HerokuRefused(Failure):
    """Heroku refused, in its own words."""

    def __init__(self, message: str, *, id: str | None, status: int) -> None:
        super().__init__(message, id=id)
        self.status = status


class HerokuUnreachable(Failure):
    """Heroku was not reached, or did not answer."""
