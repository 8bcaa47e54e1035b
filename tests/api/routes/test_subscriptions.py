"""`/api/subscriptions`: made, healed, rotated and removed over HTTP, and never a secret told."""

from __future__ import annotations

from listener.db import subscriptions
from tests.api.routes.caller import Caller
from tests.services.office import HOOK, STAGING, Office

APP = {"app": STAGING}


def test_a_subscription_is_answered_whole(admin: Caller, office: Office) -> None:
    made = admin.post("/api/subscriptions", APP)
    (webhook,) = office.webhooks()
    (secret,) = made.pop("secrets")
    assert sorted(secret) == ["created_at", "proved_at", "state", "valid_until"]
    assert (secret["state"], secret["proved_at"], secret["valid_until"]) == ("current", None, None)
    assert made.pop("created_at").endswith("Z")
    assert made.pop("updated_at").endswith("Z")
    assert made == {
        "id": "1",
        "app": {"id": webhook["app"]["id"], "name": STAGING},
        "url": HOOK,
        "level": "sync",
        "healthy": None,
        "health": "No delivery has arrived yet: the next release of the app brings one.",
        "heroku_id": webhook["id"],
        "last_delivery_at": None,
    }


def test_it_is_found_by_id_and_by_app(admin: Caller) -> None:
    made = admin.post("/api/subscriptions", APP)
    assert admin.get("/api/subscriptions/1") == made
    assert admin.get(f"/api/subscriptions/{STAGING}") == made
    assert admin.get("/api/subscriptions") == [made]
    assert admin.get(f"/api/subscriptions?app={STAGING}") == [made]
    assert admin.get("/api/subscriptions?app=another") == []


def test_one_that_is_there_already_is_answered_with_200(admin: Caller, office: Office) -> None:
    made = admin.post("/api/subscriptions", APP)
    office.heroku("PATCH", f"/apps/{STAGING}/webhooks/{made['heroku_id']}", {"level": "notify"})
    healed = admin.post("/api/subscriptions", APP, status=200)
    assert (healed["id"], healed["level"]) == (made["id"], "sync")
    assert office.webhooks()[0]["level"] == "sync"


def test_a_rotation(admin: Caller) -> None:
    admin.post("/api/subscriptions", APP)
    path = f"/api/subscriptions/{STAGING}/actions/rotate"
    rotated = admin.post(path, status=200)
    assert [secret["state"] for secret in rotated["secrets"]] == ["current", "previous"]
    assert rotated["secrets"][1]["valid_until"] is not None
    dropped = admin.post(path, {"now": True}, status=200)
    assert [secret["state"] for secret in dropped["secrets"]] == ["current"]


def test_no_answer_holds_a_secret(admin: Caller, office: Office) -> None:
    answers = [
        admin.ask("POST", "/api/subscriptions", APP),
        admin.ask("POST", f"/api/subscriptions/{STAGING}/actions/rotate"),
        admin.ask("GET", f"/api/subscriptions/{STAGING}"),
        admin.ask("GET", "/api/audit-entries"),
    ]
    with office.database.begin() as conn:
        live = subscriptions.live_secrets(conn)
    assert len(live) == 2
    for item in live:
        secret = office.keys.open(item.sealed).decode()
        for answer in answers:
            assert answer.status_code in (200, 201)
            assert secret not in answer.text


def test_it_is_removed(admin: Caller, office: Office) -> None:
    admin.post("/api/subscriptions", APP)
    assert admin.delete(f"/api/subscriptions/{STAGING}")["app"]["name"] == STAGING
    assert (admin.get("/api/subscriptions"), office.webhooks()) == ([], [])
    for method, path in (
        ("GET", "/api/subscriptions/1"),
        ("DELETE", "/api/subscriptions/1"),
        ("POST", "/api/subscriptions/1/actions/rotate"),
    ):
        assert admin.refused(method, path)[:2] == (404, "subscription_not_found")


def test_herokus_refusal_is_told_in_its_words(admin: Caller, office: Office) -> None:
    fault = {"id": "forbidden", "message": "You do not have access to the app acme-staging."}
    office.break_heroku("/apps/.*/webhooks", status=403, method="POST", body=fault)
    status, id_, message = admin.refused("POST", "/api/subscriptions", APP)
    assert (status, id_) == (502, "heroku_unreadable")
    assert "Heroku refused (403 forbidden): You do not have access to the app" in message


def test_what_is_wrong_is_said(admin: Caller) -> None:
    assert admin.refused("POST", "/api/subscriptions", {"ap": "x"})[2] == (
        "app is missing. ap is unknown; the nearest known is app."
    )
    path = "/api/subscriptions/1/actions/rotate"
    assert admin.refused("POST", path, {"now": "perhaps"})[0] == 422
