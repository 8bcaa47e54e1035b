"""What a release phase printed is read through the listener, and its url never leaves it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from threading import Semaphore, Thread

import pytest

from listener.core.promotion import Status
from listener.errors import Busy, HerokuUnreadable, NotFound
from listener.heroku import Heroku
from listener.heroku.output import LARGEST_PIECE
from listener.services.output import MOST_URLS, OutputsDesk, OutputView
from listener.services.promote import NewPromotions
from tests.heroku import samples
from tests.outbound.peer import Conversation, Peer, answer
from tests.services.office import PROD, STAGING, TOKEN, Office

BOTH = NewPromotions(source=STAGING, targets=(PROD,))


def promote(office: Office, phase: dict[str, object] | None, until: Status | None = None) -> str:
    """A promotion to an app with this release phase, until it has this status or ends; its id."""
    office.control(f"apps/{PROD}", {"release_phase": phase}, "PATCH")
    [made] = office.promotions.promote_by_hand(BOTH, by="bo@example.com")
    office.work_until(until) if until else office.work()
    return str(made.row.id)


def newest(office: Office) -> str:
    """The target's newest release, as it is called."""
    return f"{PROD} v{office.releases(PROD)[-1]['version']}"


def test_before_there_is_a_release_there_is_no_output(office: Office) -> None:
    [made] = office.promotions.promote_by_hand(BOTH, by="bo@example.com")
    assert office.outputs.read(str(made.row.id), 0) == OutputView(
        0, "", False, None, None, "Promotion 1 is waiting: no release yet."
    )
    office.promotions.cancel("1", by="bo@example.com")
    assert office.outputs.read("1", 7) == OutputView(
        7, "", True, None, None, "Promotion 1 is cancelled: no release yet."
    )


def test_output_is_read_on_while_the_command_runs(office: Office) -> None:
    id = promote(office, {"seconds": None}, Status.RELEASING)
    release = office.releases(PROD)[-1]
    begun = office.outputs.read(id, 0)
    assert begun == OutputView(
        27, "Running release command...\n", False, release["id"], release["version"]
    )

    path = f"apps/{PROD}/releases/{release['version']}"
    office.control(f"{path}/output", {"text": "Größe \x1b[31mrot\n"})
    more = office.outputs.read(id, begun.offset)
    assert (more.text, more.offset, more.is_over) == ("Größe \x1b[31mrot\n", 44, False)
    assert office.outputs.read(id, more.offset).text == ""

    office.control(path, {"status": "succeeded"})
    office.work()
    end = office.outputs.read(id, more.offset)
    assert (end.text, end.is_over, end.message) == ("Migrated.\n", True, None)
    assert office.outputs.read(id, end.offset).is_over


def test_a_character_that_two_pieces_share_is_whole(office: Office) -> None:
    id = promote(office, {"seconds": None}, Status.RELEASING)
    path = f"apps/{PROD}/releases/{office.releases(PROD)[-1]['version']}"
    filling = "x" * (LARGEST_PIECE - len("Running release command...\n") - 1)
    office.control(f"{path}/output", {"text": f"{filling}ö\n"})
    first = office.outputs.read(id, 0)
    assert (first.text[-1], first.offset) == ("x", LARGEST_PIECE - 1)
    assert office.outputs.read(id, first.offset).text == "ö\n"


def test_a_failed_command_has_its_say(office: Office) -> None:
    id = promote(office, {"seconds": 0, "fails": True})
    said = office.outputs.read(id, 0)
    assert said.text.endswith("Release command failed.\n")
    assert said.is_over


def test_following_costs_one_call_to_heroku(office: Office) -> None:
    id = promote(office, {"seconds": None}, Status.RELEASING)
    office.calls()
    for _ in range(3):
        office.outputs.read(id, 0)
    calls = [path for _, path in office.calls()]
    assert len([path for path in calls if path.startswith("/apps/")]) == 1
    assert len([path for path in calls if path.startswith("/streams/")]) == 3


def test_no_more_urls_are_kept_than_somebody_may_follow(office: Office) -> None:
    id = promote(office, {"seconds": 0})
    desk = OutputsDesk(office.context)
    for _ in range(MOST_URLS + 1):
        desk.read(id, 0)
    office.calls()
    desk.read(id, 0)
    assert [path for _, path in office.calls() if path.startswith("/apps/")] == []


def test_a_release_without_a_phase_says_so(office: Office) -> None:
    id = promote(office, None)
    said = office.outputs.read(id, 0)
    assert said.message == f"{newest(office)} has no release phase output."
    assert (said.text, said.is_over) == ("", True)


def test_a_promotion_that_is_not_there_has_no_output(office: Office) -> None:
    for id in ("9", "x"):
        with pytest.raises(NotFound):
            office.outputs.read(id, 0)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "Heroku shows no output of {} (any more)."),
        (416, ""),
    ],
)
def test_a_stream_that_has_nothing_of_what_has_ended_is_over(
    office: Office, status: int, message: str
) -> None:
    id = promote(office, {"seconds": 0})
    office.break_heroku("/streams/.*", status)
    said = office.outputs.read(id, 0)
    assert (said.text, said.is_over, said.message) == (
        "",
        True,
        message.format(newest(office)) or None,
    )


def test_a_command_that_has_not_started_is_waited_for(office: Office) -> None:
    id = promote(office, {"seconds": None}, Status.RELEASING)
    office.break_heroku("/streams/.*", 404)
    said = office.outputs.read(id, 0)
    assert (said.is_over, said.message) == (
        False,
        f"The release command of {newest(office)} has not started yet.",
    )


def test_trouble_is_told_without_the_url(office: Office) -> None:
    id = promote(office, {"seconds": 0})
    url = office.current(PROD)["output_stream_url"]
    for status in (403, 503):
        office.break_heroku("/streams/.*", status)
        with pytest.raises(HerokuUnreadable) as raised:
            office.outputs.read(id, 0)
        assert url.rpartition("/")[2] not in raised.value.message
        office.mend_heroku()


def test_only_so_many_read_at_once(office: Office) -> None:
    id = promote(office, {"seconds": 0})
    held = Semaphore(0)

    def script(talk: Conversation) -> None:
        while asked := talk.hear():
            if asked.path.startswith("/streams/"):
                held.release()
                talk.wait()
            url = f"{slow.url}/streams/1"
            talk.say(answer(200, samples.release() | {"output_stream_url": url}))

    slow = Peer(script)
    with slow.listening(), closing(Heroku(TOKEN, url=slow.url)) as heroku:
        desk = OutputsDesk(replace(office.context, heroku=heroku))
        readers = [Thread(target=desk.read, args=(id, 0)) for _ in range(2)]
        for reader in readers:
            reader.start()
        assert all(held.acquire(timeout=30) for _ in readers)
        with pytest.raises(Busy):
            desk.read(id, 0)
        for reader in readers:
            reader.join()
