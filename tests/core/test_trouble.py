"""Troubles: when people are told, of which together, and when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from listener.core.trouble import (
    Cause,
    Trouble,
    is_over,
    is_shown,
    is_told,
    mend,
    replaces,
    title,
    told_already,
    told_together,
)

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
REVOKED = Trouble(
    id=1,
    cause=Cause.TOKEN,
    subject="app a",
    message="Invalid.",
    since=NOON,
    last_at=NOON,
    app_ids=("a",),
)
STALE = replace(REVOKED, id=2, cause=Cause.STALE, subject="app b", app_ids=("b",))
BROKEN = replace(REVOKED, id=3, cause=Cause.BROKEN, subject="step promotion 12", app_ids=())


def later(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("trouble", "minutes", "shown", "told"),
    [
        (REVOKED, 0, True, False),
        (REVOKED, 10, True, True),
        (STALE, 0.9, False, False),
        (STALE, 1, True, False),
        (STALE, 10, True, True),
        (BROKEN, 60, False, False),
        (replace(BROKEN, times=3), 0, True, True),
    ],
)
def test_what_lasts_is_shown_and_then_told(
    trouble: Trouble, minutes: float, shown: bool, told: bool
) -> None:
    assert (is_shown(trouble, later(minutes)), is_told(trouble, later(minutes))) == (shown, told)


def test_what_concerns_every_app_was_told_by_any_of_them() -> None:
    told = replace(REVOKED, told_as=1)
    other = replace(REVOKED, id=4, subject="app b", app_ids=("b",))
    assert told_already(other, [told, other]) == 1
    assert told_already(other, [replace(told, over_at=NOON), other]) is None
    assert told_already(replace(other, cause=Cause.HEROKU), [told]) is None


def test_what_concerns_one_app_was_told_of_that_app_alone() -> None:
    told = replace(STALE, told_as=2)
    hook = replace(STALE, id=5, subject="webhook 1")
    assert told_already(hook, [told, hook]) == 2
    assert told_already(replace(hook, app_ids=("c",)), [told]) is None


def test_one_notice_tells_of_all_that_one_cause_stops_by_then() -> None:
    other = replace(REVOKED, id=4, subject="app b")
    over = replace(REVOKED, id=6, over_at=NOON)
    told = replace(REVOKED, id=7, told_as=7)
    found = [REVOKED, STALE, other, over, told]
    assert told_together(other, found, later(10)) == [REVOKED, other]


def test_it_is_over_when_all_that_was_told_together_is() -> None:
    ended = replace(REVOKED, told_as=1, over_at=NOON)
    other = replace(REVOKED, id=4, told_as=1)
    assert not is_over(ended, [ended, other])
    assert is_over(ended, [ended, replace(other, told_as=4)])


def test_only_what_somebody_has_to_mend_is_news_after_another_cause() -> None:
    assert replaces(Cause.TOKEN, Cause.HEROKU)
    assert not replaces(Cause.HEROKU, Cause.TOKEN)
    assert not replaces(Cause.STALE, Cause.HEROKU)


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_words_and_a_command(cause: Cause) -> None:
    assert title(cause, "acme-prod")
    assert mend(cause, "acme-prod").split()[0] in {"heroku", "autopromote"}
