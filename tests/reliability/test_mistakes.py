"""What of a log is a mistake of the listener's, and what the run did itself."""

from __future__ import annotations

import pytest

from reliability.fuzz_api import mistakes_in

BROKEN = 'at=now event=step_broken work=notice exception="Traceback (most recent call last):'


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        (f'{BROKEN} psycopg.OperationalError: server closed the connection"', False),
        (f'{BROKEN} psycopg.errors.UndefinedColumn: no such column"', True),
        (f'{BROKEN} psycopg.errors.QueryCanceled: statement timeout"', True),
        ("at=now event=request_broken psycopg.OperationalError: it is gone", True),
        ("at=now event=request status=503", False),
    ],
)
def test_a_step_that_lost_the_database_is_no_mistake(line: str, is_one: bool) -> None:
    found = list(mistakes_in(f"at=now event=begin\n{line}\n"))

    assert [number for number, _ in found] == ([2] if is_one else [])
