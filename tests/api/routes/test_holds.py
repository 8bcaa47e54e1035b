"""`/api/holds`: put, shown and released over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.routes.caller import Caller
from tests.services.office import PROD, STAGING, Office

RELEASE = "/api/holds/actions/release"


def test_a_hold_is_answered_whole(approver: Caller, office: Office) -> None:
    body = {"app": PROD, "reason": "fair week", "until": "2120-01-01T02:00:00+02:00"}
    put = approver.post("/api/holds", body)
    assert put.pop("created_at").endswith("Z")
    assert put == {
        "id": "1",
        "app": {"id": office.app(PROD).id, "name": PROD},
        "except": [],
        "kind": "person",
        "reason": "fair week",
        "by": "bo@example.com",
        "from": None,
        "until": "2120-01-01T00:00:00.000Z",
        "released_at": None,
        "released_by": None,
        "too_late_for": [],
        "message": "acme-prod is on hold until 2120-01-01 00:00 UTC.",
    }
    (listed,) = approver.get("/api/holds")
    assert {**listed, **put, "created_at": listed["created_at"]}.keys() == {
        *listed,
        "too_late_for",
        "message",
    }


def test_a_hold_on_every_target(admin: Caller) -> None:
    put = admin.post("/api/holds", {"app": None, "reason": "fair week"})
    assert put["app"] is None
    assert put["message"] == "Every target is on hold until released."
    released = admin.post(RELEASE, {"app": None}, status=200)
    assert [hold["id"] for hold in released["released"]] == ["1"]


def test_a_hold_leaves_apps_out_and_ends_by_the_clocks_of_a_place(admin: Caller) -> None:
    until = "2120-12-24 18:00 Asia/Tokyo"
    body = {"app": None, "except": [PROD], "reason": "fair week", "until": until}
    put = admin.post("/api/holds", body)
    assert [app["name"] for app in put["except"]] == [PROD]
    assert put["until"] == "2120-12-24T09:00:00.000Z"
    twice = {**body, "until": "2026-10-25 01:30 Europe/London"}
    refused = admin.refused("POST", "/api/holds", twice)
    assert refused[:2] == (422, "invalid_params")
    assert refused[2].startswith("until: 2026-10-25 01:30 comes twice in Europe/London")


def test_releasing_says_what_goes_next(admin: Caller, office: Office) -> None:
    admin.post("/api/rules", {"name": "ship", "source": STAGING, "targets": [PROD]})
    admin.post("/api/holds", {"app": PROD, "reason": "fair week"})
    version = office.deploy(STAGING)
    office.look(STAGING)
    done = admin.post(RELEASE, {"app": PROD}, status=200)
    assert sorted(done) == ["cancelled", "message", "next", "planned", "released"]
    assert done["released"][0]["released_by"] == "ana@example.com"
    assert done["released"][0]["released_at"].endswith("Z")
    (after,) = done["next"]
    assert after["app"]["name"] == PROD
    assert after["promotion"]["source"]["release"]["version"] == version
    assert after["message"] == f"v{version} of acme-staging goes next to acme-prod."
    office.work()
    assert [item["status"] for item in admin.get("/api/promotions")] == ["succeeded"]


def test_released_holds_are_shown_when_asked_for(approver: Caller) -> None:
    approver.post("/api/holds", {"app": PROD, "reason": "fair week"})
    approver.post(RELEASE, {"app": PROD}, status=200)
    assert approver.get("/api/holds") == []
    (hold,) = approver.get(f"/api/holds?all=true&app={PROD}")
    assert hold["released_by"] == "bo@example.com"


def test_one_hold_is_shown_and_released_by_its_id(approver: Caller, admin: Caller) -> None:
    approver.post("/api/holds", {"app": PROD, "reason": "fair week"})
    admin.post("/api/holds", {"app": None, "reason": "fair week"})
    assert approver.get("/api/holds/2")["app"] is None
    done = approver.post("/api/holds/1/actions/release", status=200)
    assert [hold["id"] for hold in done["released"]] == ["1"]
    assert approver.get("/api/holds/1")["released_by"] == "bo@example.com"
    refused = approver.refused("POST", "/api/holds/1/actions/release")
    assert refused == (409, "hold_ended", "Hold 1 was released by bo@example.com.")
    for path in ("/api/holds/3", "/api/holds/x"):
        assert approver.refused("GET", path)[:2] == (404, "hold_not_found")


def test_what_would_go_is_told_and_sent_with_the_release(admin: Caller, office: Office) -> None:
    admin.post("/api/rules", {"name": "ship", "source": STAGING, "targets": [PROD]})
    held = admin.post("/api/holds", {"app": PROD, "reason": "fair week"})["id"]
    version = office.deploy(STAGING)
    office.look(STAGING)
    shown = admin.post("/api/holds/actions/foresee", {"app": PROD}, status=200)
    assert shown == admin.post(f"/api/holds/{held}/actions/foresee", status=200)
    (target,) = shown["targets"]
    (going,) = target["waiting"]
    assert (going["goes"], going["needs_word"]) == (True, False)
    assert going["promotion"]["source"]["release"]["version"] == version
    waiting = going["promotion"]["id"]
    assert shown["agreed"] == {"holds": [held], "promotions": [waiting]}

    other = {"app": PROD, "agreed": {"holds": [held], "promotions": []}}
    assert admin.refused("POST", RELEASE, other)[:2] == (409, "release_changed")
    body = {"app": PROD, "agreed": shown["agreed"], "discard": True}
    done = admin.post(RELEASE, body, status=200)
    assert [one["id"] for one in done["cancelled"]] == [waiting]


@pytest.mark.parametrize("ids", ["7", [7], ["seven"], ["-1"]])
def test_ids_that_were_agreed_to_are_ids(approver: Caller, ids: Any) -> None:
    body = {"app": PROD, "agreed": {"holds": ids, "promotions": []}}
    assert approver.refused("POST", RELEASE, body)[:2] == (422, "invalid_params")


def test_what_is_planned_stays_and_is_told(approver: Caller) -> None:
    later = {"app": PROD, "reason": "fair week", "from": "2120-01-01T00:00:00Z"}
    approver.post("/api/holds", later)
    approver.post("/api/holds", {"app": PROD, "reason": "sale"})
    done = approver.post(RELEASE, {"app": PROD}, status=200)
    assert [hold["id"] for hold in done["planned"]] == ["1"]


def test_what_is_not_held(approver: Caller) -> None:
    status, id_, message = approver.refused("POST", RELEASE, {"app": PROD})
    assert (status, id_, message) == (404, "hold_not_found", "acme-prod is not on hold.")


def test_nothing_is_released_where_heroku_cannot_be_read(approver: Caller, office: Office) -> None:
    approver.post("/api/holds", {"app": PROD, "reason": "fair week"})
    office.break_heroku("/apps/.*/releases")
    status, id_, message = approver.refused("POST", RELEASE, {"app": PROD})
    assert (status, id_) == (502, "heroku_unreadable")
    assert message.endswith("Nothing was released.")
    assert len(approver.get("/api/holds")) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "app is missing. reason is missing."),
        ({"app": PROD, "reason": ""}, "reason: "),
        ({"app": PROD, "reason": "x" * 4097}, "reason: "),
        ({"app": PROD, "reason": "x", "until": "tomorrow"}, "until: "),
        ({"app": PROD, "reason": "x", "until": "2120-01-01T00:00:00"}, "a time needs its zone"),
        ({"app": PROD, "reason": "x", "until": "2020-01-01T00:00:00Z"}, "until is in the past"),
        ({"app": PROD, "reason": "x", "form": "x"}, "form is unknown; the nearest known is from."),
        ({"app": PROD, "reason": "x", "starts_at": None}, "starts_at is unknown"),
    ],
)
def test_what_is_wrong_is_said(approver: Caller, body: Any, words: str) -> None:
    status, id_, message = approver.refused("POST", "/api/holds", body)
    assert (status, id_) == (422, "invalid_params")
    assert words in message
    assert approver.get("/api/holds") == []
