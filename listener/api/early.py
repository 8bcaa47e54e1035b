"""What is known of a request by its head alone, before anything of its body is read."""

from __future__ import annotations

from datetime import UTC, datetime

from listener.api.auth import SCHEME
from listener.api.request_body import LARGEST_FORM
from listener.crypto import BadToken, Keys
from listener.heroku import HEADER, is_well_formed
from listener.web.limits import Admission, Headers, Judge, Priority

DOOR = "/webhooks/heroku"
LOGINS = frozenset({"/api/tokens", "/login/callback"})  # whoever logs in has no token yet
HEALTH = frozenset({"/healthz", "/readyz"})
_REFUSED = Admission(Priority.LAST, reads_body=False)
_HEALTH = Admission(Priority.QUICK, body=LARGEST_FORM)
_STRANGER = Admission(Priority.LAST, body=LARGEST_FORM)
_LOGIN = Admission(Priority.REST, body=LARGEST_FORM)  # it waits for Heroku
_KNOWN = Admission(Priority.REST)


def judge_for(keys: Keys) -> Judge:
    """Return what says who goes first, and whose body is not worth reading.

    It decides no request: whose body is not read gets the app's own answer without it.
    """

    def judge(method: str, path: str, headers: Headers) -> Admission:
        if path == DOOR:
            if _is_signed(headers.get(HEADER.upper(), ())):
                return Admission(Priority.FIRST, is_trusted=True)
            return _REFUSED
        if path in HEALTH:
            return _HEALTH
        if path in LOGINS:
            return _LOGIN
        if path.startswith("/api/"):
            return _KNOWN if _verifies(keys, headers.get("AUTHORIZATION", ())) else _REFUSED
        return _STRANGER

    return judge


def _is_signed(given: object) -> bool:
    match given:
        case [str() as only]:
            return is_well_formed(only)
        case _:
            return False


def _verifies(keys: Keys, given: object) -> bool:
    match given:
        case [str() as only] if only.lower().startswith(SCHEME):
            try:
                keys.read_token(only[len(SCHEME) :].strip(), now=datetime.now(UTC))
            except BadToken:
                return False
            return True
        case _:
            return False
