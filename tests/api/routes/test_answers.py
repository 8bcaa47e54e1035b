"""Real answers are what `/openapi.json` says they are: every key there, and no other."""

from __future__ import annotations

from typing import Any

import pytest

from listener.api.openapi import reply_of
from listener.app import routes
from tests.api.routes.caller import Caller
from tests.services.office import EU, PROD, STAGING, Office

ROUTES = routes()


def check(endpoint: str, said: Any) -> None:
    """Hold an answer against its description."""
    reply = reply_of(ROUTES.view_functions[endpoint])
    assert reply.answer is not None
    if reply.is_list:
        assert said, f"{endpoint} showed nothing"
    for one in said if reply.is_list else [said]:
        reply.answer.model_validate(one, extra="forbid", by_alias=True, by_name=False)


@pytest.fixture
def busy(office: Office, admin: Caller) -> Office:
    """An office with a bit of everything."""
    check("subscriptions.add", admin.post("/api/subscriptions", {"app": STAGING}))
    rule = {"name": "ship", "source": STAGING, "targets": [PROD]}
    check("rules.add", admin.post("/api/rules", rule))
    office.deploy(STAGING)
    office.receive()
    office.work()
    return office


def test_answers_are_as_described(admin: Caller, busy: Office) -> None:
    check("rules.list_", admin.get("/api/rules"))
    check("rules.show", admin.get("/api/rules/ship"))
    check("rules.backtest", admin.get("/api/rules/ship/backtest"))
    tried = admin.post("/api/rules/ship/actions/try", {"soak": "1h"}, status=200)
    check("rules.try_change", tried)
    new = {"name": "new", "source": STAGING, "targets": [EU]}
    check("rules.try_new", admin.post("/api/rules/actions/try", new, status=200))
    file = {"rules": [{"name": "new", "from": STAGING, "to": [EU], "mode": "off"}]}
    check("files.plan", admin.post("/api/rules/actions/plan", file, status=200))
    check("files.apply", admin.post("/api/rules/actions/apply", file, status=200))
    check("rules.update", admin.patch("/api/rules/ship", {"mode": "shadow"}))
    couplings = {"staging": [STAGING], "production": [PROD]}
    busy.control("pipelines", {"name": "acme", "owner": "ana@example.com", "couplings": couplings})
    check("pipelines.list_", admin.get("/api/pipelines"))
    check("subscriptions.list_", admin.get("/api/subscriptions"))
    check("subscriptions.show", admin.get(f"/api/subscriptions/{STAGING}"))
    check("deliveries.list_", admin.get("/api/deliveries"))
    check("audit.list_", admin.get("/api/audit-entries"))
    check("tokens.whoami", admin.get("/api/whoami"))
    check("explanations.show", admin.get(f"/api/apps/{STAGING}/explanation"))
    check("diffs.show", admin.get(f"/api/apps/{STAGING}/diff?to={PROD},{EU}&repo=acme/shop"))
    check("findings.list_", admin.get("/api/findings"))


@pytest.mark.usefixtures("busy")
def test_promotions_and_holds_are_as_described(admin: Caller) -> None:
    [listed] = admin.get("/api/promotions")
    check("promotions.list_", [listed])
    check("promotions.show", admin.get(f"/api/promotions/{listed['id']}"))
    check("promotions.output", admin.get(f"/api/promotions/{listed['id']}/output"))

    made = admin.post("/api/promotions", {"source": STAGING, "targets": [EU]})
    check("promotions.promote", made)
    path = f"/api/promotions/{made[0]['id']}/actions"
    check("promotions.cancel", admin.post(f"{path}/cancel", status=200))
    check("promotions.retry", admin.post(f"{path}/retry", status=200))

    block = {"commit": "a" * 7, "app": PROD, "reason": "it leaks"}
    check("commit_blocks.add", admin.post("/api/commit-blocks", block))
    check("commit_blocks.list_", admin.get("/api/commit-blocks"))
    known = {"commit": "a" * 7, "app": PROD}
    ended = admin.post("/api/commit-blocks/actions/unblock", known, status=200)
    check("commit_blocks.unblock", ended)
    check("holds.add", admin.post("/api/holds", {"app": PROD, "reason": "launch"}))
    check("holds.list_", admin.get("/api/holds"))
    check("holds.show", admin.get("/api/holds/1"))
    foreseen = admin.post("/api/holds/actions/foresee", {"app": PROD}, status=200)
    check("holds.foresee", foreseen)
    check("holds.foresee_one", admin.post("/api/holds/1/actions/foresee", status=200))
    one = admin.post("/api/holds", {"app": PROD, "reason": "sale"})["id"]
    done = admin.post(f"/api/holds/{one}/actions/release", status=200)
    check("holds.release_one", done)
    released = admin.post("/api/holds/actions/release", {"app": PROD}, status=200)
    check("holds.release", released)
    rollback = {"app": PROD, "reason": "broken"}
    check("promotions.roll_back", admin.post("/api/rollbacks", rollback))
