"""`webhooks:replay` waits until the delivery is decided, and says what came of it."""

from __future__ import annotations

from typing import Any

from autopromote.resources import Delivery
from tests.cli.answers import full
from tests.cli.program import Autopromote
from tests.cli.scripted import scripted

ASKED, LOOKED = "POST /api/deliveries/112/actions/replay", "GET /api/deliveries/112"


def delivery(outcome: str | None, *, is_settled: bool = True) -> tuple[int, Any]:
    app, release = {"id": "a", "name": "example-app"}, {"id": "r", "version": 42}
    known = {"id": "112", "app": app, "release": release, "outcome": outcome, "times": 1}
    known["settled_at"] = "2030-01-31T18:00:00Z" if outcome and is_settled else None
    return 200, full(Delivery, known)


def test_it_says_what_came_of_it(autopromote: Autopromote) -> None:
    with scripted(delivery(None), delivery(None), delivery("v42 is a deploy")) as script:
        outcome = autopromote(
            "webhooks:replay", "112", AUTOPROMOTE_URL=script.url, AUTOPROMOTE_TOKEN="t"
        )
    said = "Delivery 112 of ⬢ example-app v42: v42 is a deploy\n"
    assert outcome == (said, "Deciding anew on delivery 112... done\n", 0)
    assert script.asked == [ASKED, LOOKED, LOOKED]


def test_who_does_not_wait_is_told_how_to_look(autopromote: Autopromote) -> None:
    with scripted(delivery(None)) as script:
        outcome = autopromote(
            "webhooks:replay", "112", "--no-wait", AUTOPROMOTE_URL=script.url, AUTOPROMOTE_TOKEN="t"
        )
    assert (outcome.stdout, outcome.code) == ("", 0)
    assert outcome.stderr.endswith("Use `autopromote webhooks:deliveries` to look again.\n")
    assert script.asked == [ASKED]


SO_FAR = "Heroku could not be read: Not now."


def test_what_is_said_until_it_is_decided_is_no_end(autopromote: Autopromote) -> None:
    so_far = delivery(SO_FAR, is_settled=False)
    with scripted(delivery(None), so_far, delivery("v42 is a deploy")) as script:
        outcome = autopromote(
            "webhooks:replay", "112", AUTOPROMOTE_URL=script.url, AUTOPROMOTE_TOKEN="t"
        )
    assert outcome.stdout == "Delivery 112 of ⬢ example-app v42: v42 is a deploy\n"
    assert script.asked == [ASKED, LOOKED, LOOKED]


def test_who_waits_no_longer_is_told_why_it_lasts(autopromote: Autopromote) -> None:
    with scripted(delivery(SO_FAR, is_settled=False)) as script:
        outcome = autopromote(
            "webhooks:replay", "112", "--no-wait", AUTOPROMOTE_URL=script.url, AUTOPROMOTE_TOKEN="t"
        )
    assert (outcome.stdout, outcome.code) == ("", 0)
    assert f"It is not decided yet: {SO_FAR}\n" in outcome.stderr


def test_a_shell_is_told_the_newest_deliveries(autopromote: Autopromote) -> None:
    _, known = delivery("v42 is a deploy")
    with scripted((200, [known])) as script:
        outcome = autopromote(
            "__complete",
            "fish",
            "webhooks:replay",
            "",
            AUTOPROMOTE_URL=script.url,
            AUTOPROMOTE_TOKEN="t",
        )
    assert "112" in outcome.stdout
    assert "example-app: v42 is a deploy" in outcome.stdout
