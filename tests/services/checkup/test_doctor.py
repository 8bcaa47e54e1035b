"""The doctor examines an office: one thing after the other is broken, and each is told."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from listener.core.finding import Finding, State, Unread, is_sound
from listener.core.promotion import Status
from listener.core.rule import Mode
from listener.crypto import Keys
from listener.db.engine import open_database
from listener.errors import Busy
from listener.heroku import Refused
from listener.services.doctor import Doctor
from listener.services.heroku_calls import BEGIN_WITHIN_SECONDS, HerokuCall, gather
from listener.services.holds import NewHold
from listener.services.rule_definition import RuleChange
from listener.services.status import ReachabilityCheck, Readiness
from tests.services.office import ANA, EU, PROD, PUBLIC_URL, ROBOT, STAGING, Office
from tests.services.shipped import set_shipment

OK, WARNING, BROKEN, UNKNOWN = State.OK, State.WARNING, State.BROKEN, State.UNKNOWN


@pytest.fixture
def ward(office: Office) -> Office:
    """An office in which everything is well."""
    office.subscriptions.add(STAGING, by=ANA, reached_at="")
    office.add_rule()
    return office


def told(findings: list[Finding]) -> list[tuple[str, State, str]]:
    """What is not well: name, state and cure."""
    return [(each.name, each.state, each.mend) for each in findings if each.state is not OK]


def test_all_is_well(ward: Office) -> None:
    findings = ward.examine(asked_by="autopromote/0.1.0")
    assert told(findings) == []
    assert is_sound(findings)
    assert [each.name for each in findings] == [
        "version",
        "public_url",
        "database",
        "keys",
        "runners",
        "token",
        "scopes",
        "expiry",
        "rules",
        "access",
        "access",
        "webhook",
        "deliveries",
        "container",
        "generation",
        "stack",
        "buildpacks",
        "config_vars",
        "requests",
        "hold",
    ]
    assert {each.rule for each in findings if each.name == "stack"} == {"ship"}


def test_a_fresh_installation_is_told_what_to_do_next(office: Office) -> None:
    findings = office.examine()
    assert told(findings) == [
        ("rules", WARNING, "autopromote rules:add NAME --from APP --to APP --mode shadow")
    ]
    assert ("GET", "/apps") not in office.calls()


def test_a_rule_that_is_off_has_no_apps_to_look_at(office: Office) -> None:
    office.add_rule(mode=Mode.OFF)
    assert [each.name for each in office.examine() if each.name in ("access", "stack")] == []


def test_each_call_is_made_once_and_apps_are_listed(ward: Office) -> None:
    ward.add_rule("eu", targets=(EU,))
    ward.calls()
    ward.examine()
    calls = Counter(ward.calls())
    assert set(calls.values()) == {1}
    ids = {name: ward.app(name).id for name in (STAGING, PROD, EU)}
    each = [f"/apps/{id}/{what}" for id in ids.values() for what in BELONGINGS]
    hooks = [f"/apps/{ids[STAGING]}/{what}" for what in ("webhooks", "webhook-deliveries")]
    assert sorted(path for _, path in calls) == sorted(
        ["/account", "/oauth/authorizations", "/apps", "/users/~/capabilities", *each, *hooks]
    )
    # One question is a PUT at Heroku, and changes nothing.
    assert {call for call in calls if call[0] != "GET"} == {("PUT", "/users/~/capabilities")}


BELONGINGS = ("buildpack-installations", "config-vars")
MEND_WEBHOOK = f"autopromote webhooks:add -a {STAGING}"


def removed(office: Office) -> None:
    [webhook] = office.webhooks()
    office.heroku("DELETE", f"/apps/{STAGING}/webhooks/{webhook['id']}")


def level_changed(office: Office) -> None:
    [webhook] = office.webhooks()
    office.heroku("PATCH", f"/apps/{STAGING}/webhooks/{webhook['id']}", {"level": "notify"})


def another_listens(office: Office) -> None:
    body = {
        "include": ["api:release"],
        "level": "sync",
        "url": "https://old.example.com/webhooks/heroku",
    }
    office.heroku("POST", f"/apps/{STAGING}/webhooks", body)


def no_longer_a_collaborator(office: Office) -> None:
    office.control(f"apps/{PROD}", {"owner": ANA, "collaborators": [ANA]}, "PATCH")


def deleted(office: Office) -> None:
    office.control(f"apps/{PROD}", method="DELETE")


def protected(office: Office) -> None:
    office.control(f"apps/{PROD}", {"protected": True}, "PATCH")


def refused(office: Office) -> None:
    """Reading was well all the while, and the release was refused."""
    said = {"id": "forbidden", "message": "You may not deploy."}
    office.break_heroku("/apps/[^/]+/releases", 403, "POST", body=said, times=1)
    office.deploy(STAGING)
    office.look(STAGING)
    office.work_until(Status.FAILED)


def held(office: Office) -> None:
    office.holds.put(NewHold(app=PROD, reason="launch day"), by=ANA)


def config_var_missing(office: Office) -> None:
    office.control(f"apps/{STAGING}/config", {"STRIPE_KEY": "tr0ub4dor"})


def other_stack(office: Office) -> None:
    office.control(f"apps/{STAGING}", {"stack": "heroku-26"}, "PATCH")
    office.deploy(STAGING)


def few_requests(office: Office) -> None:
    office.control("rate-limits", {"email": ROBOT, "remaining": 100})


@pytest.mark.parametrize(
    ("break_it", "name", "state", "mend"),
    [
        (removed, "webhook", BROKEN, MEND_WEBHOOK),
        (level_changed, "webhook", BROKEN, MEND_WEBHOOK),
        (no_longer_a_collaborator, "access", BROKEN, f"heroku access:add {ROBOT} -a {PROD}"),
        (deleted, "access", BROKEN, "autopromote rules:update ship --to APP"),
        (protected, "second_factor", BROKEN, f"heroku pipelines:promote -a SOURCE --to {PROD}"),
        (
            refused,
            "access",
            BROKEN,
            f"heroku access:update {ROBOT} -a {PROD} --permissions deploy,view",
        ),
        (held, "hold", WARNING, f"autopromote holds:release -a {PROD}"),
        (
            config_var_missing,
            "config_vars",
            WARNING,
            f"heroku config:set STRIPE_KEY=… -a {PROD}",
        ),
        (other_stack, "stack", BROKEN, f"heroku stack:set heroku-26 -a {PROD}"),
        (
            few_requests,
            "requests",
            WARNING,
            "heroku authorizations",
        ),
    ],
)
def test_one_thing_is_broken_and_told(
    ward: Office, break_it: Callable[[Office], None], name: str, state: State, mend: str
) -> None:
    break_it(ward)
    findings = ward.examine()
    assert told(findings) == [(name, state, mend)]
    assert is_sound(findings) is (state is not BROKEN)
    assert "tr0ub4dor" not in repr(findings)
    assert all(each.why for each in findings if each.state is not OK)


def test_another_installation_is_named_with_how_to_remove_its_webhook(ward: Office) -> None:
    another_listens(ward)
    [found] = [each for each in ward.examine() if each.state is not OK]
    id = next(hook["id"] for hook in ward.webhooks() if "old.example.com" in hook["url"])
    assert (found.name, found.mend) == (
        "other_webhook",
        f"heroku webhooks:remove {id} -a {STAGING}",
    )


def test_a_token_that_was_revoked_ends_the_questions(ward: Office) -> None:
    [token] = ward.heroku("GET", "/oauth/authorizations")
    ward.heroku("DELETE", f"/oauth/authorizations/{token['id']}")
    ward.calls()
    findings = ward.examine()
    assert [(name, state) for name, state, _ in told(findings)] == [
        ("token", BROKEN),
        ("heroku", UNKNOWN),
    ]
    assert "heroku authorizations:create" in told(findings)[0][2]
    assert ward.calls() == [("GET", "/account")]


def test_a_source_that_heroku_does_not_tell_of(office: Office) -> None:
    office.add_rule()
    assert told(office.examine()) == [("webhook", WARNING, MEND_WEBHOOK)]


def test_a_listener_that_moved(ward: Office) -> None:
    findings = ward.examine(public_url="https://new.example.com")
    [found] = [each for each in findings if each.state is not OK]
    assert (found.name, found.state) == ("webhook", BROKEN)
    assert f"It points to {PUBLIC_URL}" in found.message


def test_an_app_that_the_settings_do_not_name(open_office: Callable[..., Office]) -> None:
    open_office().make_app(STAGING)
    office = open_office(allowed_apps=(STAGING, PROD))
    office.make_app(PROD)
    office.add_rule()
    strict = open_office(allowed_apps=("shop-*", STAGING))
    assert [each for each in told(strict.examine()) if each[0] == "access"] == [
        (
            "access",
            BROKEN,
            f"heroku config:set -a LISTENER 'AUTOPROMOTE_APPS=shop-*,{STAGING},{PROD}'",
        )
    ]


def test_a_secret_that_no_key_opens(ward: Office) -> None:
    findings = ward.examine(keys=Keys(["n" * 32]))
    assert told(findings) == [
        ("keys", BROKEN, f"autopromote webhooks:rotate --now -a {STAGING}"),
    ]


def test_deliveries_that_nobody_took(ward: Office) -> None:
    level_changed(ward)  # so that each is tried only once
    ward.refuse_deliveries(503)
    ward.deploy(STAGING)
    ward.letters()
    assert told(ward.examine()) == [
        ("webhook", BROKEN, MEND_WEBHOOK),
        ("deliveries", BROKEN, f"heroku webhooks:deliveries -a {STAGING}"),
    ]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/oauth/authorizations", {"expiry"}),
        ("/apps/[^/]+/webhooks", {"webhook"}),
        ("/apps/[^/]+/webhook-deliveries", {"deliveries"}),
        ("/apps/[^/]+/config-vars", {"config_vars"}),
        ("/apps/[^/]+/buildpack-installations", {"buildpacks"}),
        ("/apps", set()),  # then each app is asked for by itself
        ("/apps(/[^/]+)?", {"access"}),
        ("/account", {"token"}),
    ],
)
@pytest.mark.parametrize("status", [403, 500])
def test_what_heroku_does_not_answer_is_unknown(
    ward: Office, path: str, names: set[str], status: int
) -> None:
    if names == {"access"}:
        status = 500  # a definite no of an app is one
    ward.break_heroku(path, status)
    findings = ward.examine()
    assert {(name, state) for name, state, _ in told(findings)} == {
        (name, UNKNOWN) for name in names
    }
    assert is_sound(findings)


def test_without_a_database_the_rest_is_examined(ward: Office) -> None:
    away = open_database("postgres://ana:pw@127.0.0.1:9/acme")
    findings = ward.examine(database=away)
    assert [(name, state) for name, state, _ in told(findings)] == [
        ("database", BROKEN),
        ("keys", UNKNOWN),
        ("runners", UNKNOWN),
    ]
    assert {"public_url", "token", "scopes"} <= {each.name for each in findings}


class Meeting(httpx.BaseTransport):
    """Tells that somebody came, and lets nobody go before that is allowed."""

    def __init__(self) -> None:
        self.came, self.may_go = threading.Event(), threading.Event()

    def handle_request(self, _: httpx.Request) -> httpx.Response:
        """Wait."""
        self.came.set()
        assert self.may_go.wait(60)
        return httpx.Response(200)


def test_one_examination_goes_on_at_a_time(office: Office) -> None:
    meeting = Meeting()
    mirror = ReachabilityCheck(office.keys.mark, transport=meeting)
    readiness = Readiness(office.database, office.keys)
    doctor = Doctor(replace(office.context, public_url=PUBLIC_URL), readiness, mirror)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(doctor.examine, asked_by="")
        assert meeting.came.wait(60)
        with pytest.raises(Busy, match="Try again in a moment"):
            doctor.examine(asked_by="")
        meeting.may_go.set()
        assert first.result()
    assert doctor.examine(asked_by="")


# Asking several things at once.


def fails() -> str:
    raise Refused("No.", status=403, id="forbidden")


def test_what_fails_spoils_nothing_else() -> None:
    found = gather(HerokuCall(""), {"a": lambda: "yes", "b": fails})
    assert found["a"] == "yes"
    assert isinstance(found["b"], Unread)
    assert (found["b"].status, found["b"].message) == (
        403,
        (
            "Heroku refused (403 forbidden): No. Give the listener's Heroku user access to the app:"
            " `heroku access:add`."
        ),
    )


def test_nothing_is_begun_when_time_is_up() -> None:
    late = HerokuCall("", began_at=time.monotonic() - BEGIN_WITHIN_SECONDS - 1)
    assert gather(late, {"a": lambda: "yes"}) == {
        "a": Unread("Heroku takes too long to answer."),
    }


def test_things_are_asked_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=60)
    found = gather(HerokuCall(""), {"a": meeting.wait, "b": meeting.wait})
    assert set(found.values()) == {0, 1}


def test_a_list_that_cannot_be_believed_is_told_and_after_a_day_broken(ward: Office) -> None:
    def lies_behind(since: str) -> None:
        with ward.database.begin() as conn:
            told = f"behind = 'shows nothing newer than v1, and showed v3', behind_since = {since}"
            conn.exec_driver_sql(f"UPDATE app SET {told} WHERE name = '{PROD}'")  # noqa: S608

    lies_behind("now() - interval '9 minutes'")
    assert told(ward.examine(asked_by="")) == []
    lies_behind("now() - interval '11 minutes'")
    assert told(ward.examine(asked_by="")) == [("releases", WARNING, "")]
    lies_behind("now() - interval '25 hours'")
    ((name, state, mend),) = told(ward.examine(asked_by=""))
    assert (name, state) == ("releases", BROKEN)
    assert f"autopromote holds:release -a {PROD}" in mend


def test_a_second_rule_that_leads_the_same_way_is_a_loophole(office: Office) -> None:
    office.add_rule("ship", conditions={"approvals": 1})
    office.add_rule("eu", targets=(EU,))
    assert [each.state for each in office.examine() if each.name == "rules"] == [State.OK]
    office.add_rule("fast", targets=(PROD, EU))
    found = [each for each in office.examine() if each.name == "rules"]
    assert [(each.state, each.rule) for each in found[1:]] == [
        (State.WARNING, "fast"),
        (State.WARNING, "fast"),
    ]
    assert found[1].message == (
        "Rules ship and fast both promote acme-staging to acme-prod: a release goes as soon as one"
        " of them lets it, whatever the other asks."
    )
    assert found[1].mend == "autopromote rules:update fast --mode off"
    office.rules.update("fast", RuleChange(mode=Mode.SHADOW), by=ANA)
    assert len([each for each in office.examine() if each.name == "rules"]) == 1


def test_where_heroku_does_not_tell_of_capabilities_nothing_is_said(ward: Office) -> None:
    protected(ward)
    ward.break_heroku("/users/~/capabilities", 404, "PUT")
    assert told(ward.examine()) == []


def test_an_app_that_took_our_release_says_so(ward: Office) -> None:
    ward.deploy(STAGING)
    ward.look(STAGING)
    ward.work_until(Status.SUCCEEDED)
    messages = [each.message for each in ward.examine() if each.name == "access"]
    assert messages == [
        f"{ROBOT} can read {STAGING}.",
        f"{ROBOT} can read {PROD}, and its last release there was accepted.",
    ]


def commits(office: Office) -> list[tuple[State, str, str]]:
    """What is found of the commits that ship."""
    found = [each for each in office.examine() if each.name == "commits"]
    assert {each.rule for each in found} <= {"ship"}
    return [(each.state, each.message, each.mend) for each in found]


def test_a_condition_on_commits_that_nobody_tells_is_found(ward: Office) -> None:
    assert commits(ward) == []
    conditions = {"not_commit_messages": ["*wip*"], "commit_authors": ["bo"]}
    ward.rules.update("ship", RuleChange(conditions=conditions), by=ANA)
    assert commits(ward) == [], "nobody was asked yet"
    ward.deploy(STAGING)
    ward.look(STAGING)
    set_shipment(ward.database, ward.found()[-1].id, untold="nobody")
    told = "commits: what ships was told for 0 of 1 promotions of acme-staging"
    held = "this rule would hold back everything until a person approves each."
    mend = "autopromote rules:update ship --not-commit-message none --commit-author none"
    assert commits(ward) == [(WARNING, f"{told}: {held}", mend)]


def test_commits_that_somebody_tells_are_well(ward: Office) -> None:
    ward.rules.update("ship", RuleChange(conditions={"commit_messages": ["*"]}), by=ANA)
    ward.deploy(STAGING)
    ward.look(STAGING)
    same = {"base": "a" * 40, "head": "a" * 40}
    set_shipment(ward.database, ward.found()[-1].id, **same)
    told = "commits: what ships was told for 1 of 1 promotions of acme-staging."
    assert commits(ward) == [(OK, told, "")]
