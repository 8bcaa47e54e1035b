"""The WSGI middleware in front of the API: it logs requests and applies faults."""

import json
import time
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
from werkzeug.wrappers import Request, Response

from emulator import accounts, apps
from emulator.errors import Unauthorized
from emulator.faults import GITHUB, Call, Fault, Strike
from emulator.github import errors as github_errors
from emulator.github.state import API, PREFIX
from emulator.records import Exchange
from emulator.state import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTROL = "/_emulator"
WIRE = "emulator.wire"  # set in the environ when there is a real connection to spoil
BEHIND = "emulator.behind"  # how far the answer is behind, or None
SPOIL = "emulator.spoil"  # how the connection shall spoil this answer


@dataclass(frozen=True, slots=True)
class Spoil:
    """How the connection spoils an answer: `reset`, `cut` or `trickle`; seconds between bytes."""

    kind: str
    seconds: float = 0.0


class Door:
    """Wraps the API; control requests pass without faults and without a log entry."""

    def __init__(self, inner: "WSGIApplication", world: State) -> None:
        self._inner = inner
        self._world = world

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> "Iterable[bytes]":
        """Answer one request."""
        if environ.get("PATH_INFO", "").startswith(CONTROL):
            return self._pass(environ)(environ, start_response)
        return self._answer(environ)(environ, start_response)

    def _answer(self, environ: "WSGIEnvironment") -> Response:
        arrived_at, body = self._world.now(), _keep_body(environ)
        request = Request(environ)
        with self._world.lock:
            strike = self._world.faults.strike(_call(self._world, request))
            email = _email(self._world, request)
        request_id = _request_id(request)

        self._world.closing.wait(strike.before)
        begun = time.monotonic()
        response = self._apply(environ, strike)
        name = "X-GitHub-Request-Id" if _is_github(request) else "Request-Id"
        response.headers[name] = request_id
        self._log(request, body, response, strike, request_id, email, arrived_at=arrived_at)
        self._world.closing.wait(strike.takes - (time.monotonic() - begun))
        self._world.closing.wait(strike.after)
        _spoil(environ, strike.fault)
        return response

    def _exchanges(self, request: Request) -> list[Exchange]:
        return self._world.github.exchanges if _is_github(request) else self._world.exchanges

    def _pass(self, environ: "WSGIEnvironment") -> Response:
        with self._world.lock:
            return Response.from_app(self._inner, environ)

    def _apply(self, environ: "WSGIEnvironment", strike: Strike) -> Response:
        if not strike.is_applied:
            return _refusal(strike.fault)
        with self._world.lock:
            environ[BEHIND] = self._world.faults.behind(strike)
            answer = self._pass(environ)
        for edit in strike.edits:
            _edit(answer, edit)
        is_replaced = strike.fault is not None and strike.fault.kind == "status"
        return _refusal(strike.fault) if is_replaced else answer

    def _log(
        self,
        request: Request,
        body: bytes,
        response: Response,
        strike: Strike,
        request_id: str,
        email: str | None,
        *,
        arrived_at: datetime,
    ) -> None:
        kind = strike.kind
        exchange = Exchange(
            method=request.method,
            path=request.path.removeprefix(API),
            query=request.query_string.decode(),
            range=request.headers.get("Range"),
            status=None if kind in ("reset", "cut") else response.status_code,
            token_email=email,
            request_id=request_id,
            body=_parsed(body),
            fault=kind,
            was_applied=strike.is_applied,
            arrived_at=arrived_at,
            at=self._world.now(),
        )
        with self._world.changed:
            self._exchanges(request).append(exchange)
            self._world.changed.notify_all()


def _is_github(request: Request) -> bool:
    return request.path.startswith(f"{PREFIX}/")


def _keep_body(environ: "WSGIEnvironment") -> bytes:
    """Read the body, and put it back for the next reader."""
    body = Request(environ).get_data(cache=False)
    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return body


def _email(world: State, request: Request) -> str | None:
    if _is_github(request):
        token = world.github.find_token(request.headers.get("Authorization", ""))
        return token.login if token else None
    try:
        who = accounts.identify(world, request.headers.get("Authorization", ""))
    except Unauthorized:
        return None
    return world.accounts[who.account_id].email


def _call(world: State, request: Request) -> Call:
    """Build the Call of a request, with the id and the name of the app in its path."""
    if _is_github(request):
        return Call(request.method, request.path.removeprefix(API), host=GITHUB)
    match request.path.split("/")[1:3]:
        case ["apps", identity]:
            app = apps.find_app(world, identity)
            return Call(request.method, request.path, frozenset((app.id, app.name) if app else ()))
        case _:
            return Call(request.method, request.path)


def _edit(answer: Response, fault: Fault) -> None:
    """Change every object of a successful answer as the fault says."""
    told = _parsed(answer.get_data())
    objects = told if isinstance(told, list) else [told]
    if answer.status_code >= 300 or not all(isinstance(each, dict) for each in objects):
        return
    for each in objects:
        for name in fault.drop:
            each.pop(name, None)
        each.update(fault.set)
    answer.set_data(json.dumps(told))


def _request_id(request: Request) -> str:
    """Build an id: GitHub's one word; or Heroku's, the client's if given, and two more."""
    if _is_github(request):
        return uuid4().hex[:20].upper()
    given = request.headers.get("Request-Id", "")
    return ",".join([str(uuid4()), *([given] if given else []), str(uuid4()), str(uuid4())])


def _refusal(fault: Fault | None) -> Response:
    """Build the answer of a fault: with its own body, or with Heroku's for that status."""
    status = fault.status if fault else 500
    body = fault.body if fault and fault.body is not None else _words(fault, status)
    is_text = isinstance(body, str)
    text = body if is_text else json.dumps(body)
    default = "text/html; charset=utf-8" if is_text else "application/json"
    response = Response(text, status=status)
    response.headers["Content-Type"] = (fault and fault.content_type) or default
    for name, value in (fault.headers if fault else {}).items():
        response.headers[name] = value
    return response


def _words(fault: Fault | None, status: int) -> Any:
    if fault is not None and fault.host == GITHUB:
        return github_errors.words(status)
    names = {
        400: "bad_request",
        401: "unauthorized",
        402: "delinquent",
        403: "forbidden",
        404: "not_found",
        409: "conflict",
        410: "gone",
        422: "invalid_params",
        429: "rate_limit",
        503: "service_unavailable",
    }
    name = names.get(status, "internal_server_error")
    return {"id": name, "message": f"The emulator was told to answer {status}."}


def _spoil(environ: "WSGIEnvironment", fault: Fault | None) -> None:
    """Tell the connection how to spoil the answer.

    Without a connection, raises the httpx error that a client would see.
    """
    if fault is None or fault.kind == "status":
        return
    if WIRE in environ:
        environ[SPOIL] = Spoil(fault.kind, fault.seconds)
    elif fault.kind == "reset":
        raise httpx.ReadError("[Errno 104] Connection reset by peer")
    elif fault.kind == "cut":
        raise httpx.RemoteProtocolError("peer closed connection without sending complete body")


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode(errors="replace")
