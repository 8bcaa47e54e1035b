"""Places in pipelines, and promotions in them: asked for with the very release, then followed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from listener.heroku import (
    BadAnswer,
    Coupling,
    Doubtful,
    Heroku,
    NotSent,
    Pipeline,
    PipelinePromotion,
    PromotionTarget,
    RateLimited,
    Refused,
)
from tests.heroku import samples
from tests.outbound.peer import Peer, Script, answer, cutting, giving

Start = Callable[[Script], Peer]
Client = Callable[..., Heroku]
SHIP = {"pipeline": "pipeline-1", "source": samples.APP_ID, "target": "app-prod"}


def promote(heroku: Heroku, **more: Any) -> PipelinePromotion:
    """Promote release 42 of staging."""
    return heroku.create_pipeline_promotion(release="release-42", **{**SHIP, **more})


def test_tells_the_place_of_an_app(peer: Start, client: Client) -> None:
    at = peer(giving(answer(200, samples.coupling())))
    found = client(at.url).coupling("acme-staging")
    assert found == Coupling(samples.APP_ID, "pipeline-1", "staging")
    assert at.requests[0].path == "/apps/acme-staging/pipeline-couplings"


def test_tells_all_pipelines_and_places(peer: Start, client: Client) -> None:
    at = peer(giving(answer(200, [{"id": "pipeline-1", "name": "acme"}])))
    assert client(at.url).pipelines() == [Pipeline("pipeline-1", "acme")]
    assert at.requests[0].path == "/pipelines"

    at = peer(giving(answer(200, [samples.coupling()])))
    assert client(at.url).couplings() == [Coupling(samples.APP_ID, "pipeline-1", "staging")]
    assert at.requests[0].path == "/pipeline-couplings"


def test_an_app_in_no_pipeline_is_refused_as_not_found(peer: Start, client: Client) -> None:
    said = {"id": "not_found", "message": "Couldn't find that pipeline coupling."}
    at = peer(giving(answer(404, said)))
    with pytest.raises(Refused) as caught:
        client(at.url).coupling("acme-staging")
    assert caught.value.status == 404


@pytest.mark.parametrize(
    "body", [[], [samples.coupling()], {}, samples.coupling(pipeline=None), samples.coupling(app=1)]
)
def test_a_place_without_its_pipeline_is_no_answer(
    peer: Start, client: Client, body: object
) -> None:
    at = peer(giving(answer(200, body)))
    with pytest.raises(BadAnswer):
        client(at.url).coupling("acme-staging")


def test_promotes_the_very_release_to_one_target(peer: Start, client: Client) -> None:
    at = peer(giving(answer(201, samples.promotion())))
    assert promote(client(at.url)) == PipelinePromotion("promotion-1", "pending")
    (request,) = at.requests
    assert (request.method, request.path) == ("POST", "/pipeline-promotions")
    assert request.json == {
        "pipeline": {"id": "pipeline-1"},
        "source": {"app": {"id": samples.APP_ID}, "release": {"id": "release-42"}},
        "targets": [{"app": {"id": "app-prod"}}],
    }


@pytest.mark.parametrize(
    "content",
    [
        answer(201),
        answer(204),
        answer(201, b"<html>"),
        answer(201, []),
        answer(201, {}),
        answer(201, samples.promotion(id=None)),
        answer(201, samples.promotion(id="../apps")),
        answer(408, {"id": "x", "message": "?"}),
        answer(503, {"id": "x", "message": "?"}),
        b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{",
        b"",
    ],
    ids=lambda content: content[-60:].decode(),
)
def test_an_answer_without_a_usable_id_is_in_doubt(
    peer: Start, client: Client, content: bytes
) -> None:
    at = peer(cutting(content))
    with pytest.raises(Doubtful):
        promote(client(at.url))
    assert len(at.requests) == 1


@pytest.mark.parametrize("status", [302, 402, 403, 404, 409, 422])
def test_a_definite_no_is_a_no(peer: Start, client: Client, status: int) -> None:
    at = peer(giving(answer(status, {"id": "x", "message": "No."})))
    with pytest.raises(Refused, match=r"^No\.$"):
        promote(client(at.url))
    assert len(at.requests) == 1


def test_what_never_left_is_told_apart(peer: Start, client: Client) -> None:
    at = peer(giving(answer(429, {"id": "rate_limit", "message": "Wait."})))
    with pytest.raises(RateLimited):
        promote(client(at.url))
    with pytest.raises(NotSent):
        promote(client(at.url), send_by=time.monotonic() - 1)
    assert len(at.requests) == 1


@pytest.mark.parametrize(
    ("changes", "status", "release_id", "error_message"),
    [
        ({}, "pending", None, None),
        ({"release": {}}, "pending", None, None),
        ({"release": {"id": "release-9"}}, "pending", "release-9", None),
        ({"release": {"id": "release-9"}, "status": "succeeded"}, "succeeded", "release-9", None),
        ({"status": "failed", "error_message": "No access"}, "failed", None, "No access"),
        ({"status": "skipped", "error_message": 7}, "skipped", None, None),
    ],
)
def test_tells_what_became_of_each_target(
    peer: Start,
    client: Client,
    changes: dict[str, Any],
    status: str,
    release_id: str | None,
    error_message: str | None,
) -> None:
    at = peer(giving(answer(200, [samples.promotion_target(**changes)])))
    found = client(at.url).promotion_targets("promotion-1")
    assert found == [PromotionTarget("app-prod", status, release_id, error_message)]
    assert at.requests[0].path == "/pipeline-promotions/promotion-1/promotion-targets"


@pytest.mark.parametrize(
    "body",
    [
        {},
        ["odd"],
        [samples.promotion_target(app=None)],
        [samples.promotion_target(status=None)],
        [samples.promotion_target(release="release-9")],
        [samples.promotion_target(release={"id": 9})],
    ],
)
def test_targets_that_say_nothing_are_no_answer(peer: Start, client: Client, body: object) -> None:
    at = peer(giving(answer(200, body)))
    with pytest.raises(BadAnswer):
        client(at.url).promotion_targets("promotion-1")
