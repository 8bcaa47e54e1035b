"""Stories of the door that webhooks come through; see `tests/worker/test_stories.py`."""

from __future__ import annotations

from flask.testing import FlaskClient

from listener.heroku import HEADER, sign
from tests.api.source import Source

DOOR = "/webhooks/heroku"


def test_story_05_what_is_sent_again_is_answered_the_same_and_asks_for_no_work(
    client: FlaskClient, source: Source
) -> None:
    """A slow answer has the sender repeat itself, and each repetition deploys once more.

    Nobody is at the address of Heroku here: a delivery is answered once it is kept, and nothing
    else is waited for.
    """
    told = source.told(version=42)
    answers = [client.post(DOOR, **told).status_code for _ in range(5)]

    assert answers == [204] * 5
    [kept] = source.deliveries()
    assert kept.times == 5


def test_story_22_a_wrong_signature_is_told_nothing(client: FlaskClient, source: Source) -> None:
    """The error told whoever asked what the right signature would have been."""
    told = source.told(version=42)
    right = told["headers"][HEADER]
    for wrong in ("", "x", sign(told["data"], "not the secret"), right[:-2], right.lower()):
        answer = client.post(DOOR, data=told["data"], headers={HEADER: wrong})
        assert answer.status_code == 401
        assert answer.get_json() == {
            "id": "bad_signature",
            "message": "The signature does not match.",
        }
        assert right not in answer.text + str(answer.headers)
    assert source.deliveries() == []
