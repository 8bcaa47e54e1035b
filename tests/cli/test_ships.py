"""What ships is told in every row and line, and no words of a commit rule the terminal."""

from __future__ import annotations

from typing import Any, cast

import pytest

from autopromote.commands.promotions.outcome import show_begun
from autopromote.commands.promotions.view import show_promotion
from autopromote.resources import Promotion, PromotionInFull, Ships
from autopromote.ships import in_cell, show_below, show_in_full, tell_ships
from tests.cli.answers import full
from tests.cli.test_watch import promotion, watch

HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202e\u2066<b>@everyone</b>\x9b31m\r\nsecond " + "x" * 8000


def ships(**told: Any) -> Ships:
    """What ships, as the listener tells it once it was read."""
    relation = told.get("relation")
    goes_back = relation in ("behind", "diverged") if relation else None
    return full(Ships, {"is_read": True, "goes_back": goes_back, **told})


def commit(subject: str, **more: Any) -> dict[str, Any]:
    """A commit."""
    sha = "cb04fdd4" * 5
    return {"sha": sha, "subject": subject, "author": "Ana", "login": None, **more}


def bringing(told: Ships, status: str) -> PromotionInFull:
    """A promotion with what ships."""
    return full(PromotionInFull, {**promotion(status), "ships": told})


FOUR = ships(
    message="4 commits by Ana.",
    relation="ahead",
    coming=4,
    commits=[commit("Fix the login"), commit("Add a page", login="bo")],
    leaves=[],
)
BACK = ships(
    message="Goes back: it takes back 7 commits.",
    relation="behind",
    leaving=7,
    commits=[],
    leaves=[commit(f"Change {number}") for number in range(7)],
)


@pytest.mark.parametrize(
    ("told", "cell"),
    [
        (None, None),
        (ships(), "-"),
        (ships(untold="Nobody tells."), "-"),
        (ships(relation="identical"), "same commit"),
        (ships(relation="ahead", coming=1), "1 commit"),
        (ships(relation="ahead", coming=300), "300 commits"),
        (
            ships(relation="ahead", coming=4, rolled_back={"version": 3, "rollback": 4}),
            "4 commits again",
        ),
        (ships(relation="behind", leaving=2), "back 2"),
        (ships(relation="diverged", leaving=2, coming=4), "back 2, +4"),
    ],
)
def test_a_cell_says_how_much_and_whether_it_goes_back(told: Ships | None, cell: str) -> None:
    assert in_cell(told) == cell


def test_an_older_listener_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    show_in_full(None)
    show_below(None)
    tell_ships(promotion("waiting"))
    assert capsys.readouterr() == ("", "")


def test_a_promotion_begun_is_told_with_what_ships(capsys: pytest.CaptureFixture[str]) -> None:
    page = "https://autopromote.example.com/promotions/42"
    begun = cast(Promotion, bringing(FOUR, "waiting") | {"page_url": f"{page}\x1b[31m"})
    show_begun([begun], begun, as_json=False)
    said = capsys.readouterr()
    assert said.out == "Promotion 42 of ⬢ example-app-staging v42 to ⬢ example-app: waiting\n"
    assert said.err == (
        "Promotion 42 ships: 4 commits by Ana.\n"
        "cb04fdd  Ana  Fix the login\n"
        "cb04fdd  bo   Add a page\n"
        "and 2 more\n"
        "Use `autopromote promotions:info 42` to see how it goes.\n"
        f"See {page}\n"
    )


def test_that_nobody_tells_it_is_no_news(capsys: pytest.CaptureFixture[str]) -> None:
    tell_ships(bringing(ships(message="Not told: nobody.", untold="nobody"), "waiting"))
    assert capsys.readouterr() == ("", "")


def test_whoever_follows_is_told_once_when_it_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    looks = [
        bringing(ships(is_read=False), "rolling_back"),
        bringing(BACK, "rolling_back"),
        bringing(BACK, "rolled_back"),
    ]
    watching, _ = watch(*looks)
    watching.until_the_end([promotion("waiting")])
    lines = [line for line in capsys.readouterr().err.splitlines() if "example-app" not in line]
    assert lines == [
        "Promotion 42 ships: Goes back: it takes back 7 commits.",
        *(f"cb04fdd  Ana  Change {number}" for number in range(5)),
        "and 2 more",
    ]


def test_hostile_words_rule_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    pull = {"number": 7, "title": HOSTILE, "url": "u", "author": HOSTILE}
    told = ships(
        message=HOSTILE,
        relation="diverged",
        compare_url=HOSTILE,
        untold=HOSTILE,
        coming=1,
        leaving=1,
        commits=[commit(HOSTILE, author=HOSTILE, sha=HOSTILE)],
        leaves=[commit(HOSTILE, login=HOSTILE)],
        pulls=[pull],
        pull_count=1,
        **{"from": HOSTILE, "to": HOSTILE},
    )
    shown = full(PromotionInFull, {**promotion("waiting"), "ships": told})
    show_promotion(shown)
    show_below(told)
    tell_ships(shown)
    said = capsys.readouterr()
    for text in (said.out, said.err):
        assert "<b>@everyone</b>" in text
        assert "owned" not in text
        assert not [char for char in text if char not in "\n…→⬢=" and not char.isprintable()]
        assert not set(text) & {"\u202e", "\u2066", "\x1b", "\x9b"}
