"""`/api/promotions` and `/api/rollbacks`: asked for, shown, cancelled and retried over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.routes.caller import Caller
from tests.services.office import EU, PROD, PUBLIC_URL, STAGING, Office

PROMOTE = {"source": STAGING, "targets": [PROD]}


def test_a_promotion_is_answered_whole(approver: Caller, office: Office) -> None:
    (made,) = approver.post("/api/promotions", PROMOTE)
    release = office.current(STAGING)
    slug = office.heroku("GET", f"/apps/{STAGING}/slugs/{release['slug']['id']}")
    assert made.pop("due_at").endswith("Z")
    assert made.pop("created_at").endswith("Z")
    assert made.pop("updated_at").endswith("Z")
    assert made.pop("ships")["to"] == slug["commit"]
    assert made == {
        "id": "1",
        "status": "waiting",
        "reason": "Asked for by bo@example.com.",
        "earliest_at": None,
        "waits_for": None,
        "rule": None,
        "by_hand": True,
        "kind": "promote",
        "found_by": "hand",
        "source": {
            "app": {"id": release["app"]["id"], "name": STAGING},
            "release": {"id": release["id"], "version": release["version"]},
            "slug": {"id": slug["id"], "commit": slug["commit"]},
        },
        "target": {"app": {"id": office.app(PROD).id, "name": PROD}, "release": None},
        "gates": [],
        "verification": None,
        "approvals": {"needed": 0, "given": []},
        "override": None,
        "nonce": None,
        "created_by": "bo@example.com",
        "ended_at": None,
        "page_url": f"{PUBLIC_URL}/promotions/1",
    }


def test_once_it_went_it_shows_where_and_how(approver: Caller, office: Office) -> None:
    approver.post("/api/promotions", PROMOTE)
    office.work()
    shown = approver.get("/api/promotions/1")
    release = office.current(PROD)
    assert (shown["status"], shown["due_at"]) == ("succeeded", None)
    assert shown["target"]["release"] == {"id": release["id"], "version": release["version"]}
    assert shown["nonce"] in release["description"]
    assert shown["ended_at"].endswith("Z")
    gates = {gate["name"]: gate["verdict"] for gate in shown["gates"]}
    assert gates == dict.fromkeys(("source", "match", "order", "target", "hold"), "pass")
    assert all(
        sorted(gate) == ["facts", "message", "name", "until", "verdict"] for gate in shown["gates"]
    )
    assert [moment["event"] for moment in shown["timeline"]] == ["waiting", "posting", "succeeded"]
    assert all(moment["at"].endswith("Z") for moment in shown["timeline"])


def test_one_by_rule_names_its_rule(admin: Caller, office: Office) -> None:
    admin.post("/api/rules", {"name": "ship", **PROMOTE})
    hold = {"app": PROD, "reason": "fair week", "until": "2120-01-01T00:00:00Z"}
    admin.post("/api/holds", hold)
    office.deploy(STAGING)
    office.look(STAGING)
    (waiting,) = admin.get(f"/api/promotions?app={PROD}&status=waiting")
    assert waiting["rule"] == {"id": "1", "name": "ship", "revision": 1}
    assert waiting["by_hand"] is False
    held = next(gate for gate in waiting["gates"] if gate["name"] == "hold")
    assert (held["verdict"], held["until"]) == ("wait", "2120-01-01T00:00:00.000Z")
    assert waiting["due_at"] == waiting["earliest_at"] == "2120-01-01T00:00:00.000Z"


def test_one_tells_the_gate_that_lets_go_last_and_the_earliest_time(
    admin: Caller, office: Office
) -> None:
    admin.post("/api/rules", {"name": "ship", **PROMOTE, "soak": "2d", "approvals": 1})
    admin.post("/api/holds", {"app": PROD, "reason": "fair", "until": "2120-01-01T00:00:00Z"})
    office.deploy(STAGING)
    office.look(STAGING)
    office.work()
    (waiting,) = admin.get(f"/api/promotions?app={PROD}&status=waiting")
    said = {gate["name"]: gate["message"] for gate in waiting["gates"] if gate["verdict"] == "wait"}
    assert list(said) == ["hold", "soak", "approvals"]
    until = next(gate["until"] for gate in waiting["gates"] if gate["name"] == "approvals")
    assert waiting["waits_for"] == {
        "gate": "approvals",
        "message": said["approvals"],
        "until": until,
        "needs_person": True,
    }
    assert waiting["earliest_at"] == "2120-01-01T00:00:00.000Z"
    assert admin.get("/api/promotions/1")["waits_for"] == waiting["waits_for"]
    approved = admin.post("/api/promotions/1/actions/approve", status=200)
    assert approved["waits_for"] is None  # what it waits for now was not asked yet
    office.work()
    assert admin.get("/api/promotions/1")["waits_for"]["gate"] == "hold"
    cancelled = admin.post("/api/promotions/1/actions/cancel", status=200)
    assert cancelled["waits_for"] is None
    assert "timeline" not in waiting


def test_what_was_decided_shows_no_earliest_time(admin: Caller, office: Office) -> None:
    admin.post("/api/rules", {"name": "ship", **PROMOTE, "soak": "2h"})
    office.deploy(STAGING)
    office.look(STAGING)
    assert admin.get("/api/promotions/1")["earliest_at"] is not None
    admin.post("/api/promotions/1/actions/cancel", status=200)
    assert admin.get("/api/promotions/1")["earliest_at"] is None


def test_they_are_filtered(approver: Caller) -> None:
    approver.post("/api/promotions", {"source": STAGING, "targets": [PROD, EU]})
    assert [item["id"] for item in approver.get("/api/promotions")] == ["2", "1"]
    assert [item["id"] for item in approver.get(f"/api/promotions?app={PROD}")] == ["1"]
    assert approver.get("/api/promotions?status=failed") == []
    assert len(approver.get("/api/promotions?limit=1")) == 1
    assert approver.refused("GET", "/api/promotions?status=done")[:2] == (422, "invalid_params")


def test_cancel_and_retry(approver: Caller) -> None:
    approver.post("/api/promotions", PROMOTE)
    path = "/api/promotions/1/actions"
    assert approver.refused("POST", f"{path}/retry")[:2] == (409, "not_in_this_state")
    assert approver.post(f"{path}/cancel", status=200)["status"] == "cancelled"
    assert approver.refused("POST", f"{path}/cancel")[:2] == (409, "promotion_settled")
    assert approver.post(f"{path}/retry", status=200)["status"] == "waiting"


def test_approve_and_reject(admin: Caller, approver: Caller, office: Office) -> None:
    admin.post("/api/rules", {"name": "ship", **PROMOTE, "approvals": 2})
    office.deploy(STAGING)
    office.look(STAGING)
    (waiting,) = approver.get("/api/promotions")
    assert waiting["approvals"] == {"needed": 2, "given": []}
    path = "/api/promotions/1/actions"
    approved = approver.post(f"{path}/approve", status=200)
    (word,) = approved["approvals"]["given"]
    assert word.pop("at").endswith("Z")
    assert word == {"by": "bo@example.com", "approved": True, "reason": None}
    rejected = admin.post(f"{path}/reject", {"reason": " too risky "}, status=200)
    assert rejected["approvals"]["given"][1]["reason"] == "too risky"
    assert rejected["reason"] == "Rejected by ana@example.com: too risky"
    office.work()
    assert approver.get("/api/promotions/1")["status"] == "rejected"
    assert approver.refused("POST", f"{path}/approve")[:2] == (409, "promotion_settled")


ASIDE = {**PROMOTE, "override": ["soak", "approvals"], "reason": "it leaks"}


def test_an_admin_sets_gates_aside(admin: Caller, office: Office) -> None:
    admin.post("/api/rules", {"name": "ship", **PROMOTE, "soak": "1h", "approvals": 2})
    office.deploy(STAGING)
    (made,) = admin.post("/api/promotions", ASIDE)
    aside = {"gates": ["soak", "approvals"], "holds": [], "by": "ana@example.com"}
    aside["reason"] = "it leaks"
    assert made["override"] == aside
    assert made["approvals"]["needed"] == 0
    office.work()
    shown = admin.get("/api/promotions/1")
    assert (shown["status"], shown["override"]) == ("succeeded", aside)
    said = {gate["name"]: gate["message"] for gate in shown["gates"]}
    assert said["soak"] == said["approvals"] == "Set aside by ana@example.com: it leaks"
    entry = next(
        e for e in admin.get("/api/audit-entries") if e["action"] == "promotion.overridden"
    )
    assert (entry["by"], entry["after"]) == ("ana@example.com", {"override": aside})


def test_nobody_else_does(approver: Caller) -> None:
    status, id_, message = approver.refused("POST", "/api/promotions", ASIDE)
    assert (status, id_) == (403, "forbidden")
    assert "needs the role admin" in message
    assert approver.get("/api/promotions") == []


def test_who_is_asked_nothing_is_told_so(approver: Caller) -> None:
    approver.post("/api/promotions", PROMOTE)
    for word in ("approve", "reject"):
        status, id_, said = approver.refused("POST", f"/api/promotions/1/actions/{word}")
        assert (status, id_) == (409, "no_approval_asked")
        assert said.startswith("The rule asks for no approval of promotion 1. `autopromote ")


def test_a_reason_is_a_text(approver: Caller) -> None:
    approver.post("/api/promotions", PROMOTE)
    for body in ({"reason": 3}, {"reason": " "}, {"reason": "x" * 5000}, {"why": "x"}):
        refused = approver.refused("POST", "/api/promotions/1/actions/reject", body)
        assert refused[:2] == (422, "invalid_params")


@pytest.mark.parametrize("promotion_id", ["7", "none", "9" * 30, "%00"])
def test_what_is_not_there(approver: Caller, promotion_id: str) -> None:
    words = ("cancel", "retry", "approve", "reject")
    for method, path in (("GET", ""), *(("POST", f"/actions/{word}") for word in words)):
        status, id_, _ = approver.refused(method, f"/api/promotions/{promotion_id}{path}")
        assert (status, id_) in ((404, "promotion_not_found"), (422, "invalid_params"))


def test_a_held_target_is_a_conflict_and_nothing_is_made(approver: Caller) -> None:
    approver.post("/api/holds", {"app": EU, "reason": "fair week"})
    status, id_, message = approver.refused(
        "POST", "/api/promotions", {"source": STAGING, "targets": [PROD, EU]}
    )
    assert (status, id_) == (409, "target_held")
    assert "acme-prod-eu is on hold by bo@example.com: fair week" in message
    assert approver.get("/api/promotions") == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "source is missing. targets is missing."),
        ({**PROMOTE, "release": "now"}, "release: a release is written like v42."),
        ({**PROMOTE, "release": 99}, "acme-staging shows no release v99"),
        ({**PROMOTE, "targets": [STAGING]}, "cannot be promoted onto itself"),
        ({**PROMOTE, "override": ["soak"]}, "override and reason are said together, or neither."),
        ({**PROMOTE, "reason": "x"}, "override and reason are said together, or neither."),
        ({**PROMOTE, "override": [], "reason": "x"}, "override: "),
        ({**PROMOTE, "override": {"soak": 1}, "reason": "x"}, "override: "),
        ({**PROMOTE, "relase": 3}, "relase is unknown; the nearest known is release."),
    ],
)
def test_what_is_wrong_is_said(approver: Caller, body: Any, words: str) -> None:
    status, id_, message = approver.refused("POST", "/api/promotions", body)
    assert (status, id_) == (422, "invalid_params")
    assert words in message


def test_the_release_may_be_named_in_both_ways(approver: Caller, office: Office) -> None:
    version = office.current(STAGING)["version"]
    office.deploy(STAGING)
    (first,) = approver.post("/api/promotions", {**PROMOTE, "release": version})
    (again,) = approver.post("/api/promotions", {**PROMOTE, "release": f"v{version}"})
    assert first["id"] == again["id"]
    assert first["source"]["release"]["version"] == version


# Rolling back.


def test_a_rollback(approver: Caller, office: Office) -> None:
    before = office.current(PROD)
    office.deploy(PROD)
    body = {"app": PROD, "reason": " 500s on checkout "}
    made = approver.post("/api/rollbacks", body)
    assert (made["kind"], made["by_hand"], made["rule"]) == ("rollback", True, None)
    assert made["source"]["release"]["version"] == before["version"]
    (hold,) = approver.get("/api/holds")
    assert (hold["app"]["name"], hold["reason"]) == (PROD, "500s on checkout")
    office.work()
    assert approver.get("/api/promotions/1")["status"] == "rolled_back"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"app": PROD}, "reason is missing."),
        ({"app": PROD, "reason": "  "}, "reason: "),
        ({"app": PROD, "reason": "x" * 4097}, "reason: "),
        ({"app": PROD, "reason": "x", "to": "v0"}, "to: "),
        ({"app": PROD, "reason": "x", "to": 99}, "acme-prod shows no release v99"),
    ],
)
def test_a_rollback_that_is_wrong(approver: Caller, body: Any, words: str) -> None:
    status, id_, message = approver.refused("POST", "/api/rollbacks", body)
    assert (status, id_) == (422, "invalid_params")
    assert words in message
    assert approver.get("/api/holds") == []


def test_the_output_of_a_release_phase_is_read_from_a_byte_on(
    viewer: Caller, approver: Caller, office: Office
) -> None:
    office.control(f"apps/{PROD}", {"release_phase": {"seconds": 0}}, "PATCH")
    approver.post("/api/promotions", PROMOTE)
    office.work()
    release = office.current(PROD)
    assert viewer.get("/api/promotions/1/output?offset=8") == {
        "offset": 37,
        "text": "release command...\nMigrated.\n",
        "is_over": True,
        "release": {"id": release["id"], "version": release["version"]},
        "message": None,
    }


@pytest.mark.parametrize("offset", ["-1", "x", "1.5", "9" * 16, "\u0661"])
def test_an_offset_is_a_number(viewer: Caller, offset: str) -> None:
    path = f"/api/promotions/1/output?offset={offset}"
    assert viewer.refused("GET", path)[:2] == (422, "invalid_params")


def test_no_output_of_no_promotion(viewer: Caller) -> None:
    assert viewer.refused("GET", "/api/promotions/9/output")[:2] == (404, "promotion_not_found")
