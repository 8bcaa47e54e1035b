"""A listener of two teams, and the table of every route: for which role, and about what."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from flask.testing import FlaskClient

from listener.app import Parts
from listener.config import Settings
from listener.core.trouble import Cause
from listener.db import troubles
from listener.pages.frame import SCRIPT, STYLESHEET
from listener.roles import Role, Roles
from listener.services import commit_blocks, deliveries, walls
from listener.services.commit_blocks import NewBlock
from listener.services.holds import NewHold
from listener.services.status import MARK
from listener.services.walls import NewWall
from tests.api.routes.caller import Caller
from tests.services.letterbox import Answering
from tests.services.office import ANA, PUBLIC_URL, TOKEN, Office
from tests.standing import listener_of

Json = dict[str, Any]
TEST = "/api/notices/actions/test"
UNBLOCK = "/api/commit-blocks/actions/unblock"
SECRETS = "/api/notices/actions/secrets"
ROTATE = "/api/login-client/actions/rotate"
PEOPLE = VIEWER, APPROVER, ADMIN = Role.VIEWER, Role.APPROVER, Role.ADMIN


@dataclass(frozen=True)
class Team:
    """The names and ids of what a team has; of none, such as nothing has."""

    name: str
    rule_id: str = "99999"
    promotion: str = "99999"
    hold: str = "99999"
    subscription: str = "99999"
    delivery: str = "99999"
    app_id: str = "99999999-0000-4000-8000-000000000000"

    @property
    def words(self) -> dict[str, str]:
        """What stands in braces in the cases below."""
        return {
            "rule": self.name,
            "staging": f"{self.name}-staging",
            "prod": f"{self.name}-prod",
            "eu": f"{self.name}-eu",
            **{key: value for key, value in vars(self).items() if key != "name"},
        }


@dataclass(frozen=True)
class Case:
    """A request about something; braces name what of, and `[…]` what is the caller's own."""

    method: str
    rule: str  # as the app's map of addresses has it
    path: str
    body: Any = None
    is_list: bool = field(default=False, kw_only=True)

    def filled(self, about: Team, own: Team) -> tuple[str, str, Any]:
        """Method, path and body of the request about what one team has, by one of another."""
        text = json.dumps([self.path, self.body])
        for words, marks in ((about.words, "{}"), (own.words, "[]")):
            for key, value in words.items():
                text = text.replace(marks[0] + key + marks[1], value)
        path, body = json.loads(text)
        return self.method, path, body


def rule_of(source: str, *targets: str, name: str = "new") -> Json:
    return {"name": name, "source": source, "targets": list(targets)}


def file_of(source: str, *targets: str, name: str = "new", **more: Any) -> Json:
    return {"rules": [{"name": name, "from": source, "to": list(targets)}], **more}


def freeze_of(*apps: str) -> Json:
    return {"rules": [], "freezes": [{"apps": list(apps), "reason": "fair"}]}


APPS: dict[Role, list[Case]] = {
    VIEWER: [
        Case("GET", "/api/apps/<app>/diff", "/api/apps/{staging}/diff?to={prod}"),
        Case("GET", "/api/apps/<app>/diff", "/api/apps/[staging]/diff?to={prod}"),
        Case("GET", "/api/apps/<app>/diff", "/api/apps/{app_id}/diff?to=[prod]"),
        Case("GET", "/api/apps/<app>/explanation", "/api/apps/{staging}/explanation"),
        Case("GET", "/api/apps/<app>/explanation", "/api/apps/{app_id}/explanation"),
        Case("GET", "/api/apps/<app>/explanation", "/api/apps/{prod}/explanation?release=v1"),
        Case("GET", "/api/commit-blocks", "/api/commit-blocks?app={prod}", is_list=True),
        Case("GET", "/api/commit-blocks", "/api/commit-blocks?all=true&app={app_id}", is_list=True),
        Case("GET", "/api/deliveries", "/api/deliveries?app={staging}", is_list=True),
        Case("GET", "/api/deliveries", "/api/deliveries?app={app_id}", is_list=True),
        Case("GET", "/api/deliveries/<delivery>", "/api/deliveries/{delivery}"),
        Case("GET", "/api/events", "/api/events?app={staging}", is_list=True),
        Case("GET", "/api/events", "/api/events?app={app_id}", is_list=True),
        Case("GET", "/api/findings", "/api/findings", is_list=True),
        Case("GET", "/api/holds", "/api/holds?app={prod}", is_list=True),
        Case("GET", "/api/holds", "/api/holds?all=true&app={app_id}", is_list=True),
        Case("GET", "/api/holds/<hold>", "/api/holds/{hold}"),
        Case("POST", "/api/holds/<hold>/actions/foresee", "/api/holds/{hold}/actions/foresee"),
        Case("POST", "/api/holds/actions/foresee", "/api/holds/actions/foresee", {"app": "{prod}"}),
        Case("GET", "/api/pipelines", "/api/pipelines", is_list=True),
        Case("GET", "/api/promotions", "/api/promotions?app={staging}", is_list=True),
        Case("GET", "/api/promotions", "/api/promotions?app={app_id}", is_list=True),
        Case("GET", "/api/promotions/<promotion>", "/api/promotions/{promotion}"),
        Case("GET", "/api/promotions/<promotion>/output", "/api/promotions/{promotion}/output"),
        Case("GET", "/api/rules", "/api/rules?app={staging}", is_list=True),
        Case("GET", "/api/rules/<rule>", "/api/rules/{rule}"),
        Case("GET", "/api/rules/<rule>", "/api/rules/{rule_id}"),
        Case("GET", "/api/rules/<rule>/backtest", "/api/rules/{rule}/backtest"),
        Case("GET", "/api/rules/<rule>/calendar", "/api/rules/{rule}/calendar"),
        Case("POST", "/api/rules/<rule>/actions/try", "/api/rules/{rule}/actions/try", {}),
        Case(
            "POST",
            "/api/rules/<rule>/actions/try",
            "/api/rules/[rule]/actions/try",
            {"targets": ["{prod}"]},
        ),
        Case("POST", "/api/rules/actions/plan", "/api/rules/actions/plan", freeze_of("{prod}")),
        Case(
            "POST",
            "/api/rules/actions/plan",
            "/api/rules/actions/plan",
            file_of("{staging}", "{prod}", name="{rule}"),
        ),
        Case(
            "POST", "/api/rules/actions/try", "/api/rules/actions/try", rule_of("[staging]", "{eu}")
        ),
        Case("GET", "/api/stats", "/api/stats?app={prod}"),
        Case("GET", "/api/stats", "/api/stats?rule={rule}"),
        Case("GET", "/api/subscriptions", "/api/subscriptions?app={staging}", is_list=True),
        Case("GET", "/api/subscriptions/<subscription>", "/api/subscriptions/{subscription}"),
        Case("GET", "/api/subscriptions/<subscription>", "/api/subscriptions/{staging}"),
        Case("GET", "/api/troubles", "/api/troubles?app={prod}", is_list=True),
        Case("GET", "/api/walls", "/api/walls", is_list=True),
    ],
    APPROVER: [
        Case(
            "POST",
            "/api/commit-blocks",
            "/api/commit-blocks",
            {"commit": "b" * 40, "app": "{prod}", "reason": "broken"},
        ),
        Case(
            "POST",
            "/api/deliveries/<delivery>/actions/replay",
            "/api/deliveries/{delivery}/actions/replay",
        ),
        Case("POST", UNBLOCK, UNBLOCK, {"commit": "a" * 40, "app": "{eu}"}),
        Case("POST", "/api/holds", "/api/holds", {"app": "{prod}", "reason": "fair"}),
        Case("POST", "/api/holds/<hold>/actions/release", "/api/holds/{hold}/actions/release", {}),
        Case("POST", "/api/holds/actions/release", "/api/holds/actions/release", {"app": "{prod}"}),
        Case(
            "POST",
            "/api/promotions",
            "/api/promotions",
            {"source": "{staging}", "targets": ["{prod}"]},
        ),
        Case(
            "POST",
            "/api/promotions",
            "/api/promotions",
            {"source": "[staging]", "targets": ["{prod}"]},
        ),
        Case(
            "POST",
            "/api/promotions",
            "/api/promotions",
            {"source": "{staging}", "targets": ["[prod]"]},
        ),
        *(
            Case(
                "POST",
                f"/api/promotions/<promotion>/actions/{word}",
                f"/api/promotions/{{promotion}}/actions/{word}",
                body,
            )
            for word, body in (("approve", None), ("reject", {}), ("cancel", None), ("retry", None))
        ),
        Case("POST", "/api/rollbacks", "/api/rollbacks", {"app": "{prod}", "reason": "broken"}),
    ],
    ADMIN: [
        Case("POST", TEST, TEST, {"rule": "{rule}"}, is_list=True),
        Case("POST", SECRETS, SECRETS, {"rule": "{rule}"}, is_list=True),
        Case(
            "POST",
            "/api/promotions",
            "/api/promotions",
            {
                "source": "[staging]",
                "targets": ["{prod}"],
                "override": ["hold"],
                "reason": "now",
            },
        ),
        Case("POST", "/api/rules", "/api/rules", rule_of("{staging}", "{eu}")),
        Case("POST", "/api/rules", "/api/rules", rule_of("[staging]", "[eu]", "{eu}")),
        Case("PATCH", "/api/rules/<rule>", "/api/rules/{rule}", {"soak": "1h"}),
        Case("PATCH", "/api/rules/<rule>", "/api/rules/[rule]", {"targets": ["[prod]", "{eu}"]}),
        Case(
            "POST",
            "/api/rules/actions/apply",
            "/api/rules/actions/apply",
            file_of("{staging}", "{prod}", name="{rule}"),
        ),
        Case("POST", "/api/rules/actions/apply", "/api/rules/actions/apply", freeze_of("{prod}")),
        Case("POST", "/api/subscriptions", "/api/subscriptions", {"app": "{staging}"}),
        Case(
            "POST",
            "/api/subscriptions/<subscription>/actions/rotate",
            "/api/subscriptions/{subscription}/actions/rotate",
            {},
        ),
        Case("DELETE", "/api/subscriptions/<subscription>", "/api/subscriptions/{staging}"),
        Case("DELETE", "/api/rules/<rule>", "/api/rules/{rule}"),
        Case("POST", "/api/walls", "/api/walls", {"name": "new", "apps": ["{prod}"]}),
        Case("POST", "/api/walls", "/api/walls", {"name": "new", "apps": ["[prod]", "{eu}"]}),
        Case("DELETE", "/api/walls/<name>", "/api/walls/{rule}"),
    ],
}
# What concerns all: no role for some apps opens it.
ALL: dict[Role, list[Case]] = {
    VIEWER: [],
    APPROVER: [
        Case(
            "POST", "/api/commit-blocks", "/api/commit-blocks", {"commit": "c" * 40, "reason": "x"}
        ),
        Case("POST", UNBLOCK, UNBLOCK, {"commit": "d" * 40}),
    ],
    ADMIN: [
        Case("GET", "/api/audit-entries", "/api/audit-entries?app=[prod]"),
        Case("GET", "/metrics", "/metrics"),
        Case("POST", TEST, TEST, {}, is_list=True),
        Case("POST", SECRETS, SECRETS, {}, is_list=True),
        Case("GET", "/api/people", "/api/people"),
        Case("POST", "/api/login-client", "/api/login-client"),
        Case("POST", ROTATE, ROTATE),
        Case("GET", "/api/machine-tokens", "/api/machine-tokens"),
        Case(
            "POST", "/api/machine-tokens", "/api/machine-tokens", {"name": "ci", "role": "viewer"}
        ),
        Case("DELETE", "/api/machine-tokens/<name>", "/api/machine-tokens/ci"),
        Case(
            "POST",
            "/api/people/actions/revoke",
            "/api/people/actions/revoke",
            {"email": "leaver@example.com"},
        ),
        Case("POST", "/api/holds", "/api/holds", {"app": None, "reason": "fair"}),
        Case("POST", "/api/holds/actions/release", "/api/holds/actions/release", {"app": None}),
        Case(
            "POST",
            "/api/rules/actions/apply",
            "/api/rules/actions/apply",
            {"rules": [], "freezes": [{"reason": "holidays"}]},
        ),
    ],
}
SELF = {("GET", "/api/whoami"), ("POST", "/api/login-codes"), ("DELETE", "/api/tokens/current")}
OPEN = {
    ("GET", "/api/login"),
    ("GET", "/healthz"),
    ("GET", "/openapi.json"),
    ("GET", "/readyz"),
    ("POST", "/api/tokens"),
    ("POST", "/webhooks/github"),
    ("POST", "/webhooks/heroku"),
    # A page that asks for its own login: test_approvals.py.
    ("GET", "/approvals/<link>"),
    # Where a login at Heroku comes back from: test_browser_login.py.
    ("GET", "/login/callback"),
    # The same for the lanes: test_lanes.py.
    ("GET", "/"),
    ("POST", "/login"),
    ("GET", "/login/heroku"),
    ("POST", "/logout"),
    ("GET", STYLESHEET),
    ("GET", SCRIPT),
    # And for the figures, and a promotion: test_figures_page.py, test_promotion_page.py.
    ("GET", "/figures"),
    # And for what is recorded: test_records_pages.py.
    ("GET", "/audit"),
    ("GET", "/deliveries"),
    ("GET", "/doctor"),
    ("POST", "/doctor"),
    ("GET", "/promotions/<promotion>"),
    ("GET", "/promotions/<promotion>/output"),
    # And for rules: test_rules_pages.py.
    ("GET", "/rules"),
    ("GET", "/rules/<rule>"),
    ("POST", "/promotions/<promotion>"),
    # What a link alone opens: test_wall_page.py.
    ("GET", "/wall/<link>"),
    # Logins: test_sessions_page.py.
    ("GET", "/sessions"),
    ("POST", "/sessions"),
}


# Two teams, whose admins, approvers and viewers are bound to what is theirs.


def plant(office: Office, name: str) -> Team:
    """Have a team set up: something of every kind that the listener knows."""
    staging, prod, eu = (f"{name}-{end}" for end in ("staging", "prod", "eu"))
    for app in (staging, prod, eu):
        office.make_app(app)
    couplings = {"staging": [staging], "production": [prod, eu]}
    office.control("pipelines", {"name": f"{name}-line", "owner": ANA, "couplings": couplings})
    subscribed, _ = office.subscriptions.add(staging, by=ANA, reached_at="")
    rule = office.add_rule(name, source=staging, targets=(prod,), conditions={"approvals": 1})
    office.deploy(staging)
    office.receive()
    office.look(staging)
    told = deliveries.list_(office.context, app=staging, limit=1)
    hold = office.holds.put(NewHold(app=prod, reason=f"{name} fair"), by=ANA)
    leak = NewBlock(sha="a" * 40, reason=f"{name} leaks", app=eu)  # nothing is promoted there
    commit_blocks.block(office.context, leak, by=ANA)
    wall = NewWall(name, (staging, prod), shows_names=False, expires_at=None)
    walls.create(office.context, wall, by=ANA, now=datetime.now(UTC))
    with office.database.begin() as conn:
        app_id = office.app(prod).id
        troubles.note(conn, Cause.GONE, name, f"{name} is gone", [app_id])
        troubles.note(conn, Cause.TOKEN, f"{name} token", f"{name} is refused", [app_id])
    return Team(
        name,
        rule_id=str(rule.row.id),
        promotion=str(office.found()[-1].id),
        hold=str(hold.hold.row.id),
        subscription=str(subscribed.row.id),
        delivery=str(told[0].row.id),
        app_id=app_id,
    )


@dataclass(frozen=True)
class Town:
    """A listener of two teams, and somebody who sees both."""

    office: Office
    client: FlaskClient
    pay: Team
    shop: Team

    def caller(self, email: str) -> Caller:
        return Caller(self.client, self.office.database, self.office.keys, f"{email}@example.com")

    def of(self, role: Role) -> Caller:
        """Somebody of team pay with this role."""
        return self.caller(f"{role}.pay")


def town_of(office: Office, database_url: str) -> Town:
    """A listener before this office, whose people of team pay are bound to what is theirs."""
    settings = Settings(
        database_url=database_url,
        secret_keys=("k" * 32,),
        heroku_api_key=TOKEN,
        admins=("ana@example.com", "admin.pay@example.com=pay-*", "elsewhere@example.com=pay-x"),
        approvers=(
            "bo@example.com",
            "approver.pay@example.com=pay-*",
            "both@example.com=pay-*+shop-*",
            "half@example.com=pay-prod",
        ),
        viewers=(
            "cy@example.com",
            "viewer.pay@example.com=pay-*",
            "half@example.com=pay-staging",
            "elsewhere@example.com=pay-*",
        ),
        heroku_api_url="http://localhost",
        public_url=PUBLIC_URL,
    )
    roles = Roles(admins=settings.admins, approvers=settings.approvers, viewers=settings.viewers)
    outside = Answering({MARK: office.keys.mark})
    context = replace(office.context, public_url=PUBLIC_URL)
    parts = Parts(settings, context, office.keys, roles, outside=outside)
    return Town(
        office, listener_of(parts).test_client(), plant(office, "pay"), plant(office, "shop")
    )
