"""The log: one event a line, key=value, whoever writes it and whatever strangers send."""

from __future__ import annotations

import errno
import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from listener import logs


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is logged; the loggers are as they were afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in logs.QUIET}
    stream = io.StringIO()
    logs.configure(stream)
    yield stream
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def test_an_event_is_one_line_of_keys_and_values(written: io.StringIO) -> None:
    structlog.get_logger().info("request", path="/healthz", ms=3, user=None, is_new=True)

    line = written.getvalue()
    assert line.startswith("at=")
    assert line.endswith(" level=info event=request path=/healthz ms=3 is_new=true\n")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("plain/words-9.5:a@b,c+d", "plain/words-9.5:a@b,c+d"),
        (-7, "-7"),
        (1.5, "1.5"),
        (False, "false"),
        ("", ""),
        ("two words", '"two words"'),
        ("a=b", '"a=b"'),
        ('say "hi"', r'"say \"hi\""'),
        ("back\\slash", "back\\slash"),
        ("back\\slash = two", r'"back\\slash = two"'),
        ("ü€", "ü€"),
        ("tab\t", r"tab\t"),
        ("\x1b[31m", r"\x1b[31m"),
        ("line\nend", r"line\nend"),
        (["a", 1], "\"['a', 1]\""),
    ],
)
def test_a_value_that_needs_it_is_quoted(written: io.StringIO, value: object, told: str) -> None:
    structlog.get_logger().info("request", what=value, ms=3)

    assert written.getvalue().endswith(f" level=info event=request what={told} ms=3\n")


def test_other_libraries_write_in_the_same_form(written: io.StringIO) -> None:
    logging.getLogger("gunicorn.error").warning("Worker %s is gone", 7)

    assert written.getvalue().endswith(' level=warning event="Worker 7 is gone"\n')


@pytest.mark.parametrize("name", ["httpx", "sqlalchemy.engine", "alembic.runtime.migration"])
def test_chatter_of_libraries_is_left_out(written: io.StringIO, name: str) -> None:
    logging.getLogger(name).info("HTTP Request: GET https://…?token=hush")

    assert written.getvalue() == ""


@pytest.mark.parametrize("letter", ["\n", "\r", "\x1b", "\x00", "\u2028", "\x85"])
def test_strangers_neither_begin_a_line_nor_steer_a_terminal(
    written: io.StringIO, letter: str
) -> None:
    structlog.get_logger().info("request", path=f"/a{letter}event=forged")

    assert letter not in written.getvalue().rstrip("\n")


def test_a_traceback_stays_on_its_line_and_shows_no_values(written: io.StringIO) -> None:
    def fail(secret: str) -> None:
        raise RuntimeError(len(secret))

    try:
        fail("hush-hush")
    except RuntimeError as error:
        structlog.get_logger().error("request_broken", exc_info=error)

    line = written.getvalue()
    assert line.count("\n") == 1
    assert "RuntimeError: 9" in line
    assert line.count("hush-hush") == line.count('fail(\\"hush-hush\\")')  # the code, not the value


def test_configuring_twice_writes_once(written: io.StringIO) -> None:
    logs.configure(written)
    structlog.get_logger().info("request")

    assert written.getvalue().count("event=request") == 1


class Full(io.StringIO):
    """A disk without space."""

    def write(self, text: str) -> int:
        """Fail."""
        raise OSError(errno.ENOSPC, "No space left on device")


class Unsayable:
    """A value that cannot be told."""

    def __str__(self) -> str:
        """Fail."""
        raise ValueError


def test_a_log_that_cannot_be_written_stops_nobody(written: io.StringIO) -> None:
    """Runners log in their last resort: an error there would end them for good."""
    closed = io.StringIO()
    closed.close()
    for stream in (Full(), closed, io.TextIOWrapper(io.BytesIO(), encoding="ascii")):
        logs.configure(stream)
        structlog.get_logger().info("request", app="ü€")


@pytest.mark.parametrize("facts", [{"app": Unsayable()}, {"two words": 1}])
def test_a_line_that_cannot_be_made_says_so(written: io.StringIO, facts: dict[str, object]) -> None:
    structlog.get_logger().warning("request", **facts)
    structlog.get_logger().info("request")

    broken, good = written.getvalue().splitlines()
    assert " level=warning event=line_broken error=ValueError" in broken
    assert good.endswith(" event=request")


def test_a_logger_that_was_used_follows_to_another_stream(written: io.StringIO) -> None:
    log = structlog.get_logger()
    log.info("one")
    other = io.StringIO()
    logs.configure(other)
    log.info("two")
    assert (written.getvalue().count("event="), other.getvalue().count("event=two")) == (1, 1)
