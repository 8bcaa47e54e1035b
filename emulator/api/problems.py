"""Refusals in Heroku's form: a status, an id, a message."""

from flask import Flask, Response, jsonify
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.exceptions import NotFound as NoRoute

from emulator import errors

PROBLEMS: dict[type[errors.Refusal], tuple[int, str]] = {
    errors.BadRequest: (400, "bad_request"),
    errors.Unauthorized: (401, "unauthorized"),
    errors.Forbidden: (403, "forbidden"),
    errors.TwoFactorNeeded: (403, "two_factor"),
    errors.BadFactor: (403, "invalid_two_factor_code"),  # the status is a guess
    errors.NotFound: (404, "not_found"),
    errors.NoSuchEndpoint: (404, "not_found"),
    errors.MissingVersion: (406, "missing_version"),  # the status is a guess
    errors.BadRange: (416, "requested_range_not_satisfiable"),
    errors.InvalidParams: (422, "invalid_params"),
    errors.RateLimited: (429, "rate_limit"),
}
URLS = {
    "unauthorized": "https://devcenter.heroku.com/articles/authentication",
    "two_factor": "https://devcenter.heroku.com/articles/two-factor-authentication",
    "rate_limit": "https://devcenter.heroku.com/articles/platform-api-reference#rate-limits",
}
NO_ENDPOINT = (
    "The requested API endpoint was not found. Are you using the right HTTP verb "
    "(i.e. `GET` vs. `POST`), and did you specify your intended version with the `Accept` header?"
)


def register(app: Flask) -> None:
    """Answer every refusal in Heroku's form."""
    app.register_error_handler(errors.Refusal, answer)
    app.register_error_handler(NoRoute, _no_endpoint)
    app.register_error_handler(MethodNotAllowed, _no_endpoint)


def answer(refusal: errors.Refusal) -> Response:
    """Build the answer of one refusal."""
    status, name = PROBLEMS[type(refusal)]
    # This one refusal has its message under another key, as recorded.
    is_versionless = isinstance(refusal, errors.MissingVersion)
    body = {"id": name, "error" if is_versionless else "message": str(refusal)}
    if isinstance(refusal, errors.NotFound):
        body["resource"] = refusal.resource
    if name in URLS:
        body["url"] = URLS[name]
    response = jsonify(body)
    response.status_code = status
    if is_versionless:
        response.content_type = "application/json; charset=utf-8"
    return response


def _no_endpoint(_: Exception) -> Response:
    return answer(errors.NoSuchEndpoint(NO_ENDPOINT))
