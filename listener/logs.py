"""The log: one event a line, key=value, on stdout; other people's libraries in the same form."""

from __future__ import annotations

import logging
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


def configure(stream: TextIO | None = None) -> None:
    """Make every logger write in this form; safe to repeat."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_both(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _only_what_is_known,
                structlog.processors.LogfmtRenderer(
                    key_order=FIRST, drop_missing=True, bool_as_flag=False
                ),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=_OURS,
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _both() -> list[Processor]:
    """List the processors for our events and for those of other libraries."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _printable,
    ]


def _only_what_is_known(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {key: value for key, value in event.items() if value is not None}


def _printable(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Escape control characters, so that no value begins a new line or steers a terminal."""
    return {key: _escaped(value) for key, value in event.items()}


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


# One list for good: a logger keeps the one that it was first used with.
_OURS: list[Processor] = [
    structlog.stdlib.filter_by_level,
    *_both(),
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]
