"""An output is shown to its end; where there is nothing, the reason is said once."""

from __future__ import annotations

import pytest

from autopromote.commands.promotions.output import show
from autopromote.errors import Failure, Refused, Unreachable
from autopromote.follow import Follower
from autopromote.output import copy
from autopromote.resources import Output
from tests.cli.test_follow import piece


def follower(*pieces: Output | Failure) -> Follower:
    """Return what reads these pieces."""
    remaining = iter(pieces)

    def read(_: int) -> Output:
        found = next(remaining)
        if isinstance(found, Failure):
            raise found
        return found

    return Follower(read, copy)


def shown(
    capsys: pytest.CaptureFixture[str], *pieces: Output | Failure
) -> tuple[str, str, list[float]]:
    """Show these pieces; return stdout, stderr and the pauses made."""
    pauses: list[float] = []
    show(follower(*pieces), pauses.append)
    said = capsys.readouterr()
    return said.out, said.err, pauses


def test_it_is_read_on_at_once_while_there_is_something(capsys: pytest.CaptureFixture[str]) -> None:
    pieces = piece("one\n", 4), piece("two\n", 8), piece("", 8), piece("three", 13, is_over=True)
    assert shown(capsys, *pieces) == ("one\ntwo\nthree\n", "", [1.0])


def test_why_there_is_nothing_yet_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    waiting = piece("", 0) | {"message": "It has not started yet."}
    pieces = waiting, waiting, piece("one\n", 4, is_over=True)
    assert shown(capsys, *pieces) == ("one\n", "It has not started yet.\n", [1.0, 1.0])


def test_without_a_release_nobody_waits(capsys: pytest.CaptureFixture[str]) -> None:
    waiting = piece("", 0) | {"message": "No release yet.", "release": None}
    assert shown(capsys, waiting) == ("", "No release yet.\n", [])


def test_a_busy_listener_is_asked_again(capsys: pytest.CaptureFixture[str]) -> None:
    busy = Refused("Others are reading.", id="busy", status=429)
    assert shown(capsys, busy, piece("one", 3, is_over=True)) == ("one\n", "", [1.0])


@pytest.mark.parametrize(
    "trouble", [Refused("no", id="heroku_unreadable", status=502), Unreachable("away")]
)
def test_other_trouble_is_told(capsys: pytest.CaptureFixture[str], trouble: Failure) -> None:
    with pytest.raises(type(trouble)):
        shown(capsys, trouble)
