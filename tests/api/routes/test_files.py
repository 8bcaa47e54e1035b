"""`/api/rules/actions/plan` and `/apply`: many rules at once, in the words of a file."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopromote import rulesfile
from autopromote.freezefile import as_sent, standing
from autopromote.resources import Rule
from autopromote.rulesfile import as_toml, said_of
from listener.api.rule_files import FileRule
from listener.core.gates.options import OPTIONS, parse
from tests.api.routes.caller import Caller
from tests.core.test_conditions import EVERYTHING
from tests.services.office import EU, PROD, STAGING, Office

PLAN, APPLY = "/api/rules/actions/plan", "/api/rules/actions/apply"
SHIP = {"name": "ship", "from": STAGING, "to": [PROD], "soak": "1h"}


def body(*rules: Any, **more: Any) -> Any:
    """A file of these rules."""
    return {"rules": list(rules), **more}


def test_a_file_is_planned_and_applied(admin: Caller, viewer: Caller) -> None:
    plan = viewer.post(PLAN, body(SHIP), status=200)
    (step,) = plan["rules"]
    assert (plan["applied"], plan["message"]) == (False, "1 to add.")
    assert (step["id"], step["name"], step["action"]) == (None, "ship", "add")
    assert (step["mode"], len(plan["warnings"])) == ("armed", 1)
    assert {"field": "soak", "before": None, "after": "1h"} in step["changes"]
    assert admin.get("/api/rules") == []

    done = admin.post(APPLY, body(SHIP, plan=plan["plan"]), status=200)
    assert (done["applied"], done["message"], done["plan"]) == (True, "1 added.", plan["plan"])
    assert admin.get("/api/rules/ship")["soak"] == "1h"
    again = admin.post(APPLY, body(SHIP), status=200)
    assert again["message"] == "Nothing to change."
    kept = {"id": "1", "name": "ship", "action": "keep", "mode": "armed"}
    assert again["rules"] == [{**kept, "changes": [], "cancelled": []}]
    assert again["warnings"] == []


def test_what_is_exported_is_applied_without_a_change(admin: Caller, office: Office) -> None:
    admin.post("/api/rules", {"name": "all of it", "source": STAGING, "targets": [PROD, EU]})
    admin.patch("/api/rules/all of it", EVERYTHING)
    admin.post("/api/rules", {"name": "bare", "source": STAGING, "targets": [PROD]})
    exported = as_toml({rule["name"]: said_of(rule) for rule in admin.get("/api/rules")})
    rules = [{"name": name, **told} for name, told in tomllib.loads(exported)["rules"].items()]
    office.calls()

    done = admin.post(APPLY, body(*rules, prune=True), status=200)
    assert done["message"] == "Nothing to change."
    assert office.calls() == []


def test_everything_that_is_wrong_is_told_rule_by_rule(admin: Caller) -> None:
    wrong = body(
        {"name": "ship", "form": STAGING, "to": [PROD], "sok": "1h", "soak": "soon"},
        {"from": STAGING, "to": [], "mode": "on"},
        {"name": "last", "from": STAGING, "to": ["nowhere"], "brake": "often"},
    )
    for path in (PLAN, APPLY):
        status, id_, message = admin.refused("POST", path, wrong)
        assert (status, id_) == (422, "invalid_params")
        assert message.split("\n") == [
            "ship: from is missing.",
            "ship: form is unknown; the nearest known is from.",
            "ship: sok is unknown; the nearest known is soak.",
            "ship: soak: 'soon' is no duration: write a number with s, m, h or d, like 30m.",
            "rule 2: name is missing.",
            "rule 2: to: it is empty.",
            "rule 2: mode: write 'armed', 'shadow' or 'off'.",
            "last: brake: 'often' is no brake: write a count and a time, like 2/24h.",
            "last: Heroku knows no app nowhere that the listener's account may see.",
        ]
    assert admin.get("/api/rules") == []


FAIR = {"apps": [PROD], "from": "2120-12-24 Asia/Tokyo", "until": "9d", "reason": "fair week"}


def test_freezes_are_planned_and_applied_and_exported(admin: Caller, office: Office) -> None:
    both = [FAIR, {"apps": "all", "until": "2121-01-01T00:00:00.123456Z", "reason": 'a "move"'}]
    plan = admin.post(PLAN, body(freezes=both), status=200)
    assert plan["message"] == "2 freezes to add."
    assert plan["freezes"][0] == {
        "id": None,
        "action": "add",
        "app": {"id": office.app(PROD).id, "name": PROD},
        "reason": "fair week",
        "from": "2120-12-23T15:00:00.000Z",
        "until": "2121-01-01T15:00:00.000Z",
        "too_late_for": [],
    }
    assert admin.get("/api/holds") == []

    done = admin.post(APPLY, body(freezes=both, plan=plan["plan"]), status=200)
    assert [(one["id"], one["app"] and one["app"]["name"]) for one in done["freezes"]] == [
        ("1", PROD),
        ("2", None),
    ]
    listed = admin.get("/api/holds")
    assert [(one["kind"], one["by"]) for one in listed] == [("freeze", "ana@example.com")] * 2
    exported = tomllib.loads(as_toml({}, standing(listed)))["freeze"]
    again = admin.post(APPLY, body(freezes=as_sent(exported), prune=True), status=200)
    assert again["message"] == "Nothing to change."
    assert {one["action"] for one in again["freezes"]} == {"keep"}


def test_everything_that_is_wrong_with_freezes_is_told_one_by_one(admin: Caller) -> None:
    wrong = [
        {"apps": PROD, "from": "tomorrow"},
        {"apps": [], "until": "2d", "reason": " "},
        {"app": [PROD], "from": "2h", "until": "3d", "reason": "fair"},
        {"from": "2120-10-27 Europe/Lundon", "until": "2120-02-30 Europe/London", "reason": "fair"},
        {"from": "2120-01-01T00:00Z", "until": "999d", "reason": "fair"},
        {"from": "2120-01-01T00:00Z", "until": "0d", "reason": "fair"},
        {"apps": ["nowhere"], "reason": "fair"},
    ]
    form = "a time is written like 2026-12-24 18:00 Europe/London, or 2026-12-24T18:00:00Z."
    zone = "is no time zone like Europe/London, or UTC. Did you mean Europe/London?"
    for path in (PLAN, APPLY):
        status, id_, message = admin.refused("POST", path, body(freezes=wrong))
        assert (status, id_) == (422, "invalid_params")
        assert message.split("\n") == [
            f'freeze 1: apps: write "all", or a list like ["{PROD}"].',
            "freeze 1: reason is missing.",
            f"freeze 1: from: {form}",
            "freeze 2: apps: it is empty.",
            "freeze 2: reason: it is empty.",
            "freeze 2: until: 2d counts from `from`, which is missing.",
            f"freeze 3: from: {form}",
            "freeze 3: app is unknown; the nearest known is apps.",
            f"freeze 4: from: 'Europe/Lundon' {zone}",
            "freeze 4: until: there is no 2120-02-30.",
            "freeze 5: until: 999d is longer than 366d.",
            "freeze 6: it would end before it begins: until must be later than from.",
            "freeze 7: Heroku knows no app nowhere that the listener's account may see.",
        ]
    assert admin.get("/api/holds") == []


def test_a_plan_that_moved_is_a_conflict(admin: Caller) -> None:
    assert admin.refused("POST", APPLY, body(SHIP, plan="another"))[:2] == (409, "plan_changed")
    assert admin.refused("POST", PLAN, {"rules": SHIP})[:2] == (422, "invalid_params")


TEXTS = st.sampled_from(('a "b"', "*\\d*", "/^x\x7f$/", "ü\t*", "#=[]", "line\nbreak"))
CONDITIONS = st.fixed_dictionaries({}, optional={n: st.just(v) for n, v in EVERYTHING.items()})


@given(st.text(min_size=1, max_size=9), CONDITIONS, st.lists(TEXTS, max_size=3))
def test_whatever_a_rule_asks_for_survives_its_file(
    app: str, said: dict[str, Any], authors: list[str]
) -> None:
    conditions = parse({**said, "authors": authors})
    rule: Rule = {
        "id": "1",
        "name": app,
        "mode": "shadow",
        "source": {"id": "a", "name": "example-app-staging"},
        "targets": [{"id": "b", "name": "example-app"}],
        **(dict.fromkeys(OPTIONS) | conditions.as_json()),  # type: ignore[typeddict-item]
    }
    written = tomllib.loads(as_toml({app: said_of(rule)}))["rules"]
    assert list(written) == [app]
    read = FileRule.model_validate({**written[app], "name": "ship"})
    assert parse(read.conditions) == conditions
    assert (read.source, read.targets, read.mode) == (
        "example-app-staging",
        ("example-app",),
        "shadow",
    )


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_the_command_line_exports_every_condition(name: str) -> None:
    assert name in rulesfile.CONDITIONS


def test_patterns_of_a_whole_file_are_counted_before_one_is_read(admin: Caller) -> None:
    heavy = [rf"/\pL{{{400 - number}}}/" for number in range(20)]
    rules = [{**SHIP, "name": f"ship-{number}", "authors": heavy} for number in range(21)]
    status, _, message = admin.refused("POST", PLAN, body(*rules))
    assert (status, message) == (422, "rules: a file has 400 patterns at most, and not 420.")
    many = {**SHIP, "authors": heavy, "descriptions": heavy}
    status, _, message = admin.refused("POST", PLAN, body(many))
    assert (status, "a rule has 20 patterns at most" in message) == (422, True)
    assert "too large" not in message


def test_apps_that_nobody_knows_are_counted_before_heroku_is_asked(
    admin: Caller, viewer: Caller, office: Office
) -> None:
    admin.post("/api/rules", {"name": "ship", "source": STAGING, "targets": [PROD]})
    office.calls()
    rules = [
        {"name": f"rule-{one}", "from": STAGING, "to": [f"app-{one}-{n}" for n in range(100)]}
        for one in range(50)
    ]
    status, _, message = viewer.refused("POST", PLAN, body(*rules))
    assert (status, "names 5,000 apps that no rule has yet; at most 50" in message) == (422, True)
    assert admin.refused("POST", APPLY, body(*rules))[0] == 422
    frozen = {"apps": [f"app-{n}" for n in range(51)], "reason": "fair"}
    assert "names 51 apps" in viewer.refused("POST", PLAN, body(freezes=[frozen]))[2]
    assert office.calls() == []


def test_a_long_name_is_not_said_again_with_every_fault(viewer: Caller) -> None:
    unknown = {f"word{number}": 1 for number in range(60)}
    refused = viewer.post(PLAN, body(SHIP | {"name": "n" * 60_000} | unknown), status=422)
    assert len(refused["message"]) < 10_000
    assert refused["message"].startswith("n" * 59 + "…: ")
    for name in (7, ["n"], {"n": 1}):
        refused = viewer.post(PLAN, body(SHIP | {"name": name}), status=422)
        assert refused["message"].startswith("rule 1: ")
