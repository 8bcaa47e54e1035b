"""The end of a release phase's output, as pages show it: shared, bounded, harmless."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from threading import Event, Thread

import pytest

from listener.core.promotion import Status
from listener.errors import NotFound
from listener.heroku import Heroku, Piece
from listener.services import output, output_tail
from listener.services.output import OutputsDesk
from listener.services.output_tail import KEPT, OutputTails, Tail
from tests.heroku import samples
from tests.outbound.peer import Conversation, Peer, answer
from tests.services.office import PROD, TOKEN, Office
from tests.services.test_outputs import promote

BUSY = "Others are just reading outputs. Try again in a moment."
FIRST = "Running release command...\n"


@pytest.fixture
def tails(office: Office, monkeypatch: pytest.MonkeyPatch) -> OutputTails:
    monkeypatch.setattr(output_tail, "EVERY", 0.0)
    return OutputTails(office.outputs)


@pytest.fixture
def running(office: Office) -> str:
    """A promotion whose release phase runs until it is told to end; the path of its release."""
    promote(office, {"seconds": None}, Status.RELEASING)
    return f"apps/{PROD}/releases/{office.releases(PROD)[-1]['version']}"


def read(tails: OutputTails, office: Office, offset: int = 0) -> Tail:
    return tails.read(office.context, "1", offset)


def test_lines_come_whole_and_harmless(office: Office, tails: OutputTails, running: str) -> None:
    begun = read(tails, office)
    office.control(f"{running}/output", {"text": "Größe \x1b[31mrot\x1b[0m\u202e\r50 %\r\n\x1b[3"})
    more = read(tails, office, begun.offset)
    office.control(f"{running}/output", {"text": "2mx\n"})
    rest = read(tails, office, more.offset)

    assert (begun.text, begun.is_cut, begun.is_over) == (FIRST, False, False)
    assert more.text == "Größe rot\n50 %\n"
    assert (rest.text, rest.start) == ("x\n", more.offset)
    assert read(tails, office, rest.offset).text == ""


def test_the_end_is_told_and_nothing_is_read_after_it(
    office: Office, tails: OutputTails, running: str
) -> None:
    office.control(running, {"status": "succeeded"})
    office.work()
    while not read(tails, office).is_over:
        continue
    office.calls()

    assert read(tails, office).text == f"{FIRST}Migrated.\n"
    assert office.calls() == []


def test_what_came_too_late_is_read_again(office: Office, tails: OutputTails) -> None:
    """A slow moment of Heroku's says nothing of what a release that failed has printed."""
    promote(office, {"seconds": 0, "fails": True})
    waiting = [True]

    def script(talk: Conversation) -> None:
        while asked := talk.hear():
            if not asked.path.startswith("/streams/"):
                url = f"{slow.url}/streams/1"
                talk.say(answer(200, samples.release() | {"output_stream_url": url}))
            elif waiting and waiting.pop():
                talk.wait()
                return
            else:
                talk.say(answer(200, b"Migrating.\nNo such table.\n"))

    slow = Peer(script)
    with slow.listening(), closing(Heroku(TOKEN, url=slow.url)) as heroku:
        context = replace(office.context, heroku=heroku)
        late, whole = (tails.read(context, "1", 0) for _ in range(2))

    assert (late.text, late.is_over) == ("", False)
    assert (whole.text, whole.is_over) == ("Migrating.\nNo such table.\n", True)


def test_all_who_look_share_one_reading(
    office: Office, running: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_tail, "EVERY", 60.0)
    tails = OutputTails(office.outputs)
    office.calls()
    seen = [read(tails, office) for _ in range(5)]

    assert {each.text for each in seen} == {FIRST}
    assert len(office.calls()) == 2  # the release, for its address, and the output


def test_nobody_waits_for_who_reads(office: Office, tails: OutputTails, running: str) -> None:
    """Nothing more comes for now: whoever asks while somebody reads is answered at once."""
    first = read(tails, office)
    begun = Event()

    def reading(*said: object, **how: object) -> Piece:
        begun.set()
        assert done.wait(30)
        return Piece(first.offset)

    done = Event()
    office.context.heroku.output = reading  # type: ignore[method-assign]
    other = Thread(target=read, args=(tails, office))
    other.start()
    try:
        assert begun.wait(30)
        assert read(tails, office) == first
    finally:
        done.set()
        other.join()


def test_who_found_no_place_reads_in_a_moment(
    office: Office, running: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_tail, "EVERY", 0.0)
    monkeypatch.setattr(output, "AT_ONCE", 1)
    desk, begun, done = OutputsDesk(office.context), Event(), Event()
    asked = office.context.heroku.output

    def reading(url: str, offset: int, *, seconds: float | None = None) -> Piece:
        begun.set()
        assert done.wait(30)
        return asked(url, offset, seconds=seconds)

    office.context.heroku.output = reading  # type: ignore[method-assign]
    tails, terminal = OutputTails(desk), Thread(target=desk.read, args=("1", 0))
    terminal.start()
    try:
        assert begun.wait(30)
        none = read(tails, office)
    finally:
        done.set()
        terminal.join()

    assert (none.text, none.message) == ("", BUSY)
    assert (read(tails, office).text, read(tails, office).message) == (FIRST, None)


def test_only_the_end_of_a_long_output_is_kept(
    office: Office, tails: OutputTails, running: str
) -> None:
    lines = [f"line {number} {'x' * 90}\n" for number in range(2000)]
    office.control(f"{running}/output", {"text": "".join(lines)})
    tail = read(tails, office)
    while lines[-1] not in tail.text:
        tail = read(tails, office)

    assert tail.is_cut
    assert len(tail.text) <= KEPT
    assert tail.text.startswith("line ")
    assert tail.text.endswith(lines[-1])
    assert read(tails, office, 5) == tail


def test_a_line_without_an_end_is_shown_before_it_is_too_long(
    office: Office, tails: OutputTails, running: str
) -> None:
    office.control(f"{running}/output", {"text": "." * (output_tail.LONGEST_LINE + 1)})
    while "...." not in (tail := read(tails, office)).text:
        continue

    assert tail.text.startswith(FIRST)


def test_what_another_process_knows_is_waited_for(
    office: Office, tails: OutputTails, running: str
) -> None:
    assert read(tails, office, 5000) == Tail(5000, 5000, "", is_over=False)


def test_why_there_is_nothing_is_said(office: Office, tails: OutputTails, running: str) -> None:
    office.break_heroku("/apps/.*/releases/.*")
    tail = read(tails, office)
    office.calls()

    assert read(tails, office) == tail
    assert office.calls() == []  # for some seconds

    assert (tail.text, tail.is_over) == ("", False)
    assert tail.message is not None
    assert tail.message.startswith("Heroku ")


def test_an_output_that_was_forgotten_is_read_again(
    office: Office, tails: OutputTails, running: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_tail, "EVERY", 60.0)
    monkeypatch.setattr(output_tail, "MOST_KNOWN", 0)
    office.calls()
    for _ in range(2):
        read(tails, office)

    assert len([path for _, path in office.calls() if "output" in path or "stream" in path]) == 2


def test_a_promotion_that_is_not_there_has_none(office: Office, tails: OutputTails) -> None:
    with pytest.raises(NotFound):
        tails.read(replace(office.context), "99", 0)
