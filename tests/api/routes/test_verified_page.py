"""`/promotions/ID`: how well production answered, answer by answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from listener.core.gates.options import OnFailure
from listener.core.promotion import Status
from listener.core.verification import MOST_KEPT, Answer, Outcome, Verification
from listener.db.tables import promotion
from tests.api.routes.caller import Caller
from tests.api.routes.test_promotion_page import EVIL
from tests.core.test_verification import verification
from tests.services.office import STAGING, Office

GOOD, BAD = Answer(200, 112), Answer(503, 30, "answered 503")


@pytest.fixture
def look(client: FlaskClient, viewer: Caller, office: Office) -> FlaskClient:
    """A viewer's browser, and a promotion that has succeeded."""
    office.add_rule(name="ship")
    office.deploy(STAGING)
    office.look(STAGING)
    office.work()
    browser = client.application.test_client()
    browser.post("/login", data={"code": viewer.post("/api/login-codes")["code"]})
    return browser


def page(look: FlaskClient, office: Office, seen: Verification | None, status: Status) -> str:
    kept = seen.as_json() if seen is not None else None
    with office.database.begin() as conn:
        conn.execute(update(promotion).values(verification=kept, status=status))
    text: str = look.get("/promotions/1").text
    return text


def seen(*answers: Answer, asked: int, outcome: Outcome | None = None) -> Verification:
    first = verification()
    good = sum(each.bad is None for each in answers)
    return Verification(
        urls=(f"{first.urls[0]}?key=hush",),
        lasts=first.lasts,
        on_failure=OnFailure.ROLLBACK,
        asked=asked,
        good=good,
        said=f"{first.urls[0]} answered 503",
        text=f"down: {EVIL}",
        answers=answers,
        outcome=outcome,
    )


def test_answers_stand_in_order_and_the_others_are_awaited(
    look: FlaskClient, office: Office
) -> None:
    text = page(look, office, seen(GOOD, BAD, asked=2), Status.VERIFYING)

    strip = text.partition('class="strip"')[2].partition("</ol>")[0]
    cells = [strip.index(words) for words in ("200", "good, 112 ms", "503", "answered 503, 30 ms")]
    assert cells == sorted(cells)
    assert (strip.count('class="ok"'), strip.count('class="bad"')) == (1, 1)
    assert strip.count('class="end"') == 3
    assert "<b>1 of 2</b> answers were good, 5 are planned" in text
    assert "it goes back by itself" in text
    assert "down: &lt;script&gt;alert(1)" in text
    assert "hush" not in text


def test_a_rollback_meanwhile_says_that_it_ends_the_verification(
    look: FlaskClient, office: Office, approver: Caller
) -> None:
    browser = look.application.test_client()
    browser.post("/login", data={"code": approver.post("/api/login-codes")["code"]})
    found = seen(GOOD, asked=1)
    verifying = page(browser, office, found, Status.VERIFYING)
    ended = page(browser, office, replace(found, outcome=Outcome.GOOD), Status.SUCCEEDED)

    words = "First the verification ends, without an outcome: that takes about 10s at most."
    for text, is_said in ((verifying, True), (ended, False)):
        form = text.partition('value="rollback"')[0].rpartition("<form")[2]
        assert "Reason, for those who find it on hold" in form
        assert (words in form) is is_said


def test_what_ended_awaits_nothing(look: FlaskClient, office: Office) -> None:
    found = seen(GOOD, BAD, asked=2, outcome=Outcome.BAD)
    text = page(look, office, found, Status.ROLLED_BACK)

    assert "What was bad" in text
    assert "awaited" not in text


@pytest.mark.parametrize(
    ("answers", "asked", "words"),
    [
        ((GOOD,) * MOST_KEPT, 200, f"These are the last {MOST_KEPT}; earlier ones are not kept."),
        ((), 5, "Single answers are not kept."),
    ],
)
def test_what_is_not_kept_is_said(
    look: FlaskClient, office: Office, answers: tuple[Answer, ...], asked: int, words: str
) -> None:
    found = seen(*answers, asked=asked, outcome=Outcome.GOOD)

    assert words in page(look, office, found, Status.SUCCEEDED)


def test_nothing_is_said_where_nobody_asks(look: FlaskClient, office: Office) -> None:
    assert 'id="verified"' not in page(look, office, None, Status.SUCCEEDED)
