"""The refusals of the emulated Heroku; `api/problems.py` gives each its status and id."""


class Refusal(Exception):
    """A request that Heroku would not carry out."""


class BadRequest(Refusal):
    """The body cannot be read."""


class Unauthorized(Refusal):
    """The token is missing, unknown or expired."""


class Forbidden(Refusal):
    """The caller is known but not allowed."""


class TwoFactorNeeded(Refusal):
    """The app is protected, and the caller gave no second factor."""


class BadFactor(Refusal):
    """The code of the second factor is wrong."""


class NotFound(Refusal):
    """There is no such resource."""

    def __init__(self, thing: str) -> None:
        super().__init__(f"Couldn't find that {thing}.")
        self.resource = thing.replace(" ", "_")


class NoSuchEndpoint(Refusal):
    """The API has no such path, or not with this verb."""


class MissingVersion(Refusal):
    """The caller did not ask for version 3."""


class BadRange(Refusal):
    """The Range header cannot be satisfied."""


class InvalidParams(Refusal):
    """The request is readable but wrong."""


class RateLimited(Refusal):
    """The account's requests are used up."""
