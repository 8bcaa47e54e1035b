"""Subscriptions: made, shown, changed, ended, and never with their secret."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.callers import UNKNOWN, Caller

WANTED: dict[str, Any] = {
    "include": ["api:release"],
    "level": "sync",
    "url": "https://receiver.test/hook",
}


def test_a_secret_that_heroku_made_up_is_told_once_in_a_header(ana: Caller) -> None:
    made = ana.ask("POST", "/apps/staging/webhooks", WANTED)

    secret = made.headers["Heroku-Webhook-Secret"]
    shown = ana.ask("GET", f"/apps/staging/webhooks/{made.json()['id']}")
    assert (made.status_code, len(secret)) == (201, 60)
    assert secret not in made.text + shown.text
    assert "Heroku-Webhook-Secret" not in shown.headers


def test_a_secret_of_ones_own_is_never_told(ana: Caller) -> None:
    body = WANTED | {"secret": "swordfish", "authorization": "Bearer herring"}
    made = ana.ask("POST", "/apps/staging/webhooks", body)

    assert "Heroku-Webhook-Secret" not in made.headers
    assert made.json().keys() == {
        "app",
        "created_at",
        "id",
        "include",
        "level",
        "updated_at",
        "url",
    }


def test_webhooks_are_listed_for_their_app(ana: Caller) -> None:
    made = [ana.post("/apps/staging/webhooks", WANTED)["id"] for _ in range(2)]

    assert [each["id"] for each in ana.get("/apps/staging/webhooks")] == made
    assert ana.get("/apps/production/webhooks") == []
    assert ana.refused("GET", f"/apps/production/webhooks/{made[0]}") == (404, "not_found")


def test_a_change_leaves_the_rest_alone(ana: Caller) -> None:
    made = ana.post("/apps/staging/webhooks", WANTED)
    path = f"/apps/staging/webhooks/{made['id']}"

    changed = ana.ask("PATCH", path, {"level": "notify"}).json()

    assert changed == made | {"level": "notify"}
    assert ana.get(path) == changed


def test_a_removed_webhook_is_gone(ana: Caller) -> None:
    made = ana.post("/apps/staging/webhooks", WANTED)
    path = f"/apps/staging/webhooks/{made['id']}"

    assert ana.ask("DELETE", path).json() == made
    assert ana.refused("DELETE", path) == (404, "not_found")
    assert ana.refused("PATCH", path, {}) == (404, "not_found")


def test_an_app_has_ten_webhooks_at_most(ana: Caller) -> None:
    for _ in range(10):
        ana.post("/apps/staging/webhooks", WANTED)

    assert ana.refused("POST", "/apps/staging/webhooks", WANTED) == (422, "invalid_params")
    assert ana.ask("POST", "/apps/production/webhooks", WANTED).status_code == 201


@pytest.mark.parametrize(
    "change",
    [
        {"include": []},
        {"include": "api:release"},
        {"include": ["api:nothing"]},
        {"level": "often"},
        {"url": "receiver.test"},
        {"url": "ftp://receiver.test/"},
        {"url": "http://"},
        {"url": None},
        {"secret": 7},
        {"authorization": 7},
    ],
)
def test_what_makes_no_sense_is_refused(ana: Caller, change: dict[str, Any]) -> None:
    made = ana.post("/apps/staging/webhooks", WANTED)
    path = f"/apps/staging/webhooks/{made['id']}"

    assert ana.refused("POST", "/apps/staging/webhooks", WANTED | change) == (422, "invalid_params")
    assert ana.refused("PATCH", path, change) == (422, "invalid_params")
    assert ana.get("/apps/staging/webhooks") == [made]


@pytest.mark.parametrize("name", WANTED)
def test_a_new_webhook_needs_include_level_and_url(ana: Caller, name: str) -> None:
    body = {key: value for key, value in WANTED.items() if key != name}

    assert ana.refused("POST", "/apps/staging/webhooks", body) == (422, "invalid_params")


def test_an_unknown_param_is_refused(ana: Caller) -> None:
    body = WANTED | {"colour": "red"}

    assert ana.refused("POST", "/apps/staging/webhooks", body) == (422, "invalid_params")


@pytest.mark.parametrize("what", ["webhooks", "webhook-deliveries", "webhook-events"])
def test_what_is_unknown_is_not_found(ana: Caller, what: str) -> None:
    assert ana.refused("GET", f"/apps/staging/{what}/{UNKNOWN}") == (404, "not_found")
