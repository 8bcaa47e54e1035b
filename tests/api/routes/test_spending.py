"""What people may spend of the account's calls to Heroku, by role."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest
from werkzeug.test import TestResponse

from listener.api.auth import MOST_A_MINUTE
from listener.heroku import budget
from listener.heroku.budget import BACK_A_MINUTE
from tests.api.routes.caller import Caller
from tests.services.office import PROD, STAGING, Office

LONG_MINUTE = 3600  # seconds
RULE = {"name": "ship", "source": STAGING, "targets": [PROD]}
LOOKS = [
    ("GET", "/api/findings", None),
    ("GET", "/api/pipelines", None),
    ("GET", f"/api/apps/{STAGING}/diff?to={PROD}", None),
    ("GET", "/api/rules/ship/backtest", None),
    ("POST", "/api/rules/actions/try", RULE | {"name": "other"}),
    ("POST", "/api/rules/ship/actions/try", {"soak": "1h"}),
    (
        "POST",
        "/api/rules/actions/plan",
        {"rules": [{"name": "new", "from": "acme-nowhere", "to": [PROD]}]},
    ),
]


@pytest.fixture(autouse=True)
def long_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes back in a minute does not while a slow machine spends the rest."""
    monkeypatch.setattr(budget, "MINUTE", float(LONG_MINUTE))


@pytest.fixture
def shop(office: Office, admin: Caller) -> Office:
    """Something to look at."""
    admin.post("/api/rules", RULE)
    office.deploy(STAGING)
    office.look(STAGING)
    return office


@pytest.mark.parametrize(("method", "path", "body"), LOOKS)
def test_whoever_looks_leaves_the_last_calls_to_what_must_go_on(
    shop: Office, admin: Caller, viewer: Caller, method: str, path: str, body: object
) -> None:
    shop.grant(490)
    refused = viewer.ask(method, path, body)
    assert (refused.status_code, refused.get_json()["id"]) == (429, "heroku_spared")
    assert "the last 500 are kept" in refused.get_json()["message"]
    # For one call more than are kept, and for the one that told.
    wait = 12 * LONG_MINUTE / BACK_A_MINUTE
    assert wait - 10 <= int(refused.headers["Retry-After"]) <= wait
    assert shop.calls() == []
    allowed = admin.ask(method, path, body)
    assert allowed.status_code in (200, 422), allowed.text
    assert shop.calls()

    shop.grant(99)
    assert admin.ask(method, path, body).status_code == 429
    assert shop.calls() == []


def test_a_page_spends_as_the_api_does(shop: Office, viewer: Caller) -> None:
    browser, path = viewer.client.application.test_client(), "/rules/1?backtest=1"
    code = viewer.post("/api/login-codes")["code"]
    browser.post("/login", data={"code": code, "back": "/rules"})
    shop.grant(490)
    refused = browser.get(path)
    assert (refused.status_code, "the last 500 are kept" in refused.text) == (429, True)
    assert shop.calls() == []

    shop.grant(600)
    assert browser.get(path).status_code == 200


def test_the_way_back_and_a_hold_go_on_the_last_calls(shop: Office, approver: Caller) -> None:
    shop.grant(20)
    asked = {"source": STAGING, "targets": [PROD]}
    assert approver.ask("POST", "/api/promotions", asked).status_code == 429
    approver.post("/api/holds", {"app": STAGING, "reason": "launch day"})
    approver.post("/api/rollbacks", {"app": PROD, "reason": "it is slow"})
    shop.work()
    assert shop.found()[-1].status == "rolled_back"


def test_nobody_spends_more_than_a_minute_s_share(
    shop: Office, viewer: Caller, approver: Caller
) -> None:
    names = (f"app-{number}" for number in range(40 * MOST_A_MINUTE))
    answer = ask_about(viewer, names)
    while answer.status_code == 422:  # until Heroku is asked no more
        answer = ask_about(viewer, names)
    assert answer.status_code == 429
    assert f"cy@example.com has had {MOST_A_MINUTE} requests" in answer.get_json()["message"]
    assert 1 <= int(answer.headers["Retry-After"]) <= LONG_MINUTE
    assert approver.ask("POST", "/api/holds", {"app": PROD, "reason": "fair"}).status_code == 201


def test_what_must_go_on_spends_the_last_calls_on_known_apps_only(
    shop: Office, approver: Caller
) -> None:
    asked = [
        approver.ask("POST", path, {"app": f"acme-none{number}", "reason": "fair"}).status_code
        for number in range(MOST_A_MINUTE // 2 + 1)
        for path in ("/api/holds", "/api/rollbacks")
    ]
    assert asked == [422] * MOST_A_MINUTE + [429] * 2
    shop.grant(20)
    approver.post("/api/holds", {"app": shop.app(PROD).id, "reason": "fair"})
    approver.post("/api/rollbacks", {"app": PROD, "reason": "it is slow"})


def ask_about(viewer: Caller, names: Iterator[str]) -> TestResponse:
    """Plan a rule for as many unknown apps as a file may have."""
    rule = {"name": "new", "from": STAGING, "to": list(islice(names, 49))}
    return viewer.ask("POST", "/api/rules/actions/plan", {"rules": [rule]})
