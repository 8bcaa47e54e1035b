"""What single values in request bodies may be: names, versions, reasons, moments."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from flask import request
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from listener.core import duration, local_time
from listener.core.duration import BadDuration
from listener.core.promotion import Status
from listener.errors import Invalid
from listener.services.apps import number_of

LONGEST_NAME = 100
LONGEST_REASON = 4096
MOST_TARGETS = 100
MOST_GATES = 20
HIGHEST_VERSION = 2**31 - 1
FIRST_YEAR, LAST_YEAR = 2000, 2200
MOST_COMPARED = 10
LONGEST_PAST = timedelta(days=3660)
_MOST_DIGITS = 11
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/(?!\.+$)[A-Za-z0-9_.-]{1,100}", re.ASCII)


def _rule_name(name: str) -> str:
    """Check that a rule's name fits into an address and is not a number, as ids are."""
    if name.isdigit():
        raise ValueError("a rule's name must not be a number, for ids are")
    if name in (".", "..") or "/" in name or not name.isprintable():
        raise ValueError("a rule's name must fit into an address: no slash, no control character")
    return name


def _version(said: Any) -> Any:
    """Read a release that is written as 42, "42" or "v42"."""
    digits = str(said).strip().lower().removeprefix("v")
    if isinstance(said, (str, int)) and digits.isascii() and digits.isdigit():
        return int(digits[:_MOST_DIGITS])
    raise ValueError("a release is written like v42")


def _written(said: Any) -> Any:
    if isinstance(said, str):
        return local_time.parse(said)
    raise ValueError(f"a time is written like {local_time.EXAMPLE}")


def _id(said: Any) -> Any:
    """Read an id, which is a text that is a number."""
    found = number_of(said) if isinstance(said, str) else None
    if found is None:
        raise ValueError('an id is written like "42"')
    return found


def _moment(moment: datetime) -> datetime:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"a time must lie between the years {FIRST_YEAR} and {LAST_YEAR}")
    return moment.astimezone(UTC)


def _as_list(said: Any) -> Any:
    """Take one text for a list of it, as people write in a file."""
    return [said] if isinstance(said, str) else said


def is_one_word(text: str) -> bool:
    """Return whether a header or a form can carry it as it is: ASCII, no space or control."""
    return text.isascii() and text.isprintable() and " " not in text


_Stripped = StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME)

AppName = Annotated[str, _Stripped]
RuleName = Annotated[str, _Stripped, AfterValidator(_rule_name)]
Targets = Annotated[
    tuple[AppName, ...], BeforeValidator(_as_list), Field(min_length=1, max_length=MOST_TARGETS)
]
GateNames = Annotated[
    tuple[AppName, ...], BeforeValidator(_as_list), Field(min_length=1, max_length=MOST_GATES)
]
Version = Annotated[int, BeforeValidator(_version), Field(ge=1, le=HIGHEST_VERSION)]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_REASON)
]
Id = Annotated[int, BeforeValidator(_id)]
Moment = Annotated[datetime, BeforeValidator(_written), AfterValidator(_moment)]

_VERSION: TypeAdapter[int] = TypeAdapter(Version)
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


def version_of(text: str | None) -> int | None:
    """Read the release that an address names; None where it names none. Raises Invalid."""
    if text is None:
        return None
    try:
        return _VERSION.validate_python(text)
    except ValidationError as error:
        raise Invalid("release: a release is written like v42.") from error


def targets_of(text: str | None) -> tuple[str, ...]:
    """Read the apps that an address names behind `to=`, comma-separated. Raises Invalid."""
    names = tuple(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))
    if 1 <= len(names) <= MOST_COMPARED and max(map(len, names)) <= LONGEST_NAME:
        return names
    raise Invalid(f"to: one to {MOST_COMPARED} apps, comma-separated.")


def repo_of(text: str | None) -> str | None:
    """Read the repository that an address names; None where it names none. Raises Invalid."""
    if text is None or _REPO.fullmatch(text):
        return text
    raise Invalid("repo: a repository at GitHub is written like owner/name.")


def status_of(text: str | None) -> Status | None:
    """Read the status that an address names; None where it names none. Raises Invalid."""
    if text is None:
        return None
    try:
        return Status(text)
    except ValueError as error:
        words = ", ".join(Status)
        raise Invalid(f"status: there is no {text}; there are {words}.") from error


DEFAULT_LIMIT = 100
MOST = 1000
MOST_DIGITS = 15


def limit() -> int:
    """Read how many rows are wanted: `?limit=`, 100 without. Raises Invalid."""
    said = request.args.get("limit", str(DEFAULT_LIMIT))
    if said.isascii() and said.isdigit() and len(said) <= len(str(MOST)) and 1 <= int(said) <= MOST:
        return int(said)
    message = f"limit must be a number from 1 to {MOST}."
    raise Invalid(message)


def offset() -> int:
    """Read from which byte on something is wanted: `?offset=`, 0 without. Raises Invalid."""
    said = request.args.get("offset", "0")
    if said.isascii() and said.isdigit() and len(said) <= MOST_DIGITS:
        return int(said)
    message = f"offset must be a number of at most {MOST_DIGITS} digits."
    raise Invalid(message)


def text(name: str) -> str | None:
    """Return the query parameter of this name; None where it is absent or empty."""
    return request.args.get(name) or None


def moment(name: str) -> datetime | None:
    """Return the moment that is given by this name, if one is. Raises Invalid."""
    said = text(name)
    try:
        return None if said is None else _MOMENT.validate_python(said)
    except ValidationError as error:
        raise Invalid(f"{name}: a time is written like {local_time.EXAMPLE}.") from error


def past(name: str, now: datetime) -> datetime | None:
    """Return the moment that is given by this name, if one is; `7d` is so long ago.

    A day alone is one of UTC. Raises Invalid.
    """
    said = (text(name) or "").strip()
    if not said:
        return None
    if _DAY.fullmatch(said):
        said = f"{said} UTC"
    try:
        return now - duration.parse(said, longest=LONGEST_PAST)
    except BadDuration:
        pass
    try:
        return _MOMENT.validate_python(said)
    except ValidationError as error:
        raise Invalid(f"{name}: write 7d, 12h or 2030-01-31.") from error


def id_of(name: str) -> int | None:
    """Return the id that is given by this name, if one is. Raises Invalid."""
    said = text(name)
    found = number_of(said) if said is not None else None
    if said is not None and found is None:
        raise Invalid(f"{name}: an id is written like 42.")
    return found


def flag(name: str) -> bool:
    """Tell whether this is asked for: `true` or `1`; absent, `false`, `0`: no. Raises Invalid."""
    said = request.args.get(name, "false").lower()
    if said in ("true", "1"):
        return True
    if said in ("false", "0", ""):
        return False
    message = f"{name} must be true or false."
    raise Invalid(message)
