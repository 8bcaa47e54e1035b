"""Every judgement of the doctor: values in, a state, a sentence and its cure out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from listener import heroku
from listener.core.app import App
from listener.core.finding import State, Unread
from listener.db.access_tokens import Kind, TokenRow
from listener.db.holds import HoldRow
from listener.db.subscriptions import SubscriptionRow
from listener.heroku import Account, Authorization, Delivery, Webhook
from listener.services import doctor_account, doctor_apps
from listener.services.status import ReadinessErrors
from tests.core.releases import NOON

STAGING = App("s", "acme-staging", "heroku-24")
ROBOT = "robot@example.com"
HOOK = "https://autopromote.example.com/webhooks/heroku"
UNREAD = Unread("Heroku takes too long to answer.")
OURS = Webhook("hook-1", "s", "acme-staging", HOOK, "sync", ("api:release",))
ROW = SubscriptionRow(
    id=1,
    app_id="s",
    heroku_id="hook-1",
    url=HOOK,
    level="sync",
    is_healthy=None,
    health=None,
    last_delivery_at=None,
    created_by=ROBOT,
    created_at=NOON,
    updated_at=NOON,
    removed_at=None,
    secrets=(),
)
HOLD = HoldRow(
    id=7,
    app_id="s",
    kind="person",
    reason="launch day",
    by="ana@example.com",
    starts_at=None,
    ends_at=None,
    created_at=NOON,
    released_at=None,
    released_by=None,
)


@pytest.mark.parametrize(
    ("asked_by", "own", "state", "mend"),
    [
        ("autopromote/0.1.0", "0.1.0", State.OK, ""),
        ("autopromote/0.1.9", "0.1.0", State.OK, ""),
        ("autopromote/0.1.0", "0.2.0", State.WARNING, "pipx install --force ."),
        ("autopromote/0.10.0", "0.9.0", State.WARNING, "git push heroku main"),
        ("autopromote/1.0.0", "1.7.0", State.OK, ""),
        ("autopromote/2.0.0", "1.7.0", State.WARNING, "git push heroku main"),
        ("autopromote/0.9.0", "1.0.0", State.WARNING, "pipx install --force ."),
        ("autopromote/0+source", "0.1.0", State.OK, ""),
        ("curl/8.0", "0.1.0", State.OK, ""),
        ("", "0.1.0", State.OK, ""),
    ],
)
def test_versions_that_go_together(asked_by: str, own: str, state: State, mend: str) -> None:
    finding = doctor_account.version(asked_by, own)
    assert (finding.state, finding.mend) == (state, mend)
    assert f"The listener is of version {own}" in finding.message


@pytest.mark.parametrize(
    ("faults", "database", "keys"),
    [
        (ReadinessErrors(), State.OK, State.OK),
        (ReadinessErrors(database="The database cannot be reached."), State.BROKEN, State.UNKNOWN),
        (ReadinessErrors(keys="It cannot be opened.", apps=("a", "b")), State.OK, State.BROKEN),
    ],
)
def test_database_and_keys(faults: ReadinessErrors, database: State, keys: State) -> None:
    assert doctor_account.database(faults).state is database
    assert doctor_account.keys(faults).state is keys


def test_a_lost_secret_names_its_apps_and_what_to_do() -> None:
    finding = doctor_account.keys(ReadinessErrors(keys="…", apps=("a", "b")))
    assert finding.message == "SECRET_KEY does not open the webhook secret of a, b."
    assert finding.mend == "autopromote webhooks:rotate --now -a a"


@pytest.mark.parametrize(
    ("found", "state", "message"),
    [
        (Account("1", ROBOT), State.OK, f"The listener acts as {ROBOT}."),
        (Unread("No.", "", 401), State.BROKEN, "Heroku does not accept the listener's"),
        (Unread("No.", "", 403), State.UNKNOWN, "No."),
        (UNREAD, State.UNKNOWN, UNREAD.message),
    ],
)
def test_the_token(found: Account | Unread, state: State, message: str) -> None:
    finding = doctor_account.token(found)
    assert finding.state is state
    assert finding.message.startswith(message)
    assert ("authorizations:create" in finding.mend) is (state is State.BROKEN)


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (("global",), State.OK),
        (("read-protected", "write-protected"), State.OK),
        (("write",), State.WARNING),
        (("read", "read-protected"), State.BROKEN),
        (("identity",), State.BROKEN),
        (None, State.UNKNOWN),
    ],
)
def test_what_the_token_may_do(told: tuple[str, ...] | None, state: State) -> None:
    finding = doctor_account.scopes(told)
    assert finding.state is state
    if told is not None:
        assert ", ".join(told) in finding.message
        assert finding.facts == {"scopes": list(told)}


@pytest.mark.parametrize(
    ("left", "message"),
    [
        (timedelta(days=14, seconds=1), None),
        (timedelta(days=14), "The token ci ends in 14 days."),
        (timedelta(hours=5), "The token ci ends in 5 hours."),
    ],
)
def test_a_machine_s_token_that_ends_soon_is_told_of(left: timedelta, message: str | None) -> None:
    found = doctor_account.machines([ending(NOON + left)], NOON)
    assert [each.message for each in found] == ([] if message is None else [message])
    for each in found:
        assert each.state is State.WARNING
        assert each.mend == "autopromote tokens:create NAME --role promoter --apps 'pay-*+shop-*'"


def ending(expires_at: datetime) -> TokenRow:
    """A machine's token that ends then."""
    return TokenRow(
        id="1",
        kind=Kind.MACHINE,
        email=ROBOT,
        name="ci",
        role="promoter",
        apps=["pay-*", "shop-*"],
        made_from=None,
        created_at=NOON,
        last_used_at=None,
        expires_at=expires_at,
        revoked_at=None,
        revoked_by=None,
    )


FOR_EVER = Authorization("a", ("global",), None)


@pytest.mark.parametrize(
    ("found", "state", "message"),
    [
        ([FOR_EVER, FOR_EVER], State.OK, "No token of the account ends by itself."),
        ([], State.OK, "No token of the account ends by itself."),
        (
            [Authorization("b", ("global",), 3 * 86400)],
            State.WARNING,
            "The listener's token ends in 3 days.",
        ),
        (
            [FOR_EVER, Authorization("b", ("global",), 7200)],
            State.UNKNOWN,
            (
                "Of 2 tokens of the account 1 end by themselves, the first in 2 hours;"
                " Heroku does not tell which is the listener's."
            ),
        ),
        (UNREAD, State.UNKNOWN, UNREAD.message),
    ],
)
def test_when_the_token_ends(
    found: list[Authorization] | Unread, state: State, message: str
) -> None:
    finding = doctor_account.expiry(found)
    assert (finding.state, finding.message) == (state, message)


@pytest.mark.parametrize(
    ("left", "state"),
    [
        (4500, State.OK),
        (450, State.OK),
        (449, State.WARNING),
        (0, State.WARNING),
        (None, State.UNKNOWN),
    ],
)
def test_how_many_requests_are_left(left: int | None, state: State) -> None:
    assert doctor_account.requests(left).state is state


READ = heroku.App("s", "acme-staging", "cedar", "heroku-24", None, None)


@pytest.mark.parametrize(
    ("found", "allowed", "state", "message", "mend"),
    [
        (READ, ("*",), State.OK, f"{ROBOT} can read acme-staging.", ""),
        (
            READ,
            ("shop-*", "x"),
            State.BROKEN,
            "AUTOPROMOTE_APPS does not name acme-staging.",
            "heroku config:set -a LISTENER 'AUTOPROMOTE_APPS=shop-*,x,acme-staging'",
        ),
        (
            Unread("No.", "", 403),
            ("*",),
            State.BROKEN,
            f"{ROBOT} may not use acme-staging.",
            f"heroku access:add {ROBOT} -a acme-staging",
        ),
        (
            Unread("No.", "", 404),
            ("*",),
            State.BROKEN,
            f"Heroku knows no app acme-staging that {ROBOT} may see.",
            "",
        ),
        (Unread("Slow down.", "", 429), ("*",), State.UNKNOWN, "Slow down.", ""),
        (UNREAD, ("*",), State.UNKNOWN, UNREAD.message, ""),
    ],
)
def test_access_to_an_app(
    found: heroku.App | Unread, allowed: tuple[str, ...], state: State, message: str, mend: str
) -> None:
    finding = doctor_apps.access(STAGING, found, who=ROBOT, allowed=allowed)
    assert (finding.state, finding.message, finding.mend) == (state, message, mend)
    assert finding.app == STAGING


@pytest.mark.parametrize(
    ("row", "found", "state", "message"),
    [
        (ROW, [OURS], State.OK, f"Heroku tells {HOOK} of acme-staging's releases."),
        (None, [], State.WARNING, "Heroku does not tell the listener of acme-staging's releases."),
        (ROW, [], State.BROKEN, "Heroku has this webhook no more."),
        (ROW, [replace(OURS, level="notify")], State.BROKEN, "its level is notify"),
        (ROW, [replace(OURS, url="https://x")], State.BROKEN, "it points to https://x."),
        (ROW, [replace(OURS, include=())], State.BROKEN, "it does not tell of releases."),
        (replace(ROW, heroku_id=None), [], State.BROKEN, "It is half made."),
        (replace(ROW, url="https://x"), [OURS], State.BROKEN, f"the listener is at {HOOK}."),
        (replace(ROW, health="Seen before."), [OURS], State.OK, "Heroku tells"),
        (ROW, UNREAD, State.UNKNOWN, UNREAD.message),
    ],
)
def test_our_webhook(
    row: SubscriptionRow | None, found: list[Webhook] | Unread, state: State, message: str
) -> None:
    finding = doctor_apps.webhook(STAGING, row, found, url=HOOK)
    assert finding.state is state
    assert message in finding.message
    if state in (State.BROKEN, State.WARNING):
        assert finding.mend == "autopromote webhooks:add -a acme-staging"


def delivery(status: str, code: int | None = 503, webhook: str = "hook-1") -> Delivery:
    return Delivery("d", status, 1, code, NOON, webhook)


@pytest.mark.parametrize(
    ("statuses", "failing"),
    [
        ([], 0),
        (["succeeded", "failed"], 0),
        (["pending", "succeeded"], 0),
        (["pending"], 0),
        (["failed"], 1),
        (["pending", "retrying", "skipped", "succeeded", "failed"], 2),
        (["whatever", "succeeded"], 0),
    ],
)
def test_deliveries_newest_first(statuses: list[str], failing: int) -> None:
    found = [delivery(status) for status in statuses]
    finding = doctor_apps.deliveries(STAGING, ROW, found)
    assert finding.facts == {"failing": failing, "seen": len(found)}
    assert finding.state is (State.BROKEN if failing else State.OK)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([delivery("failed")], "could not hand over: 1; the last was answered 503."),
        ([delivery("retrying", None)], "could not hand over: 1; the last got no answer."),
        ([delivery("failed", webhook="other")], "has delivered nothing of acme-staging yet."),
        ([delivery("succeeded")], "What Heroku delivered of acme-staging arrived."),
        (UNREAD, UNREAD.message),
    ],
)
def test_deliveries_are_told(found: list[Delivery] | Unread, message: str) -> None:
    assert doctor_apps.deliveries(STAGING, ROW, found).message.endswith(message)


@pytest.mark.parametrize(
    ("row", "found", "told"),
    [
        (ROW, [OURS], []),
        (ROW, UNREAD, []),
        (ROW, [OURS, replace(OURS, id="hook-2", url="https://chat.example.com/hook")], []),
        (
            ROW,
            [OURS, replace(OURS, id="hook-2")],
            [
                (
                    f"acme-staging has a second webhook to {HOOK}.",
                    "autopromote webhooks:add -a acme-staging",
                )
            ],
        ),
        (
            None,
            [replace(OURS, id="hook-2", url="https://u:pw@old.example.com/webhooks/heroku?k=1")],
            [
                (
                    (
                        "Another autopromote listens to acme-staging"
                        " at https://old.example.com/webhooks/heroku."
                    ),
                    "heroku webhooks:remove hook-2 -a acme-staging",
                )
            ],
        ),
    ],
)
def test_who_else_listens(
    row: SubscriptionRow | None, found: list[Webhook] | Unread, told: list[tuple[str, str]]
) -> None:
    findings = doctor_apps.others(STAGING, row, found)
    assert [(each.message, each.mend) for each in findings] == told
    assert {each.state for each in findings} <= {State.WARNING}


LATER = NOON + timedelta(hours=1)


@pytest.mark.parametrize(
    ("changes", "message", "mend"),
    [
        (
            {},
            "acme-staging is on hold by ana@example.com: launch day",
            "autopromote holds:release -a acme-staging",
        ),
        (
            {"app_id": None, "ends_at": LATER},
            "Every target is on hold by ana@example.com until 2026-03-02 13:00 UTC: launch day",
            "autopromote holds:release --all",
        ),
        ({"starts_at": LATER}, "No hold is in force.", ""),
        ({"ends_at": NOON}, "No hold is in force.", ""),
    ],
)
def test_holds_in_force(changes: dict[str, Any], message: str, mend: str) -> None:
    [finding] = doctor_apps.holds([replace(HOLD, **changes)], {"s": STAGING}, NOON)
    assert (finding.message, finding.mend) == (message, mend)
    assert finding.state is (State.WARNING if mend else State.OK)
