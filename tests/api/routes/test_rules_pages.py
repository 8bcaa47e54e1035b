"""`/rules` and `/rules/ID`: whom they show which rules, and what of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from listener.core.rule import Mode
from listener.db import holds, tables
from listener.roles import Role
from listener.services.holds import NewHold
from listener.services.rule_definition import RuleChange
from listener.services.rules import REASON_NOT_KEPT
from tests.api.routes.caller import Caller
from tests.api.routes.teams import Town
from tests.core.test_conditions import EVERYTHING
from tests.services.office import ANA, EU, PROD, STAGING, Office

EVIL = "<script>alert(1)</script>"
OFFICE = "Mon-Fri 09:00-16:30 Europe/London"
SECRET = "https://www.example.com/healthz?key=hunter2"


def enter(client: FlaskClient, caller: Caller, back: str = "/rules") -> FlaskClient:
    """A browser in which this person is logged in."""
    browser = client.application.test_client()
    code = caller.post("/api/login-codes")["code"]
    browser.post("/login", data={"code": code, "back": back})
    return browser


def told(html: str) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub(r"</?bdi>", "", html)).split())


@pytest.fixture
def browser(client: FlaskClient, viewer: Caller) -> FlaskClient:
    """A viewer's browser."""
    return enter(client, viewer)


def test_nothing_is_told_before_the_login(client: FlaskClient, office: Office) -> None:
    rule = office.add_rule(name="ship")

    for path in ("/rules", f"/rules/{rule.row.id}", f"/rules/{rule.row.id}?backtest=1"):
        page = client.get(path)
        assert page.status_code == 200
        assert STAGING not in page.text
        assert f'name="back" value="{path.partition("?")[0]}"' in page.text


def test_the_list_says_each_rule_as_a_sentence(browser: FlaskClient, office: Office) -> None:
    office.add_rule(name="ship", conditions={"soak": "1h", "windows": [OFFICE], "approvals": 1})
    office.add_rule(name=EVIL.replace("/", ""), targets=(EU,), mode=Mode.OFF)

    page = browser.get("/rules")

    text = told(page.text)
    assert f"{STAGING} → {PROD}: after 1h, {OFFICE}, 1 approval" in text
    assert f"{STAGING} → {EU}: at once" in text
    assert "none: it is off" in text
    assert "<script>alert" not in page.text


def test_an_empty_list_says_how_to_begin(browser: FlaskClient, office: Office) -> None:
    assert "No rules yet" in browser.get("/rules").text
    assert "autopromote init" in browser.get("/rules").text

    office.add_rule(name="ship")
    assert "No rule that you may see" in browser.get("/rules?app=nothing").text


def test_the_list_is_of_one_app_if_wished(browser: FlaskClient, office: Office) -> None:
    office.add_rule(name="ship")
    office.add_rule(name="europe", targets=(EU,))

    page = told(browser.get(f"/rules?app={EU}").text)

    assert "europe" in page
    assert "ship" not in page


def test_the_list_tells_the_last_promotion_and_what_was_left_out_is_none(
    browser: FlaskClient, office: Office
) -> None:
    office.add_rule(name="ship")
    office.deploy(STAGING)
    office.look(STAGING)
    office.work()
    (row,) = office.found()

    page = browser.get("/rules").text

    assert f'<a href="/promotions/{row.id}">v{row.version}</a>' in page
    assert "succeeded" in page


def test_a_hold_stands_in_the_list(browser: FlaskClient, office: Office) -> None:
    office.add_rule(name="ship")
    office.holds.put(NewHold(app=PROD, reason="stocktaking"), by=ANA)

    assert "hold until it is released" in told(browser.get("/rules").text)


def test_a_rule_without_conditions_goes_at_any_time(browser: FlaskClient, office: Office) -> None:
    rule = office.add_rule(name="ship")

    text = told(browser.get(f"/rules/{rule.row.id}").text)

    assert "A new deploy goes: at once" in text
    assert "The rule asks for nothing else" in text
    assert "Two weeks: open now" in text
    assert "At any time: no window" in text
    assert "autopromote rules:update ship --soak 2h --dry-run" in text


def test_every_option_stands_there_as_it_is_typed(browser: FlaskClient, office: Office) -> None:
    rule = office.add_rule(name="ship", conditions={**EVERYTHING, "repo": None})

    page = browser.get(f"/rules/{rule.row.id}")

    text = told(page.text)
    for said in (
        "--soak 30m",
        "--window &#39;Mon-Fri 09:00-16:30 Europe/London&#39;",
        "--closed &#39;24 Dec UTC&#39;",
        "--no-self-approval",
        "--parity stack,config-names",
        "After 2 that went wrong within 1d it waits for a person, or until that is over.",
        "the target is rolled back and goes on hold",
        "One person approves it within 2h, for each target.",
        "Whoever made the release does not count as approving it.",
    ):
        assert said in text
    assert page.text.count('<rect class="day"') >= 14


def test_what_cannot_be_read_is_never_open(browser: FlaskClient, office: Office) -> None:
    rule = office.add_rule(name="ship")
    with office.database.begin() as conn:
        stored = {"windows": ["Mon 09:00-25:00 UTC"]}
        conn.execute(update(tables.rule).values(conditions=stored))

    text = told(browser.get(f"/rules/{rule.row.id}").text)

    assert "Two weeks: nothing goes: a condition cannot be read" in text
    assert "At any time" not in text
    assert "open now" not in text
    assert "unreadable" in told(browser.get("/rules").text)


def test_a_name_is_typed_as_a_shell_reads_it(browser: FlaskClient, office: Office) -> None:
    rule = office.add_rule(name="ship; it <b>")

    page = browser.get(f"/rules/{rule.row.id}").text

    assert "autopromote rules:export &#39;ship; it &lt;b&gt;&#39;" in page
    assert "<b>" not in page.replace('<p class="route"><b>', "")


def test_what_is_off_or_in_shadow_says_so(browser: FlaskClient, office: Office) -> None:
    off = office.add_rule(name="off", mode=Mode.OFF, conditions={"windows": [OFFICE]})
    shadow = office.add_rule(name="shadow", mode=Mode.SHADOW, targets=(EU,))

    assert "The rule is off: nothing goes." in browser.get(f"/rules/{off.row.id}").text
    assert "In shadow it decides and records" in browser.get(f"/rules/{shadow.row.id}").text


def test_the_way_by_name_leads_to_its_page(browser: FlaskClient, office: Office) -> None:
    rule = office.add_rule(name="ship")

    answer = browser.get("/rules/ship")

    assert (answer.status_code, answer.headers["Location"]) == (303, f"/rules/{rule.row.id}")


@pytest.mark.parametrize("path", ["/rules/99999", "/rules/none", "/rules/0", "/rules/" + "9" * 30])
def test_a_rule_that_is_not_there_is_said(browser: FlaskClient, path: str) -> None:
    assert browser.get(path).status_code == 404


@pytest.mark.parametrize("app", ["%00", "x" * 2000, "%ff", "%E2%80%AE"])
def test_an_app_that_nobody_has_is_no_fault(browser: FlaskClient, office: Office, app: str) -> None:
    office.add_rule(name="ship")

    page = browser.get(f"/rules?app={app}")

    assert page.status_code in {200, 422}
    assert STAGING not in page.text


def test_a_removed_rule_is_gone(browser: FlaskClient, office: Office) -> None:
    rule = office.add_rule(name="ship")
    office.rules.remove("ship", by=ANA)

    assert browser.get(f"/rules/{rule.row.id}").status_code == 404


def test_revisions_tell_who_changed_what(browser: FlaskClient, office: Office) -> None:
    rule = office.add_rule(name="ship", conditions={"brake": "2/24h", "not_authors": ["bot"]})
    office.rules.update(
        "ship", RuleChange(conditions={"brake": "3/24h", "not_authors": None}), by=ANA
    )
    office.rules.update("ship", RuleChange(targets=(PROD, EU), mode=Mode.SHADOW), by=ANA)

    page = browser.get(f"/rules/{rule.row.id}").text

    for change in ("brake 2/1d → 3/1d", "not-author - bot", f"to + {EU}", "mode armed → shadow"):
        assert f"<code><bdi>{change}</bdi></code>" in page
    assert page.index("mode armed → shadow") < page.index("brake 2/1d → 3/1d")
    assert told(page).count(ANA) >= 3


def test_revisions_tell_why(browser: FlaskClient, admin: Caller, office: Office) -> None:
    wish = {"name": "ship", "source": STAGING, "targets": [PROD], "reason": f"why {EVIL}"}
    rule = admin.post("/api/rules", wish)
    admin.patch("/api/rules/ship", {"soak": "1h", "reason": "too quick"})
    same = admin.patch("/api/rules/ship", {"soak": "1h", "reason": "nothing changes"})
    file = {
        "rules": [{"name": "ship", "from": STAGING, "to": [PROD]}],
        "reason": "the file says so",
    }
    admin.post("/api/rules/actions/apply", file, status=200)

    page = browser.get(f"/rules/{rule['id']}").text

    for reason in (
        "“<bdi>why &lt;script&gt;",
        "“<bdi>too quick</bdi>”",
        "“<bdi>the file says so</bdi>”",
    ):
        assert reason in page
    assert "nothing changes" not in page
    assert REASON_NOT_KEPT in same["warnings"]
    assert REASON_NOT_KEPT not in admin.get("/api/rules/ship")["warnings"]
    assert "<bdi>reason" not in page
    entries = admin.get("/api/audit-entries?subject=ship")
    reasons = [each["after"].get("reason") for each in entries if each["action"] != "rule.removed"]
    assert reasons == ["the file says so", "too quick", f"why {EVIL}"]


def test_urls_keep_their_secrets_from_whoever_is_no_admin(
    client: FlaskClient, admin: Caller, viewer: Caller, office: Office
) -> None:
    rule = office.add_rule(name="ship", conditions={"verify": [SECRET], "checks": [SECRET]})
    office.rules.update("ship", RuleChange(conditions={"checks": None}), by=ANA)
    path = f"/rules/{rule.row.id}"

    seen, whole = enter(client, viewer).get(path).text, enter(client, admin).get(path).text

    assert "hunter2" not in seen
    assert "https://www.example.com/healthz?…" in seen
    assert whole.count("hunter2") >= 2  # of the rule, and of its first revision


def test_a_freeze_to_come_stands_in_the_calendar(browser: FlaskClient, office: Office) -> None:
    rule = office.add_rule(name="ship", targets=(PROD, EU), conditions={"windows": [OFFICE]})
    now = datetime.now(UTC)
    with office.database.begin() as conn:
        holds.put(
            conn,
            office.app(EU).id,
            reason=EVIL,
            by=ANA,
            kind="freeze",
            starts_at=now + timedelta(days=2),
            ends_at=now + timedelta(days=4),
        )

    page = browser.get(f"/rules/{rule.row.id}").text

    assert f"<summary>{EU}: " in page
    assert page.count('class="held"') > 2  # beside the key
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;</bdi>, by ana@example.com, from " in page


def test_the_past_is_played_only_when_it_is_asked_for(browser: FlaskClient, office: Office) -> None:
    rule = office.add_rule(name="ship", conditions={"approvals": 1})
    office.deploy(STAGING)
    path = f"/rules/{rule.row.id}"
    office.calls()

    plain = browser.get(path)
    asked = office.calls()
    played = browser.get(f"{path}?backtest=1")

    assert asked == []
    assert office.calls() != []
    assert "Would be" not in plain.text
    assert "promoted" in told(played.text)
    assert "asks approvals" in told(played.text)
    assert browser.get(f"{path}?backtest=perhaps").status_code == 422


def test_a_freeze_of_several_targets_is_shown_once(browser: FlaskClient, office: Office) -> None:
    rule = office.add_rule(name="ship", targets=(PROD, EU))
    ends_at = datetime.now(UTC) + timedelta(days=1)
    with office.database.begin() as conn:
        for app in (PROD, EU):
            app_id = office.app(app).id
            holds.put(conn, app_id, reason="fair", by=ANA, kind="freeze", ends_at=ends_at)

    page = browser.get(f"/rules/{rule.row.id}").text

    assert "<summary>" not in page.partition("Two weeks")[2]
    assert told(page).count("fair, by") == 1


def test_of_another_team_nothing_is_seen(town: Town) -> None:
    browser = enter(town.client, town.of(Role.VIEWER))

    page = browser.get("/rules").text

    assert town.pay.name in page
    assert town.shop.name not in page
    assert browser.get(f"/rules/{town.pay.rule_id}").status_code == 200
    for path in (town.shop.rule_id, town.shop.name):
        assert browser.get(f"/rules/{path}").status_code == 404
    assert town.shop.name not in browser.get(f"/rules?app={town.shop.name}-prod").text.replace(
        f"{town.shop.name}-prod", ""
    )


def test_a_past_target_of_another_team_has_no_name(town: Town) -> None:
    own, other = town.pay, town.shop
    town.office.rules.update(
        own.name, RuleChange(targets=(f"{own.name}-prod", f"{other.name}-eu")), by=ANA
    )
    town.office.rules.update(own.name, RuleChange(targets=(f"{own.name}-prod",)), by=ANA)

    page = enter(town.client, town.of(Role.VIEWER)).get(f"/rules/{own.rule_id}").text

    assert "to + an app that you may not see" in page
    assert other.name not in page
