"""What every answer has, and how often one may ask."""

from __future__ import annotations

from datetime import timedelta

import pytest

from emulator.world import World
from tests.emulator.callers import ANA, ROBOT, Caller


def test_every_answer_has_a_request_id_that_keeps_the_clients(ana: Caller) -> None:
    own = ana.ask("GET", "/apps").headers["Request-Id"].split(",")
    ids = ana.ask("GET", "/apps/nowhere", Request_Id="one,two").headers["Request-Id"].split(",")

    # Heroku's own comes first: it is what its support asks for.
    assert [len(each) for each in own] == [36, 36, 36]
    assert (len(ids[0]), ids[1:3], len(ids)) == (36, ["one", "two"], 5)


def test_a_refusal_has_the_headers_of_every_answer(ana: Caller) -> None:
    answer = ana.ask("GET", "/apps/nowhere")

    assert answer.status_code == 404
    assert {"etag", "last-modified", "vary", "via", "x-runtime"} <= answer.headers.keys()
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_what_did_not_change_is_not_sent_again(ana: Caller) -> None:
    first = ana.ask("GET", "/apps/staging/releases")

    same = ana.ask("GET", "/apps/staging/releases", If_None_Match=first.headers["ETag"])
    ana.deploy()
    other = ana.ask("GET", "/apps/staging/releases", If_None_Match=first.headers["ETag"])

    assert (same.status_code, same.content) == (304, b"")
    assert (other.status_code, len(other.json())) == (200, 3)


def test_requests_are_counted_for_the_account_and_come_back_with_time(
    ana: Caller, world: World
) -> None:
    left = [int(ana.ask("GET", "/apps").headers["RateLimit-Remaining"]) for _ in range(2)]
    assert left == [4499, 4498]

    world.advance(timedelta(seconds=0.8))

    assert ana.get("/account/rate-limits") == {"remaining": 4499}
    assert ana.get("/account/rate-limits") == {"remaining": 4499}
    assert ana.get("/account/rate-limits", Authorization="Bearer HRKU-robot") == {"remaining": 4500}


def test_whoever_used_all_requests_up_waits_for_the_refill(ana: Caller, world: World) -> None:
    ana.control("rate-limits", {"email": ANA, "remaining": 1})
    assert ana.ask("GET", "/apps").status_code == 200

    refused = ana.ask("GET", "/apps")
    assert (refused.status_code, refused.json()["id"]) == (429, "rate_limit")
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert "Retry-After" not in refused.headers
    assert ana.ask("GET", "/apps", Authorization="Bearer HRKU-robot").status_code == 200

    world.advance(timedelta(seconds=60))
    assert ana.get("/account/rate-limits") == {"remaining": 75}


def test_an_unknown_path_and_a_wrong_verb_are_not_found(ana: Caller) -> None:
    assert ana.refused("GET", "/nothing") == (404, "not_found")
    assert ana.refused("PUT", "/apps/staging") == (404, "not_found")


def test_a_body_that_is_not_an_object_is_bad(ana: Caller) -> None:
    assert ana.refused("POST", "/apps/staging/releases", ["slug"]) == (400, "bad_request")


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/apps/staging/releases", {}, "Require params: slug."),
        ("/apps/staging/releases", {"slug": ""}, "Require params: slug."),
        (
            "/apps/staging/releases",
            {"slug": 7},
            'Invalid type for key "slug": expected 7 to be ["string"].',
        ),
        ("/apps/staging/releases", {"slgu": "x", "desc": "y"}, "Unknown params: desc, slgu."),
        ("/pipelines", {"name": "shop", "colour": "red"}, "Unknown params: colour."),
        ("/pipeline-couplings", {"app": "staging"}, "Require params: pipeline."),
        ("/pipeline-promotions", {"target": []}, "Unknown params: target."),
        ("/oauth/authorizations", {"scopes": ["global"]}, "Unknown params: scopes."),
        ("/apps/staging/webhooks", {"events": []}, "Unknown params: events."),
        ("/filters/apps", {"id": []}, "Unknown params: id."),
    ],
)
def test_a_body_that_lacks_something_or_has_too_much_is_refused(
    ana: Caller, path: str, body: object, message: str
) -> None:
    answer = ana.ask("POST", path, body)
    assert (answer.status_code, answer.json()["message"]) == (422, message)


def test_the_account_is_told_as_it_is(ana: Caller) -> None:
    assert ana.get("/account")["email"] == ANA
    assert ana.get("/users/~", Authorization="Bearer HRKU-robot")["email"] == ROBOT
