"""The refusals: what a caller is told when a request cannot be carried out.

Plain exceptions that know nothing of HTTP; `listener/api/errors.py` alone translates them. Every
message is fit to be shown.
"""

from __future__ import annotations

from collections.abc import Iterable

MOST_FAULTS, MOST_OF_FILE = 10, 50  # are told at once


class Refusal(Exception):
    """What was asked for is not done; `id` is for programs, the message for people."""

    def __init__(self, id: str, message: str) -> None:
        super().__init__(message)
        self.id = id
        self.message = message


class NotFound(Refusal):
    """There is no such thing."""

    def __init__(self, thing: str, message: str) -> None:
        super().__init__(f"{thing}_not_found", message)


class Conflict(Refusal):
    """Understood, and not possible as things stand."""


class Gone(Refusal):
    """It was there, and its time is over."""


class Invalid(Refusal):
    """Understood, and wrong in itself."""

    def __init__(self, message: str, *, id: str = "invalid_params") -> None:
        super().__init__(id, message)


class Malformed(Refusal):
    """Not understood: not the JSON that it should be."""

    def __init__(self, message: str) -> None:
        super().__init__("bad_request", message)


class Unauthorized(Refusal):
    """Nobody can tell who asks."""

    def __init__(self, message: str, *, id: str = "unauthorized") -> None:
        super().__init__(id, message)


class Forbidden(Refusal):
    """We know who asks, and that person may not."""

    def __init__(self, message: str, *, id: str = "forbidden") -> None:
        super().__init__(id, message)


class Busy(Refusal):
    """As many of these as we do are under way, or were done; again after so many seconds."""

    def __init__(self, message: str, *, id: str = "busy", again_in: int = 2) -> None:
        super().__init__(id, message)
        self.again_in = again_in


class Spared(Busy):
    """Heroku was not asked, to keep its calls for what must go on; again after so many seconds."""

    def __init__(self, message: str, *, again_in: int) -> None:
        super().__init__(message, id="heroku_spared", again_in=again_in)


class Unavailable(Refusal):
    """We cannot do it now, and the same request may do later."""

    def __init__(self, message: str, *, id: str = "unavailable") -> None:
        super().__init__(id, message)


class HerokuUnreadable(Refusal):
    """Heroku had to be asked, and gave no usable answer."""

    def __init__(self, message: str, *, id: str = "heroku_unreadable") -> None:
        super().__init__(id, message)


def told(faults: Iterable[str], between: str, *, most: int = MOST_FAULTS) -> str:
    """Return the first faults as one message, and how many more there are."""
    found = list(faults)
    more = len(found) - most
    return between.join([*found[:most], *([f"And {more} more."] if more > 0 else [])])
