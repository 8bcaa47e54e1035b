"""Why the emulated Heroku says no; `api/problems.py` gives each its status and id."""


class Refusal(Exception):
    """A request that Heroku would not carry out."""


class BadRequest(Refusal):
    """The body cannot be read."""


class Unauthorized(Refusal):
    """Nobody knows this token."""


class Forbidden(Refusal):
    """Known, but not allowed."""


class TwoFactorNeeded(Refusal):
    """The app is protected, and the caller gave no second factor."""


class NotFound(Refusal):
    """There is no such thing."""

    def __init__(self, thing: str) -> None:
        super().__init__(f"Couldn't find that {thing}.")


class NoSuchEndpoint(Refusal):
    """The API has no such path, or not with this verb."""


class NotAcceptable(Refusal):
    """The caller did not ask for version 3."""


class BadRange(Refusal):
    """The Range header cannot be satisfied."""


class InvalidParams(Refusal):
    """Understood, but wrong."""


class RateLimited(Refusal):
    """The account's requests are used up."""
