"""`promotions --watch`: drawn in one place, a line for each change elsewhere, and hard to stop."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
from collections.abc import Callable
from io import FileIO
from itertools import islice
from typing import Any

import pytest

from autopromote.errors import Failure, NotAListener, Refused, Unreachable
from autopromote.polling import EVERY, LONGEST_PAUSE, LONGEST_WISH, Polling, back_off
from autopromote.resources import Event, Promotion
from autopromote.screen import Screen
from tests.cli.answers import full
from tests.cli.program import Autopromote
from tests.cli.scripted import scripted
from tests.cli.terminal import read
from tests.cli.test_watch import promotion

BUSY = 503, {"id": "unavailable", "message": "Not now."}
AWAY = Unreachable("Nobody there.")


def refused(status: int, again_in: float | None = None) -> Refused:
    return Refused("No.", id=None, status=status, again_in=again_in)


# Asking again and again.


def polled(*answers: object) -> tuple[list[object], list[Failure | None], list[float]]:
    """What comes of these answers, what is told of troubles, and the pauses between."""
    remaining, troubles, pauses = iter(answers), list[Failure | None](), list[float]()

    def ask() -> object:
        answer = next(remaining)
        if isinstance(answer, Exception):
            raise answer
        return answer

    polling = Polling(troubles.append, pauses.append)
    good = sum(not isinstance(answer, Exception) for answer in answers)
    return list(islice(polling.answers(ask), good)), troubles, pauses


def test_each_answer_comes_after_a_pause() -> None:
    assert polled(1, 2, 3) == ([1, 2, 3], [], [EVERY, EVERY])


@pytest.mark.parametrize("trouble", [AWAY, *(refused(status) for status in (429, 502, 503, 504))])
def test_a_passing_trouble_is_told_once_and_borne(trouble: Failure) -> None:
    found, troubles, pauses = polled(1, trouble, trouble, trouble, 2, 3)
    assert (found, troubles) == ([1, 2, 3], [trouble, None])
    assert pauses == [EVERY, EVERY, 0.0, 2 * EVERY, 0.0, 4 * EVERY, 0.0, EVERY]


@pytest.mark.parametrize("failure", [refused(403), refused(401), NotAListener("A stranger.")])
def test_what_does_not_pass_ends_it(failure: Failure) -> None:
    with pytest.raises(type(failure)):
        polled(1, failure, 2)


def test_who_was_never_reached_is_not_waited_for() -> None:
    with pytest.raises(Unreachable):
        polled(AWAY, 1)


def test_pauses_rise_and_are_as_long_as_the_listener_wishes_within_reason() -> None:
    assert back_off(30, AWAY) == LONGEST_PAUSE
    assert back_off(1, refused(429, again_in=7)) == 7
    assert back_off(1, refused(429, again_in=1e9)) == LONGEST_WISH


# The program itself.


WATCH, FOLLOW = ("promotions", "--watch"), ("events", "--follow")


def told_until(
    autopromote: Autopromote,
    url: str,
    is_enough: Callable[[list[str]], bool],
    *words: str,
    command: tuple[str, ...] = WATCH,
) -> tuple[list[str], str, int]:
    """Run it until its lines are enough, and interrupt it; answers lines, stderr, exit code."""
    child = subprocess.Popen(
        autopromote.command(*command, *words),
        env=autopromote.environment(AUTOPROMOTE_URL=url, AUTOPROMOTE_TOKEN="t"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    lines: list[str] = []
    assert child.stdout is not None
    for line in child.stdout:
        lines.append(line)
        if is_enough(lines):
            break
    child.send_signal(signal.SIGINT)
    rest, stderr = child.communicate(timeout=60)
    assert rest == ""
    return lines, stderr, child.returncode


def listed(*them: Promotion) -> tuple[int, list[Promotion]]:
    return 200, list(them)


WAITS, GOES = promotion("waiting", reason="soaks"), promotion("posting")
OLDER = promotion("succeeded", id="41", version=51)


def test_in_a_pipe_each_change_is_a_line(autopromote: Autopromote) -> None:
    with scripted(listed(WAITS, OLDER), listed(WAITS, OLDER), BUSY, listed(GOES, OLDER)) as script:
        lines, stderr, code = told_until(
            autopromote, script.url, lambda lines: len(lines) == 3, "-a", "example-app"
        )
    what = "of ⬢ example-app-staging v42 to ⬢ example-app"
    assert lines == [
        f"Promotion 41 {what} v51: succeeded\n",
        f"Promotion 42 {what}: waiting (soaks)\n",
        f"Promotion 42 {what}: posting\n",
    ]
    assert "Warning: Not now." in stderr
    assert "The listener answers again." in stderr
    assert code == 130
    assert set(script.asked) == {"GET /api/promotions?app=example-app"}


def test_json_is_a_line_for_each_change(autopromote: Autopromote) -> None:
    with scripted(listed(WAITS), listed(GOES)) as script:
        lines, _, code = told_until(
            autopromote, script.url, lambda lines: len(lines) == 2, "--json"
        )
    assert [json.loads(line)["status"] for line in lines] == ["waiting", "posting"]
    assert code == 130


def test_a_refusal_for_good_ends_it(autopromote: Autopromote) -> None:
    problem = {"id": "forbidden", "message": "You may not."}
    with scripted(listed(WAITS), (403, problem)) as script:
        outcome = autopromote(
            "promotions", "--watch", AUTOPROMOTE_URL=script.url, AUTOPROMOTE_TOKEN="t"
        )
    assert outcome.code == 1
    assert "Error: You may not." in outcome.stderr


MOVES = re.compile(r"\x1b\[(\d*)([AJK])|\r|\n")


def screen_of(printed: str) -> list[str]:
    """The lines of a terminal on which this was printed."""
    lines, row, at = [""], 0, 0
    place = 0
    for found in [*MOVES.finditer(printed), None]:
        text = printed[place : found.start() if found else None]
        lines[row] = lines[row][:at].ljust(at) + text + lines[row][at + len(text) :]
        at += len(text)
        if found is None:
            break
        place = found.end()
        match found[2], found[0]:
            case "A", _:
                row -= int(found[1])
            case "K", _:
                lines[row] = lines[row][:at]
            case "J", _:
                lines = [*lines[:row], lines[row][:at]]
            case _, "\r":
                at = 0
            case _:
                row, at = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
    return lines


def test_on_a_terminal_the_list_is_drawn_over_itself(autopromote: Autopromote) -> None:
    seen: Promotion = GOES | {"page_url": "https://ap.example/promotions/42"}
    ours, theirs = pty.openpty()
    with scripted(listed(WAITS, OLDER), BUSY, listed(seen)) as script:
        env: dict[str, Any] = autopromote.environment(
            AUTOPROMOTE_URL=script.url,
            AUTOPROMOTE_TOKEN="t",
            COLUMNS="100",
            LINES="20",
            TERM="xterm",
            NO_COLOR="1",
        )
        child = subprocess.Popen(
            autopromote.command("promotions", "--watch"),
            env=env,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        printed = b""
        with FileIO(ours) as terminal:
            while b"posting" not in printed or not printed.endswith(b"\x1b[J"):
                printed += read(terminal)
            child.send_signal(signal.SIGINT)
            ended = b"".join(iter(lambda: read(terminal), b""))
        assert child.wait(timeout=60) == 130
    whole = (printed + ended).decode()
    assert "No answer since" in whole
    assert "Not now." in whole
    title, row, footer, *below = screen_of(printed.decode().replace("\r\n", "\n"))
    assert title.split()[:4] == ["ID", "Status", "Release", "Target"]
    assert row.split()[:2] == ["42", "posting"]
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d, every 2 s; Ctrl-C ends it; see https://ap.example/", footer
    )
    assert below == []
    assert ended.startswith(b"\r\n")  # what comes next stands below it


def test_no_more_is_drawn_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("LINES", "6")
    screen = Screen()
    screen.draw([f"line {number}" for number in range(10)], "the end " * 20)
    screen.draw(["short"], "the end")
    assert screen_of(capsys.readouterr().out) == ["short", "the end"]
    screen.draw([f"line {number}" for number in range(10)], "the end " * 20)
    drawn = screen_of(capsys.readouterr().out.partition("A")[2])
    assert (len(drawn), drawn[3]) == (5, "line 3")
    assert drawn[4].startswith("6 more lines. the end")
    assert len(drawn[4]) == 39
    monkeypatch.setenv("COLUMNS", "60")
    screen.draw(["wider"], "the end")
    assert "\x1b[2J\x1b[H" in capsys.readouterr().out


# `events --follow`.


def event(id: str, second: int) -> Event:
    values = {"id": id, "at": f"2030-01-31T18:00:{second:02}Z", "event": "waiting"}
    return full(Event, {**values, "promotion": {"id": "42"}, "app": {"id": "b", "name": "prod"}})


def test_events_are_told_once_each_and_asked_for_from_where_they_ended(
    autopromote: Autopromote,
) -> None:
    first, second, third = (event(str(number), 20 + number) for number in range(3))
    answers = [[first], [first, second], [second, third]]
    with scripted(*((200, each) for each in answers)) as script:
        lines, _, code = told_until(
            autopromote, script.url, lambda lines: len(lines) == 3, "--json", command=FOLLOW
        )
    assert [json.loads(line)["id"] for line in lines] == ["0", "1", "2"]
    assert code == 130
    assert script.asked[:3] == [
        "GET /api/events?limit=1000",
        "GET /api/events?since=2030-01-31T18%3A00%3A05.000Z&limit=1000",
        "GET /api/events?since=2030-01-31T18%3A00%3A06.000Z&limit=1000",
    ]


def test_an_outcome_that_is_taken_back_has_nothing_told_twice(autopromote: Autopromote) -> None:
    outcome, anew = event("outcome-1", 40), event("outcome-1-again", 42)
    before, between = event("before", 20), event("between", 26)
    answers = [[before, between, outcome], [between], [between], [between, anew]]
    with scripted(*((200, each) for each in answers)) as script:
        lines, _, _ = told_until(
            autopromote, script.url, lambda lines: len(lines) == 4, "--json", command=FOLLOW
        )
    told = ["before", "between", "outcome-1", "outcome-1-again"]
    assert [json.loads(line)["id"] for line in lines] == told
    asked_from = "GET /api/events?since=2030-01-31T18%3A00%3A25.000Z&limit=1000"
    assert script.asked[1:4] == [asked_from] * 3


def test_those_before_the_wanted_number_are_not_told_later_either(autopromote: Autopromote) -> None:
    first, second, third = (event(str(number), 20 + number) for number in range(3))
    answers = [[first, second], [first, second, third]]
    with scripted(*((200, each) for each in answers)) as script:
        lines, _, _ = told_until(
            autopromote,
            script.url,
            lambda lines: len(lines) == 2,
            *("--json", "--num", "1", "--since", "2030-01-31T18:00:10Z"),
            command=FOLLOW,
        )
    assert [json.loads(line)["id"] for line in lines] == ["1", "2"]
    since = "since=2030-01-31T18%3A00%3A10Z"
    assert script.asked[0].endswith(f"?{since}&limit=1000")
    assert script.asked[1].endswith(f"?{since}&limit=1000")


def test_more_than_can_be_asked_for_is_said(autopromote: Autopromote) -> None:
    many = [event(f"of-many-{number}", 21) for number in range(1000)]
    with scripted((200, [event("0", 20)]), (200, many)) as script:
        lines, stderr, _ = told_until(
            autopromote, script.url, lambda lines: len(lines) == 1001, "--json", command=FOLLOW
        )
    assert len(lines) == 1001
    assert "More happened than the last 1000 events" in stderr
