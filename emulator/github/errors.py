"""The refusals of the fake GitHub, in GitHub's words."""

from collections.abc import Mapping
from typing import Any

DOCS = "https://docs.github.com"
REST = f"{DOCS}/rest"
TOO_FAST = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
)
LIMITS = f"{REST}/using-the-rest-api/rate-limits-for-the-rest-api"


class Refused(Exception):
    """A request that GitHub would not carry out: a status, a message, and what more it tells."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        documentation: str = REST,
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = body_of(status, message, documentation) | dict(more or {})
        self.headers = dict(headers or {})


def body_of(status: int, message: str, documentation: str = REST) -> dict[str, Any]:
    """Return the body of a refusal."""
    return {"message": message, "documentation_url": documentation, "status": str(status)}


def words(status: int) -> dict[str, Any]:
    """Return the body of a fault that has none of its own."""
    if status in (403, 429):
        return body_of(status, TOO_FAST, f"{LIMITS}#about-secondary-rate-limits")
    names = {401: "Bad credentials", 404: "Not Found", 500: "Server Error", 502: "Server Error"}
    return body_of(status, names.get(status, "The emulator was told to answer this."))


def not_found() -> Refused:
    """Return the refusal of what is not there, or is not to be seen."""
    return Refused(404, "Not Found")


def invalid(resource: str, field: str, message: str) -> Refused:
    """Return the refusal of a field that is wrong."""
    error = {"resource": resource, "field": field, "code": "custom", "message": message}
    return Refused(422, "Validation Failed", more={"errors": [error]})


def unreadable(problem: str) -> Refused:
    """Return the refusal of a body that is not as the schema says."""
    return Refused(422, f"Invalid request.\n\n{problem}")
