"""Asking Heroku while a person waits: what its troubles are called, and when it is too late."""

from __future__ import annotations

import time

import pytest

from listener.errors import HerokuUnreadable
from listener.heroku import BadAnswer, Doubtful, HerokuError, NotSent, RateLimited, Refused
from listener.services.heroku_calls import HerokuCall, was_refused

BUT = "Nothing happened."


def answering(error: HerokuError) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (NotSent("Heroku could not be reached."), "Heroku could not be reached."),
        (Doubtful("Heroku answered 503.", status=503), "Heroku answered 503."),
        (BadAnswer("No list."), "No list."),
        (
            Refused("Payment is due.", status=402, id="delinquent"),
            "Heroku refused (402 delinquent): Payment is due. Nothing happened.",
        ),
        (RateLimited("Slow down.", status=429, id="rate_limit"), "(429 rate_limit): Slow down."),
    ],
)
def test_heroku_is_quoted_with_what_follows(error: HerokuError, message: str) -> None:
    with pytest.raises(HerokuUnreadable) as refusal:
        HerokuCall(BUT)(answering, error)
    assert message in refusal.value.message
    assert refusal.value.message.endswith(f" {BUT}")
    assert was_refused(refusal.value) is isinstance(error, Refused)


@pytest.mark.parametrize(
    ("id_", "advice"),
    [
        ("unauthorized", "`heroku authorizations:create`"),
        ("forbidden", "`heroku access:add`"),
        ("two_factor", "a second factor"),
    ],
)
def test_a_refusal_comes_with_advice(id_: str, advice: str) -> None:
    with pytest.raises(HerokuUnreadable, match=advice):
        HerokuCall(BUT)(answering, Refused("No.", status=403, id=id_))


def test_what_is_gone_is_none_and_nothing_else_is() -> None:
    ask = HerokuCall(BUT)
    assert ask.unless_gone(answering, Refused("Gone.", status=404, id="not_found")) is None
    assert ask.unless_gone(int, "7") == 7
    for error in (Refused("No.", status=403, id="forbidden"), Doubtful("503", status=404)):
        with pytest.raises(HerokuUnreadable):
            ask.unless_gone(answering, error)


def test_nothing_more_is_asked_when_it_would_take_too_long() -> None:
    began_at = time.monotonic() - 11
    asked: list[int] = []
    for ask in (HerokuCall(BUT, began_at=began_at), HerokuCall("", began_at=began_at).now(BUT)):
        with pytest.raises(HerokuUnreadable, match=f"takes too long to answer. {BUT}"):
            ask(asked.append, 1)
    assert asked == []
