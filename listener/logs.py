"""The log: one event a line, key=value, on stdout; other people's libraries in the same form."""

from __future__ import annotations

import logging
import re
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# Our own lines say the same, or theirs hold what no log may hold.
QUIET = (
    "alembic.runtime.plugins",
    "alembic.runtime.migration",
    "apprise",
    "httpcore",
    "httpx",
    "sqlalchemy",
)
FIRST = ("at", "level", "event")
# What stands as it is: ASCII that can be seen, but the marks that mean something in this form.
_PLAIN = re.compile(r"[!#-<>-\[\]-~]+")


def configure(stream: TextIO | None = None) -> None:
    """Make every logger write in this form; safe to repeat."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *_BOTH],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _line],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Not by way of the standard library, which would take twice as long for each request's line.
    structlog.configure(
        processors=_OURS,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_Lines,
        cache_logger_on_first_use=True,
    )


class _Lines:
    """Writes lines where other libraries' go; one that cannot be written stops nobody."""

    def __init__(self, *_: object) -> None:
        """Take no name: a line says by itself what it is about."""

    def msg(self, line: str) -> None:
        """Write a line, and flush it."""
        for handler in logging.getLogger().handlers:
            if not isinstance(handler, logging.StreamHandler) or handler.lock is None:
                continue
            with handler.lock:
                try:
                    handler.stream.write(f"{line}\n")
                    handler.flush()
                except Exception:  # noqa: BLE001 - whoever logs has more to do than to write a log
                    handler.handleError(logging.makeLogRecord({"msg": "a line of the log"}))

    debug = info = warning = error = critical = exception = msg


def _rendered(logger: WrappedLogger, name: str, event: EventDict) -> str:
    try:
        return str(_RENDERER(logger, name, dict(event)))  # it takes from what it is given
    except Exception as error:  # noqa: BLE001 - as above
        kept = {key: event.get(key) for key in ("at", "level")}
        broken = {"event": "line_broken", "error": type(error).__name__}
        return str(_RENDERER(logger, name, {**kept, **broken}))


def _line(logger: WrappedLogger, name: str, event: EventDict) -> str:
    """Return the line of an event of ours."""
    return _plain_line(event) or _rendered(logger, name, _printable(logger, name, event))


def _plain_line(event: EventDict) -> str | None:
    """Return the line of an event whose values need no quotes, as the renderer would; else None.

    That is nearly each, and the renderer takes several times as long.
    """
    words: dict[str, object] = dict.fromkeys(FIRST)
    for key, value in event.items():
        is_plain = type(value) is int or (type(value) is str and _PLAIN.fullmatch(value))
        if value is not None and not (is_plain and key.isidentifier()):
            return None
        words[key] = value
    return " ".join([f"{key}={value}" for key, value in words.items() if value is not None])


def _printable(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Leave out what is not known; let no value begin a new line or steer a terminal."""
    return {key: _escaped(value) for key, value in event.items() if value is not None}


def _escaped(value: object) -> object:
    if not isinstance(value, str) or value.isprintable():
        return value
    # Line ends are the renderer's to escape.
    return "".join(
        letter
        if letter.isprintable() or letter == "\n"
        else letter.encode("unicode_escape").decode()
        for letter in value
    )


_BOTH: list[Processor] = [  # for our events and for those of other libraries
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]
_RENDERER = structlog.processors.LogfmtRenderer(
    key_order=FIRST, drop_missing=True, bool_as_flag=False
)
# One list for good: a logger keeps the one that it was first used with.
_OURS: list[Processor] = [*_BOTH, _line]
