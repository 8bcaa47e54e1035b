"""Errors become JSON here and nowhere else: `{"id", "message"}` and a status."""

from __future__ import annotations

import structlog
from flask import Flask, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from listener import errors
from listener.db.apps import AppUnknown
from listener.db.migrate import NO_WRITES
from listener.github import BadSignature as BadGitHubSignature
from listener.heroku import BadSignature
from listener.web.limits import KIB, MIB

log = structlog.get_logger()

PROBLEMS: dict[type[errors.Refusal], int] = {
    errors.Malformed: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.Invalid: 422,
    errors.Busy: 429,
    errors.HerokuUnreadable: 502,
    errors.Unavailable: 503,
}
HEADERS: dict[int, dict[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "2"},
    503: {"Retry-After": "5"},
}
WORDS: dict[int, tuple[str, str]] = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not know that method."),
}
NO_SUCH_TABLE, NO_SUCH_COLUMN = "42P01", "42703"
NOT_MIGRATED = "The database is not migrated: run `python -m listener migrate`."


def problem(status: int, id: str, message: str) -> tuple[Response, int, dict[str, str]]:
    """Build the answer for an error, as the API's callers know it."""
    return jsonify(id=id, message=message), status, HEADERS.get(status, {})


def refused(error: errors.Refusal) -> ResponseReturnValue:
    """Answer a refusal, which somebody can act on, with its own message."""
    body, status, headers = problem(status_of(error), error.id, error.message)
    if isinstance(error, errors.Busy):
        headers = headers | {"Retry-After": str(error.again_in)}
    return body, status, headers


def status_of(error: errors.Refusal) -> int:
    """Return the HTTP status of a refusal."""
    return next(code for kind, code in PROBLEMS.items() if isinstance(error, kind))


def unsigned(_: Exception) -> ResponseReturnValue:
    """Answer the same, whatever was wrong with the signature."""
    return problem(401, "bad_signature", "The signature does not match.")


def unknown_app(_: AppUnknown) -> ResponseReturnValue:
    """Answer 404 for an app that nothing here is about."""
    return problem(404, "app_not_found", "Couldn't find that app.")


def database_failed(error: DBAPIError | PoolTimeout) -> ResponseReturnValue:
    """Answer 503, as the same request may work later, unless the mistake is our own."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if state in (NO_SUCH_TABLE, NO_SUCH_COLUMN):
        return problem(503, "not_migrated", NOT_MIGRATED)
    if state in NO_WRITES:
        log.warning("database_takes_no_writes", sqlstate=state)
        return problem(503, "database_read_only", NO_WRITES[state])
    if not isinstance(error, (InterfaceError, OperationalError, PoolTimeout)):
        return broken(error)
    log.warning("database_unavailable", error=type(error).__name__, sqlstate=state)
    return problem(503, "database_unavailable", "The database cannot be reached. Try again soon.")


def too_large(_: RequestEntityTooLarge) -> ResponseReturnValue:
    """Answer with how large a body of this route may be."""
    most = request.max_content_length or 0
    size = f"{most // MIB} MiB" if most >= MIB else f"{most // KIB} KiB"
    return problem(413, "too_large", f"The body is larger than {size}.")


def refused_by_http(error: HTTPException) -> ResponseReturnValue:
    """Answer what the framework refuses, with the headers it wants."""
    answer = error.get_response()
    name = error.name.lower().replace(" ", "_")
    id, message = WORDS.get(answer.status_code, (name, error.description or error.name))
    answer.set_data(jsonify(id=id, message=message).get_data())
    answer.content_type = "application/json"
    return answer


def broken(error: Exception) -> ResponseReturnValue:
    """Log our own mistake in full; the answer tells nothing but its Request-Id."""
    log.error("request_broken", request_id=g.request_id, exc_info=error)
    message = f"Something is broken here. The log tells more about request {g.request_id}."
    return problem(500, "internal_error", message)


def init_app(app: Flask) -> None:
    """Answer the errors of this app's views."""
    app.register_error_handler(errors.Refusal, refused)
    app.register_error_handler(BadSignature, unsigned)
    app.register_error_handler(BadGitHubSignature, unsigned)
    app.register_error_handler(AppUnknown, unknown_app)
    app.register_error_handler(DBAPIError, database_failed)
    app.register_error_handler(PoolTimeout, database_failed)
    app.register_error_handler(RequestEntityTooLarge, too_large)
    app.register_error_handler(HTTPException, refused_by_http)
    app.register_error_handler(Exception, broken)
