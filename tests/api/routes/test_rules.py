"""`/api/rules`: declared, shown, changed and removed over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from listener.core.finding import State
from listener.core.gates.options import OPTIONS
from listener.core.promotion import Status
from listener.db.tables import rule
from tests.api.routes.caller import Caller
from tests.services.office import EU, PROD, STAGING, Office

RULE = {"name": "ship", "source": STAGING, "targets": [PROD]}


def test_a_rule_is_answered_whole(admin: Caller, office: Office) -> None:
    rule = admin.post("/api/rules", RULE)
    ids = {name: office.heroku("GET", f"/apps/{name}")["id"] for name in (STAGING, PROD)}
    baseline = int(office.current(STAGING)["version"])
    assert rule.pop("created_at") == rule.pop("updated_at")
    (warning,) = rule.pop("warnings")
    assert "`autopromote webhooks:add --app acme-staging`" in warning
    assert rule == {
        "id": "1",
        "name": "ship",
        "mode": "armed",
        "strategy": "slug",
        "on_newer": "supersede",
        **dict.fromkeys(OPTIONS),
        "notify": [],
        "events_to": [],
        "revision": 1,
        "source": {"id": ids[STAGING], "name": STAGING},
        "targets": [
            {
                "id": ids[PROD],
                "name": PROD,
                "baseline": baseline,
                "baseline_note": f"acts from {STAGING} v{baseline + 1} on",
            }
        ],
        "created_by": "ana@example.com",
    }
    shown = admin.get("/api/rules/ship")
    assert {**rule, **shown} == shown
    assert shown["created_at"].endswith("Z")
    assert admin.get("/api/rules/1") == shown
    assert admin.get("/api/rules") == [shown]


def test_a_rule_is_changed(admin: Caller) -> None:
    admin.post("/api/rules", {**RULE, "mode": "shadow"})
    change = {"name": "go", "targets": [EU], "mode": "armed", "on_newer": "keep"}
    rule = admin.patch("/api/rules/ship", change)
    assert (rule["name"], rule["mode"], rule["on_newer"], rule["revision"]) == (
        "go",
        "armed",
        "keep",
        2,
    )
    assert [target["name"] for target in rule["targets"]] == [EU]
    assert admin.refused("GET", "/api/rules/ship")[:2] == (404, "rule_not_found")


def test_conditions_are_declared_changed_and_taken_away(admin: Caller) -> None:
    asked = {"soak": "30m", "windows": ["Mon-Fri 09:00-16:30 Europe/London"], "approvals": 1}
    rule = admin.post("/api/rules", {**RULE, **asked, "self_approval": False})
    assert {**rule, **asked, "self_approval": False} == rule

    changed = admin.patch("/api/rules/ship", {"soak": "1h", "approvals": None})
    assert (changed["soak"], changed["approvals"]) == ("1h", None)
    assert (changed["windows"], changed["revision"]) == (asked["windows"], 2)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"soak": "30"}, "soak: '30' is no duration: write a number with s, m, h or d, like 30m."),
        ({"windows": ["Mon 09:00-10:00"]}, "windows: "),
        ({"approvals": 9}, "approvals: it must be a number from 0 to 5."),
        ({"parity": ["colour"]}, "parity.0: "),
        ({"sok": "30m"}, "sok is unknown; the nearest known is soak."),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(
    admin: Caller, asked: dict[str, Any], words: str
) -> None:
    status, error_id, message = admin.refused("POST", "/api/rules", {**RULE, **asked})
    assert (status, error_id) == (422, "invalid_params")
    assert words in message
    assert admin.get("/api/rules") == []


def test_targets_come_back_as_they_were_named(admin: Caller) -> None:
    rule = admin.post("/api/rules", {**RULE, "targets": [EU, PROD]})
    assert [target["name"] for target in rule["targets"]] == [EU, PROD]


def test_a_rule_is_tried_over_the_past(admin: Caller, office: Office) -> None:
    office.deploy(PROD, age_days=9)
    version = office.deploy(STAGING, age_days=5)
    admin.post("/api/rules", RULE)
    release = office.releases(STAGING)[-1]
    prod, at = office.heroku("GET", f"/apps/{PROD}")["id"], release["created_at"]
    created_at = at.replace("Z", ".000Z")

    (tried,) = admin.get("/api/rules/ship/backtest?limit=1")
    assert tried == {
        "release": {
            "id": release["id"],
            "version": version,
            "status": "succeeded",
            "kind": "deploy",
            "slug": {"id": release["slug"]["id"], "commit": None},
            "description": release["description"],
            "created_at": created_at,
        },
        "source": {"id": release["app"]["id"], "name": STAGING},
        "target": {"id": prod, "name": PROD},
        "status": "shadowed",
        "message": f"It would have gone to {PROD}.",
        "at": created_at,
        "has_waited": False,
        "unanswered": [],
        "was_tried": True,
        "arrived": None,
    }
    assert admin.refused("GET", "/api/rules/nowhere/backtest")[:2] == (404, "rule_not_found")


def test_a_change_is_tried_and_not_made(admin: Caller, viewer: Caller, office: Office) -> None:
    office.deploy(PROD, age_days=9)
    version = office.deploy(STAGING, age_days=5)
    rule = admin.post("/api/rules", RULE)
    path = "/api/rules/ship/actions/try"
    tried = viewer.post(f"{path}?limit=1", {"soak": "90d"}, status=200)

    (fared,) = tried.pop("results")
    assert tried == {
        "rule": {"id": rule["id"], "name": "ship"},
        "changes": [{"field": "soak", "before": None, "after": "90d"}],
        "message": "1 of the 1 newest releases would have fared otherwise.",
    }
    assert (fared["release"]["version"], fared["differs"]) == (version, True)
    assert (fared["before"]["status"], fared["after"]["status"]) == ("shadowed", "waiting")
    assert admin.get("/api/rules/ship") == rule
    assert admin.refused("POST", path, {"sok": "1h"})[:2] == (422, "invalid_params")

    new = {**RULE, "name": "new", "approvals": 1}
    tried = viewer.post("/api/rules/actions/try?limit=1", new, status=200)
    assert tried["rule"] == {"id": None, "name": "new"}
    assert tried["results"][0]["before"] is None
    assert tried["results"][0]["after"]["unanswered"] == ["approvals"]


def test_a_rule_is_removed(admin: Caller) -> None:
    admin.post("/api/rules", RULE)
    assert admin.delete("/api/rules/ship")["name"] == "ship"
    assert admin.get("/api/rules") == []
    for method in ("GET", "PATCH", "DELETE"):
        body: Any = {} if method == "PATCH" else None
        status, id_, message = admin.refused(method, "/api/rules/ship", body)
        assert (status, id_, message) == (404, "rule_not_found", "Couldn't find that rule.")


def test_one_target_needs_no_list(admin: Caller) -> None:
    rule = admin.post("/api/rules", {**RULE, "targets": PROD})
    assert [target["name"] for target in rule["targets"]] == [PROD]


def test_rules_are_filtered_and_limited(admin: Caller) -> None:
    admin.post("/api/rules", RULE)
    admin.post("/api/rules", {**RULE, "name": "europe", "targets": [EU]})
    names = [rule["name"] for rule in admin.get(f"/api/rules?app={STAGING}")]
    assert names == ["europe", "ship"]
    assert [rule["name"] for rule in admin.get(f"/api/rules?app={PROD}")] == ["ship"]
    assert [rule["name"] for rule in admin.get("/api/rules?limit=1")] == ["europe"]
    assert admin.refused("GET", "/api/rules?limit=0")[0] == 422


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "name is missing. source is missing. targets is missing."),
        ({**RULE, "tagets": []}, "tagets is unknown; the nearest known is targets."),
        ({**RULE, "name": "12"}, "a rule's name must not be a number"),
        ({**RULE, "targets": []}, "targets: "),
        ({**RULE, "targets": {"a": PROD}}, "targets: write a list of texts."),
        ({**RULE, "mode": "on"}, "mode: write 'armed', 'shadow' or 'off'."),
        ({**RULE, "strategy": "pipeline"}, "`heroku pipelines:create -a acme-staging -s staging`"),
        ({**RULE, "targets": [STAGING]}, "acme-staging cannot be promoted onto itself."),
        ({**RULE, "source": "a\0b"}, "NUL"),
        ({**RULE, "source": "../account"}, "Heroku knows no app ../account"),
        ([], "The body must be a JSON object."),
    ],
)
def test_what_is_wrong_is_said(admin: Caller, body: Any, words: str) -> None:
    status, id_, message = admin.refused("POST", "/api/rules", body)
    assert (status, id_) == (422, "invalid_params")
    assert words in message


def test_a_rule_from_a_fir_app_tells_its_strategy_and_why(admin: Caller, office: Office) -> None:
    for name in ("acme-spruce", "acme-larch"):
        office.make_app(name, generation="fir")
    couplings = {"staging": ["acme-spruce"], "production": ["acme-larch"]}
    office.control("pipelines", {"name": "firs", "couplings": couplings})
    body = {"name": "firs", "source": "acme-spruce", "targets": ["acme-larch"]}
    rule = admin.post("/api/rules", body)
    assert rule["strategy"] == "pipeline"
    assert rule["strategy_note"].startswith("for acme-spruce is a Fir app")
    assert "strategy_note" not in admin.post("/api/rules", RULE)


def test_a_name_that_is_taken(admin: Caller) -> None:
    admin.post("/api/rules", RULE)
    refusal = admin.refused("POST", "/api/rules", RULE)
    mend = "`autopromote rules:update ship` changes it."
    assert refusal == (409, "rule_exists", f"There is a rule ship already. {mend}")


def test_heroku_that_cannot_be_read(admin: Caller, office: Office) -> None:
    office.break_heroku("/apps/.*/releases")
    status, id_, message = admin.refused("POST", "/api/rules", RULE)
    assert (status, id_) == (502, "heroku_unreadable")
    assert message.endswith("The rule was not saved.")
    assert admin.get("/api/rules") == []


def test_text_that_is_no_unicode_is_refused(admin: Caller) -> None:
    answer = admin.client.post(
        "/api/rules",
        data=b'{"name": "\\ud800", "source": "a", "targets": ["b"]}',
        headers={"Authorization": admin.ask("GET", "/api/rules").request.headers["Authorization"]},
    )
    assert answer.status_code in (400, 422)


def test_who_is_told_is_never_shown_again(admin: Caller) -> None:
    url = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general"
    body = {"name": "ship", "source": STAGING, "targets": [PROD], "notify": [url]}
    assert admin.post("/api/rules", body)["notify"] == ["slack://…"]
    assert admin.patch("/api/rules/ship", {"soak": "1h"})["notify"] == ["slack://…"]
    for path in ("/api/rules", "/api/rules/ship", "/api/audit-entries"):
        assert "TIiajkdnlazkcOXrIdevi7FQ" not in admin.ask("GET", path).text
    assert admin.patch("/api/rules/ship", {"notify": None})["notify"] == []
    for wrong in (["x://hush"], ["hush"], "hush", [3]):
        refused = admin.refused("PATCH", "/api/rules/ship", {"notify": wrong})
        assert refused[0] == 422
        assert "hush" not in refused[2]


# What an older version stored, and breaks a limit of today.


@pytest.mark.parametrize(
    "conditions",
    [
        {"authors": ["*" * 500]},
        {"authors": ["*a*"] * 20, "descriptions": ["*b*"] * 20},
        {"descriptions": [r"/\pL{400}/"]},
        {"authors": {"nobody": "wrote this"}, "soak": 5, "parity": ["colour"], "verify": ["ftp:"]},
        {"long_gone": True},
    ],
)
def test_a_stored_rule_that_breaks_a_limit_stops_no_page(
    admin: Caller, office: Office, conditions: dict[str, Any]
) -> None:
    admin.post("/api/rules", {"name": "ship", "source": STAGING, "targets": [PROD]})
    with office.database.begin() as conn:
        conn.execute(update(rule).values(conditions=conditions))
    office.deploy(STAGING)
    office.look(STAGING)

    assert office.found()[-1].status is Status.WAITING
    [waiting] = admin.get("/api/promotions")
    assert "error" in [gate["verdict"] for gate in waiting["gates"]]
    [said] = admin.get(f"/api/apps/{STAGING}/explanation")["rules"]
    assert "cannot be obeyed" in str(said)
    [listed] = admin.get("/api/rules")
    assert "It promotes nothing" in str(listed["warnings"])
    doctor = [one for one in office.examine() if one.name == "conditions"]
    assert {(one.state, one.rule) for one in doctor} == {(State.BROKEN, "ship")}
    assert admin.get("/api/rules/ship/backtest?limit=5")
    assert admin.get(f"/api/apps/{STAGING}/diff?to={PROD}")
    plan = {"rules": [{"name": "ship", "from": STAGING, "to": [PROD]}]}
    assert admin.post("/api/rules/actions/plan", plan, status=200)["rules"][0]["action"] == "change"
    assert admin.patch("/api/rules/ship", {"mode": "off"})["mode"] == "off"
    admin.post("/api/rules/actions/apply", plan, status=200)
    version = office.deploy(STAGING)
    office.look(STAGING)
    assert (office.found()[-1].version, office.found()[-1].status) == (version, Status.SUCCEEDED)


# What follows `?` in a URL that a rule has asked may be a secret.

SECRET_URL = "https://www.example.com/healthz?token=hush"
CUT = "https://www.example.com/healthz?…"


def test_admins_alone_see_urls_whole(admin: Caller, approver: Caller, viewer: Caller) -> None:
    asked = {"checks": [SECRET_URL], "verify": [SECRET_URL, "https://www.example.com/"]}
    assert admin.post("/api/rules", RULE | asked)["checks"] == [SECRET_URL]
    assert admin.get("/api/rules/ship")["verify"] == asked["verify"]
    for other in (approver, viewer):
        seen = other.get("/api/rules/ship")
        assert seen == other.get("/api/rules")[0]
        assert (seen["checks"], seen["verify"]) == ([CUT], [CUT, "https://www.example.com/"])

    file = {"name": "ship", "from": STAGING, "to": [PROD], "checks": ["https://a.example/?b=c"]}
    whole = admin.post("/api/rules/actions/plan", {"rules": [file]}, status=200)
    seen = viewer.post("/api/rules/actions/plan", {"rules": [file]}, status=200)
    assert "token=hush" in str(whole)
    assert "hush" not in str(seen)
    assert {"field": "checks", "before": [CUT], "after": ["https://a.example/?…"]} in (
        seen["rules"][0]["changes"]
    )
    tried = viewer.post("/api/rules/ship/actions/try", {"checks": None}, status=200)
    assert "hush" not in str(tried)
    # What was cut is no URL, so nobody saves it by mistake.
    assert admin.refused("PATCH", "/api/rules/ship", {"checks": [CUT]})[0] == 422


def test_notices_are_tried_by_admins(admin: Caller, approver: Caller) -> None:
    admin.post("/api/rules", RULE)
    path = "/api/notices/actions/test"
    assert admin.post(path, {"rule": "ship"}, status=200) == []
    assert admin.post(path, {}, status=200) == []
    tried = admin.post(path, {"url": "json://127.0.0.1:9/"}, status=200)
    assert [(each["service"], each["told"]) for each in tried] == [("json://…", False)]
    assert "leads to a loopback address" in tried[0]["message"]
    assert admin.refused("POST", path, {"url": "json://x/", "rule": "ship"})[0] == 422
    assert admin.refused("POST", path, {"rule": "other"})[0] == 404
    assert approver.refused("POST", path, {"url": "json://127.0.0.1:9/"})[0] == 403
