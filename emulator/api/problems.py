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
    errors.NotFound: (404, "not_found"),
    errors.NoSuchEndpoint: (404, "not_found"),
    errors.NotAcceptable: (406, "not_acceptable"),
    errors.BadRange: (416, "requested_range_not_satisfiable"),
    errors.InvalidParams: (422, "invalid_params"),
    errors.RateLimited: (429, "rate_limit"),
}
URLS = {
    401: "https://devcenter.heroku.com/articles/authentication",
    429: "https://devcenter.heroku.com/articles/platform-api-reference#rate-limits",
}
NO_ENDPOINT = (
    "The requested API endpoint was not found. Are you using the right HTTP verb "
    "(i.e. `GET` vs. `POST`), and did you specify your intended version with the `Accept` header?"
)


def register(app: Flask) -> None:
    """Let every refusal be answered in Heroku's form."""
    app.register_error_handler(errors.Refusal, answer)
    app.register_error_handler(NoRoute, _no_endpoint)
    app.register_error_handler(MethodNotAllowed, _no_endpoint)


def answer(refusal: errors.Refusal) -> Response:
    """One refusal."""
    status, name = PROBLEMS[type(refusal)]
    body = {"id": name, "message": str(refusal)}
    if status in URLS:
        body["url"] = URLS[status]
    response = jsonify(body)
    response.status_code = status
    return response


def _no_endpoint(_: Exception) -> Response:
    return answer(errors.NoSuchEndpoint(NO_ENDPOINT))
