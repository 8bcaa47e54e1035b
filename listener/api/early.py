"""What is known of a request by its head alone, before anything of its body is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from listener.api.auth import COOKIE, SCHEME
from listener.api.request_body import LARGEST_FORM
from listener.crypto import BadToken, Keys
from listener.github import signature as at_github
from listener.heroku import HEADER, is_well_formed
from listener.web.limits import Admission, Headers, Judge, Priority

DOOR = "/webhooks/heroku"
GITHUB_DOOR = "/webhooks/github"
LOGINS = frozenset({"/api/tokens", "/login/callback"})  # whoever logs in has no token yet
HEALTH = frozenset({"/healthz", "/readyz"})
_REFUSED = Admission(Priority.LAST, reads_body=False)
_FROM_HEROKU = Admission(Priority.FIRST, is_trusted=True, is_fast=True)
_HEALTH = Admission(Priority.QUICK, body=LARGEST_FORM)
_STRANGER = Admission(Priority.LAST, body=LARGEST_FORM)
_PERSON = _LOGIN = Admission(Priority.REST, body=LARGEST_FORM)  # they may wait for Heroku
_KNOWN = Admission(Priority.REST)
# A session is far shorter; what is longer is not worth the reading.
_SESSION = re.compile(rf"(?:^|;) ?{COOKIE}=([\w.-]{{1,1000}})(?:;|$)", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Door:
    """Where deliveries come in: the header with their signature, and what one that may be is."""

    header: str
    is_signature: Callable[[str], bool]
    admission: Admission


def judge_for(keys: Keys, *, has_github: bool = False) -> Judge:
    """Return what says who goes first, and whose body is not worth reading.

    It decides no request: whose body is not read gets the app's own answer without it. With
    `has_github`, GitHub may deliver webhooks.
    """
    doors = {
        DOOR: _Door(HEADER, is_well_formed, _FROM_HEROKU),
        GITHUB_DOOR: _Door(
            at_github.HEADER, at_github.is_well_formed, _KNOWN if has_github else _REFUSED
        ),
    }

    def judge(method: str, path: str, headers: Headers) -> Admission:
        if (door := doors.get(path)) is not None:
            is_signed = _is_signed(headers.get(door.header.upper(), ()), door.is_signature)
            return door.admission if is_signed else _REFUSED
        if path in HEALTH:
            return _HEALTH
        if path in LOGINS:
            return _LOGIN
        if path.startswith("/api/"):
            token = _token(headers.get("AUTHORIZATION", ()))
            return _KNOWN if token and _verifies(keys.read_token, token) else _REFUSED
        session = _session(headers.get("COOKIE", ()))
        return _PERSON if session and _verifies(keys.read_session, session) else _STRANGER

    return judge


def _is_signed(given: object, is_signature: Callable[[str], bool]) -> bool:
    match given:
        case [str() as only]:
            return is_signature(only)
        case _:
            return False


def _token(given: object) -> str | None:
    match given:
        case [str() as only] if only.lower().startswith(SCHEME):
            return only[len(SCHEME) :].strip()
        case _:
            return None


def _session(given: object) -> str | None:
    """Return the session that a browser brings, to a page."""
    match given:
        case [str() as only] if found := _SESSION.search(only):
            return found[1]
        case _:
            return None


def _verifies(read: Callable[..., object], text: str) -> bool:
    """Return whether we signed it, and its time is not over; the database may know better."""
    try:
        read(text, now=datetime.now(UTC))
    except BadToken:
        return False
    return True
