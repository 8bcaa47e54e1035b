"""Every list and detail screen with long names, on terminals of 80 and 140 columns, kept as text.

Read them with a person's eye. `WRITE_SCREENS=1` in the environment writes them anew.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from autopromote.resources import (
    AuditEntry,
    Backtest,
    Calendar,
    CommitBlock,
    Delivery,
    Diff,
    Event,
    Explanation,
    Finding,
    Hold,
    MachineToken,
    PersonSeen,
    PromotionInFull,
    ReleaseForeseen,
    Rollback,
    Rule,
    Ships,
    Stats,
    Subscription,
    Wall,
)
from listener.core.figures import DEFINITIONS
from tests.cli.answers import full
from tests.cli.program import Autopromote
from tests.cli.terminal import shown

SCREENS = Path(__file__).with_name("screens")
WIDTHS = (80, 140)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
ALWAYS_THE_SAME = "2030-01-31 18:00:00 UTC"
STAGING, US, EU = (f"acme-checkout-service-{end}" for end in ("staging", "prod-us", "prod-eu"))
ANA, BO = "ana@acme.example", "bo.of.the.long.name@acme.example"


def away(**spans: float) -> str:
    """So far from now, and a part of a unit: it is shown alike however long a test takes."""
    return (datetime.now(UTC) + timedelta(**spans)).isoformat()


LATELY, LONG_AGO = away(hours=-2.5), away(days=-3.5)
SOON, TOMORROW, NEXT_WEEK = away(hours=5.2), away(hours=16.2), away(days=7.2)


def app(name: str) -> dict[str, str]:
    """An app."""
    return {"id": f"0123456789-{name}", "name": name}


def gate(name: str, message: str, **values: Any) -> dict[str, Any]:
    """What a gate said."""
    return {
        "name": name,
        "verdict": "pass",
        "message": message,
        "until": None,
        "facts": {},
    } | values


WAIT = {"verdict": "wait"}
SOAK = f"{STAGING} v22 soaks for 1h."
ASKS = f"0 of 1 approvals for {STAGING} v22 to {US}."
HELD = (
    f"{EU} is on hold by autopromote: {BO} released v21 “Hotfix: rounding of the cart”"
    f" on {EU} at 2030-01-31 17:12 UTC; no promotion of ours did (hold 3)"
)


SHA = ("cb04fdd4", "9b2c3d4e", "1a5f89db", "6e965e91")
WRITTEN = (
    (
        "Fix the rounding of the cart where a voucher is used twice, and tell people so (#412)",
        "ana-i",
    ),
    ("Merge pull request #409 from bo/pages", None),
    (
        "商品の一覧を速くする: 在庫を一度に読む、値段も、写真も、評価も、送料も、すべて一度に読む",
        "tanaka-k",
    ),
    ("Bump the parser", None),
)


def commits(count: int = 4, first: int = 0) -> list[dict[str, Any]]:
    """So many commits, of which the first four differ."""
    return [
        {
            "sha": f"{number + first:x}{SHA[number % 4] * 5}"[:40],
            "subject": WRITTEN[number % 4][0],
            "author": "Bo of the Long Name and More",
            "login": WRITTEN[number % 4][1],
            "at": LATELY,
            "pull": None,
        }
        for number in range(count)
    ]


def ships(message: str, relation: str | None, **values: Any) -> Any:
    """What ships with a promotion."""
    hub = "https://github.com/acme/checkout-service"
    ends = {"from": "6e965e91" * 5, "to": "cb04fdd4" * 5}
    is_told = relation is not None
    link = f"{hub}/compare/{ends['from'][:12]}...{ends['to'][:12]}"
    return full(
        Ships,
        {
            **ends,
            "is_read": True,
            "message": message,
            "relation": relation,
            "goes_back": relation in ("behind", "diverged") if is_told else None,
            "compare_url": link if is_told and relation != "identical" else None,
            "told_by": "github" if is_told else None,
            **values,
        },
    )


PULLS = [
    {"number": 412, "title": WRITTEN[0][0], "url": "https://github.com/acme/x", "author": "ana-i"},
    {"number": 409, "title": None, "url": "https://github.com/acme/x", "author": None},
]
AHEAD = ships(
    "4 commits by ana-i, Bo of the Long Name and More and tanaka-k.",
    "ahead",
    coming=4,
    commits=commits(),
    leaves=[],
    pulls=PULLS,
    pull_count=2,
)
MANY = ships(
    "Goes back: it takes back 2 commits; it brings 300 commits by ana-i, bo, cy and 61 others.",
    "diverged",
    coming=300,
    leaving=2,
    commits=commits(100),
    leaves=commits(2, first=7),
    pulls=PULLS,
    pull_count=80,
)
BACK = ships(
    "Goes back: it takes back 4 commits.", "behind", leaving=4, commits=[], leaves=commits()
)
SAME = ships("The same commit as before.", "identical", commits=[], leaves=[])
UNTOLD = ships(
    "Not told: Heroku names no commit of what acme-checkout-service-prod-eu ran before.",
    None,
    untold="Heroku names no commit of what acme-checkout-service-prod-eu ran before.",
    **{"from": None},
)


def promotion(id: str, status: str, target: str, version: int | None, **values: Any) -> Any:
    """A promotion to this app, where it is this version; without one, it did not arrive."""
    release = {"id": "r", "version": version} if version else None
    slug = {"id": "2af4588a-bb5c-4762-829d-57d0473ae3c7", "commit": "cb04fdd4" * 5}
    release_of_source = {"id": "r", "version": values.pop("of", 22)}
    return full(
        PromotionInFull,
        {
            "id": id,
            "status": status,
            "reason": f"Released as v{version}.",
            "rule": {"id": "1", "name": "checkout-to-production", "revision": 3},
            "found_by": "webhook",
            "source": {"app": app(STAGING), "release": release_of_source, "slug": slug},
            "target": {"app": app(target), "release": release},
            "created_at": LATELY,
            "ships": AHEAD,
            "page_url": f"https://acme-autopromote.example/promotions/{id}",
            **values,
        },
    )


GATES = [
    gate("source", f"{STAGING} v22 succeeded and {STAGING} stands by it.", facts={"version": 22}),
    gate("order", f"{STAGING} v22 is newer than what {US} runs.", facts={"candidate": 22}),
    gate("target", f"{US} runs v20 and is free.", facts={"version": 20}),
    gate("soak", SOAK, until=SOON, facts={"soak": "1h", "since": LATELY}, **WAIT),
    gate("window", "Outside the rule's windows.", until=TOMORROW, **WAIT),
    gate("approvals", ASKS, until=NEXT_WEEK, facts={"approved_by": [], "needed": 1}, **WAIT),
]
GATES[1]["facts"] |= {"target_runs": 18}
ASKED = promotion(
    "43",
    "waiting",
    US,
    None,
    reason=SOAK,
    gates=GATES,
    due_at=SOON,
    earliest_at=TOMORROW,
    waits_for={"gate": "approvals", "message": ASKS, "until": NEXT_WEEK, "needs_person": True},
    approvals={"needed": 1, "given": []},
    timeline=[{"at": LATELY, "event": "waiting", "message": f"Found {STAGING} v22."}],
)
ON_HOLD = promotion(
    "42",
    "waiting",
    EU,
    None,
    reason=HELD,
    gates=[gate("hold", HELD, facts={"by": "autopromote", "hold": "3"}, **WAIT)],
    waits_for={"gate": "hold", "message": HELD, "until": None, "needs_person": True},
    ships=MANY,
)
ROLLBACK = promotion("39", "rolled_back", US, 23, kind="rollback", of=18, ships=BACK)
NOT_TOLD = promotion("41", "superseded", EU, None, of=21, ships=UNTOLD)
PROMOTIONS = [
    ASKED,
    ON_HOLD,
    {**NOT_TOLD, "reason": f"{STAGING} v22 takes its place."},
    promotion("40", "succeeded", US, 20, of=18, created_at=LONG_AGO, ships=SAME),
    ROLLBACK,
]
RULES = [
    full(
        Rule,
        {
            "id": "1",
            "name": "checkout-to-production",
            "mode": "armed",
            "strategy": "slug",
            "on_newer": "supersede",
            "source": app(STAGING),
            "targets": [
                {**app(name), "baseline": 17, "baseline_note": f"acts from {STAGING} v18 on"}
                for name in (US, EU)
            ],
            "soak": "1h",
            "windows": ["Mon-Thu 09:00-16:00 Europe/Berlin"],
            "approvals": 1,
            "self_approval": False,
            "verify": ["https://checkout.acme.example/healthz"],
            "revision": 3,
            "created_at": LONG_AGO,
            "updated_at": LATELY,
            "created_by": ANA,
        },
    ),
    full(
        Rule,
        {
            "id": "2",
            "name": "billing",
            "mode": "shadow",
            "source": app("billing-staging"),
            "targets": [{**app("billing"), "baseline": 4, "baseline_note": "acts from v5 on"}],
        },
    ),
]
HOLDS = [
    full(
        Hold,
        {
            "id": "5",
            "app": app(US),
            "kind": "person",
            "reason": "the conversion of the checkout is measured",
            "by": ANA,
            "created_at": LATELY,
            "until": TOMORROW,
        },
    ),
    full(
        Hold,
        {
            "id": "4",
            "app": None,
            "except": [app(US)],
            "kind": "freeze",
            "reason": "sale: no changes to anything that sells",
            "by": BO,
            "created_at": LONG_AGO,
            "from": TOMORROW,
            "until": NEXT_WEEK,
        },
    ),
    full(
        Hold,
        {
            "id": "3",
            "app": app(EU),
            "kind": "detected",
            "reason": HELD.partition("autopromote: ")[2].removesuffix(" (hold 3)") + ".",
            "by": "autopromote",
            "created_at": LATELY,
        },
    ),
]
SUBSCRIPTION = full(
    Subscription,
    {
        "id": "1",
        "app": app(STAGING),
        "url": "https://acme-autopromote-0123456789ab.herokuapp.com/webhooks/heroku",
        "level": "sync",
        "healthy": True,
        "health": "The last delivery arrived 2030-01-31 17:12 UTC.",
        "heroku_id": "476e296a-fa38-45a3-a5f2-48550a7618a5",
        "last_delivery_at": LATELY,
        "secrets": [
            {"state": "current", "created_at": LONG_AGO, "proved_at": None, "valid_until": None}
        ],
        "created_at": LONG_AGO,
    },
)
DELIVERY = full(
    Delivery,
    {
        "id": "112",
        "app": app(STAGING),
        "action": "update",
        "release": {"id": "r", "version": 22},
        "received_at": LATELY,
        "times": 2,
        "outcome": "v22 is a deploy: promotion 42, 43",
    },
)
AUDIT = [
    full(
        AuditEntry,
        {
            "id": "212",
            "at": LATELY,
            "by": BO,
            "action": "rule.updated",
            "subject": {"type": "rule", "id": "1", "name": "checkout-to-production"},
            "before": {"soak": None, "approvals": None, "mode": "shadow"},
            "after": {"soak": "1h", "approvals": 1, "mode": "armed"},
        },
    ),
    full(
        AuditEntry,
        {
            "id": "211",
            "at": LONG_AGO,
            "by": "autopromote",
            "action": "hold.detected",
            "subject": {"type": "hold", "id": "3", "name": EU},
        },
    ),
]
PEOPLE = [
    full(
        PersonSeen,
        {
            "email": BO,
            "roles": [{"role": "approver", "apps": ["acme-checkout-*"]}],
            "logged_in_at": LONG_AGO,
            "tokens": [
                {
                    "kind": "login",
                    "created_at": LATELY,
                    "made_from": "2001:db8:1234::1",
                    "last_used_at": LATELY,
                    "expires_at": TOMORROW,
                }
            ],
        },
    ),
]
TOKENS = [
    full(
        MachineToken,
        {
            "name": "ci-of-the-checkout",
            "role": "promoter",
            "apps": ["acme-checkout-*", "acme-billing*"],
            "made_by": BO,
            "made_from": "2001:db8:1234::1",
            "created_at": LONG_AGO,
            "last_used_at": LATELY,
            "expires_at": NEXT_WEEK,
        },
    )
]
WALLS = [
    full(
        Wall,
        {
            "name": name,
            "apps": [app(each) for each in (STAGING, US, EU)][:count],
            "names": count > 2,
            "made_by": BO,
            "created_at": LONG_AGO,
            "expires_at": NEXT_WEEK,
        },
    )
    for name, count in (("lobby", 3), ("office-of-the-checkout-team", 2))
]
RELEASE = {
    "id": "r",
    "version": 22,
    "status": "succeeded",
    "kind": "deploy",
    "slug": {"id": "2af4588a-bb5c-4762-829d-57d0473ae3c7", "commit": "cb04fdd4" * 5},
    "description": "Deploy cb04fdd4",
    "created_at": LATELY,
}
BACKTEST = [
    full(
        Backtest,
        {
            "status": "waiting",
            "message": SOAK,
            "at": SOON,
            "has_waited": True,
            "unanswered": ["approvals"],
            "was_tried": True,
            "release": RELEASE,
            "source": app(STAGING),
            "target": app(target),
            "arrived": {"version": 20, "at": LATELY} if target == US else None,
        },
    )
    for target in (US, EU)
]
EXPLANATION = full(
    Explanation,
    {
        "app": app(STAGING),
        "release": RELEASE,
        "summary": f"{STAGING} v22 is a deploy: the first release with this slug.",
        "deliveries": [DELIVERY],
        "promotions": [ASKED],
        "rules": [
            {
                "rule": {"id": "1", "name": "checkout-to-production"},
                "target": app(US),
                "says": f"waiting: {ASKS} Looked at again at 2030-01-31 18:47 UTC.",
                "promotion_id": "43",
            }
        ],
    },
)
COMPARED = {"id": "r", "description": "Deploy cb04fdd4", "by": BO, "created_at": LATELY}
FINDINGS = [
    full(Finding, {"state": "ok", "message": f"{STAGING} and {US} run heroku-24."}),
    full(
        Finding,
        {
            "state": "warning",
            "message": f"{EU} is on hold by autopromote.",
            "why": "Nothing is promoted there by itself, fixes included.",
            "mend": f"autopromote holds:release -a {EU}",
        },
    ),
]
DIFF = full(
    Diff,
    {
        "source": {"app": app(STAGING), "release": {**COMPARED, "version": 22}},
        "targets": [
            {
                "app": app(US),
                "release": {**COMPARED, "version": 20},
                "relation": "newer",
                "message": f"{US} runs {STAGING} v18; v22 brings 2 deploys.",
                "commits": {"from": "6e965e91" * 5, "to": "cb04fdd4" * 5, "compare_url": None},
                "ships": AHEAD,
                "releases": [{**COMPARED, "version": 22}, {**COMPARED, "version": 21}],
                "parity": FINDINGS[:1],
            }
        ],
    },
)


def measure(value: float | None, count: int, **more: Any) -> dict[str, Any]:
    """What a figure comes to."""
    return {"value": value, "p90": None, "count": count, "of": None, "is_few": value is None} | more


NOW = {
    "deployments": measure(1.4, 42),
    "lead_time": measure(4320, 42, p90=93_600),
    "commit_lead_time": measure(187_200, 180, p90=600_000),
    "change_failures": measure(3 / 43, 3, of=43),
    "time_to_restore": measure(None, 2),
}
BEFORE = {
    "deployments": measure(1.1, 33),
    "lead_time": measure(7500, 33, p90=99_000),
    "commit_lead_time": measure(None, 0),
    "change_failures": measure(0.15, 5, of=33),
    "time_to_restore": measure(1260, 5, p90=5400),
}
COMPARED_FIGURES = [{"name": n, "now": NOW[n], "before": BEFORE[n]} for n in NOW]
FEW = [{"name": n, "now": measure(None, 1, of=2), "before": BEFORE[n]} for n in NOW]
STATS = full(
    Stats,
    {
        "days": 30,
        "zone": "Europe/London",
        "by_others": 2,
        "not_restored": 1,
        "figures": [
            {
                "name": name,
                "title": is_.title,
                "definition": is_.words,
                "unit": is_.unit,
                "now": NOW[name],
                "before": BEFORE[name],
            }
            for name, is_ in DEFINITIONS.items()
        ],
        "apps": [
            {"app": app(US), "figures": COMPARED_FIGURES},
            {"app": app(EU), "figures": FEW},
        ],
        "rules": [
            {"rule": {"id": "1", "name": "checkout-to-production"}, "figures": COMPARED_FIGURES},
            {"rule": None, "figures": FEW},
        ],
        "series": [{"day": "2030-01-02"}, {"day": "2030-01-31"}],
    },
)
BLOCKS = [
    full(
        CommitBlock,
        {
            "id": "2",
            "commit": "3f2a91c0d4e5b6a7980112233445566778899aab",
            "app": None,
            "repository": "acme/checkout",
            "reason": "it loses orders that are paid by invoice: INC-417",
            "by": BO,
            "created_at": LATELY,
        },
    ),
    full(
        CommitBlock,
        {
            "id": "1",
            "commit": "9be1c22",
            "app": app(US),
            "reason": "the US tax table is a draft",
            "by": BO,
            "created_at": LONG_AGO,
        },
    ),
]
ROLLED = full(
    Rollback,
    {
        **ROLLBACK,
        "status": "waiting",
        "reason": f"Back to v18, asked for by {BO}: the cart rounds wrong",
        "rollback": {
            "from": {"version": 20},
            "to": {"version": 18, "commit": "6e965e91" * 5, "author": ANA, "created_at": LONG_AGO},
            "undo": f'autopromote rollback --app {US} --to v20 --reason "undo rollback 39"',
        },
    },
)
FORESEEN = full(
    ReleaseForeseen,
    {
        "holds": HOLDS[2:],
        "targets": [
            {
                "app": app(EU),
                "still": None,
                "waiting": [
                    {
                        "promotion": ON_HOLD,
                        "goes": True,
                        "message": f"Promotion 42 brings {STAGING} v22 to {EU}.",
                    }
                ],
            }
        ],
        "agreed": {"holds": ["3"], "promotions": ["42"]},
    },
)
EVENTS = [
    full(
        Event,
        {
            "id": "delivery-112",
            "at": "2030-01-31T18:00:00Z",
            "event": "arrived",
            "message": "update",
            "app": app(STAGING),
            "version": 22,
            "delivery": {"id": "112"},
        },
    ),
    full(
        Event,
        {
            "id": "decision-901",
            "at": "2030-01-31T18:00:01Z",
            "event": "waiting",
            "message": SOAK,
            "app": app(US),
            "source": app(STAGING),
            "version": 22,
            "promotion": {"id": "43"},
        },
    ),
]


def calendar_day(
    day: int, *, goes: list[Any], stops: list[Any], hours: list[str], notes: list[str]
) -> Any:
    told = {"open": goes, "stops": stops, "hours": hours, "notes": notes}
    times = {"from": f"2030-02-0{day}T00:00:00Z", "until": f"2030-02-0{day + 1}T00:00:00Z"}
    return {"date": f"2030-02-0{day}", **times, **told}


def stretch(day: int, begin: str, end: str, **more: str) -> Any:
    return {"from": f"2030-02-0{day}T{begin}:00Z", "until": f"2030-02-0{day}T{end}:00Z", **more}


CALENDAR = full(
    Calendar,
    {
        "rule": {"id": "1", "name": "checkout-to-production"},
        "mode": "armed",
        "zone": "Europe/London",
        "at": "2030-02-01T08:00:00Z",
        "calendars": [
            {
                "targets": [app(US), app(EU)],
                "opens_at": "2030-02-01T09:00:00Z",
                "open_until": None,
                "message": "Opens Fri 1 Feb 09:00 GMT.",
                "holds": [
                    {
                        "id": "7",
                        "kind": "freeze",
                        "reason": "Stocktaking",
                        "by": "ana@example.com",
                        "from": TOMORROW,
                        "until": NEXT_WEEK,
                    }
                ],
                "days": [
                    calendar_day(
                        1,
                        goes=[stretch(1, "09:00", "12:00"), stretch(1, "12:45", "16:30")],
                        stops=[stretch(1, "12:00", "12:45", kind="closed", reason="lunch")],
                        hours=["09:00–12:00", "12:45–16:30"],
                        notes=[],
                    ),
                    calendar_day(
                        2,
                        goes=[stretch(2, "09:00", "12:00")],
                        stops=[stretch(2, "12:00", "23:59", kind="freeze", reason="Stocktaking")],
                        hours=["09:00–12:00"],
                        notes=[
                            "freeze 12:00–24:00",
                            "closed 22:00–24:00: the day of the shop's birth",
                        ],
                    ),
                    calendar_day(3, goes=[], stops=[], hours=[], notes=[]),
                ],
            }
        ],
    },
)
ANSWERS = {
    "/api/holds/3/actions/foresee": FORESEEN,
    "/api/rollbacks": ROLLED,
    "/api/commit-blocks": BLOCKS,
    "/api/promotions": PROMOTIONS,
    "/api/promotions/43": ASKED,
    "/api/promotions/42": ON_HOLD,
    "/api/promotions/41": NOT_TOLD,
    "/api/promotions/39": ROLLBACK,
    "/api/troubles": [],
    "/api/rules": RULES,
    "/api/rules/checkout-to-production": RULES[0],
    "/api/rules/checkout-to-production/backtest": BACKTEST,
    "/api/rules/checkout-to-production/calendar": CALENDAR,
    "/api/holds": HOLDS,
    "/api/holds/3": HOLDS[2],
    "/api/subscriptions": [SUBSCRIPTION],
    f"/api/subscriptions/{STAGING}": SUBSCRIPTION,
    "/api/deliveries": [DELIVERY],
    "/api/events": EVENTS,
    "/api/stats": STATS,
    "/api/audit-entries": AUDIT,
    "/api/people": PEOPLE,
    "/api/machine-tokens": TOKENS,
    "/api/walls": WALLS,
    "/api/findings": FINDINGS,
    f"/api/apps/{STAGING}/diff": DIFF,
    f"/api/apps/{STAGING}/explanation": EXPLANATION,
}
COMMANDS = {
    "promotions": ("promotions",),
    "promotions-info": ("promotions:info", "43"),
    "promotions-info-on-hold": ("promotions:info", "42"),
    "promotions-info-not-told": ("promotions:info", "41"),
    "promotions-info-rollback": ("promotions:info", "39"),
    "rules": ("rules",),
    "rules-info": ("rules:info", "checkout-to-production"),
    "rules-calendar": ("rules:calendar", "checkout-to-production"),
    "rules-backtest": ("rules:backtest", "checkout-to-production"),
    "holds": ("holds",),
    "holds-info": ("holds:info", "3"),
    "holds-release": ("holds:release", "3", "--dry-run"),
    "rollback": ("rollback", "-a", US, "--reason", "the cart rounds wrong", "--no-wait"),
    "commits": ("commits",),
    "webhooks": ("webhooks",),
    "webhooks-info": ("webhooks:info", "-a", STAGING),
    "webhooks-deliveries": ("webhooks:deliveries",),
    "events": ("events",),
    "stats": ("stats",),
    "audit": ("audit",),
    "people": ("people",),
    "tokens": ("tokens",),
    "wall": ("wall",),
    "doctor": ("doctor",),
    "diff": ("diff", "-a", STAGING, "--to", US),
    "explain": ("explain", "-a", STAGING),
}


class Answering(BaseHTTPRequestHandler):
    """Answers what is asked from what is written above."""

    def do_GET(self) -> None:
        """Answer."""
        self.answer()

    def do_POST(self) -> None:
        """Answer to what asks much."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer()

    def answer(self) -> None:
        """Send what is at the path."""
        found = ANSWERS.get(self.path.partition("?")[0])
        problem = {"id": "not_found", "message": f"There is no {self.path}."}
        body = json.dumps(problem if found is None else found).encode()
        self.send_response(404 if found is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def listener() -> Iterator[str]:
    """Where these answers are given."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_screen_is_as_it_was_last_read(
    autopromote: Autopromote, listener: str, name: str, width: int
) -> None:
    env = autopromote.environment(
        AUTOPROMOTE_URL=listener, AUTOPROMOTE_TOKEN="t", COLUMNS=str(width), TERM="dumb"
    )
    printed, code = shown(autopromote.command(*COMMANDS[name]), env)
    printed = MOMENT.sub(ALWAYS_THE_SAME, printed)
    assert code == 0, printed
    kept = SCREENS / f"{name}-{width}.txt"
    if os.environ.get("WRITE_SCREENS"):
        kept.write_text(printed)
    assert printed == kept.read_text()
    in_one_piece = ("$ ", "URL:", "Compare:", "autopromote ")  # to be copied
    wide = [line for line in printed.splitlines() if len(line) > width]
    assert not [line for line in wide if not line.lstrip().startswith(in_one_piece)]


def test_no_screen_is_kept_of_what_is_no_more() -> None:
    wanted = {f"{name}-{width}.txt" for name in COMMANDS for width in WIDTHS}
    assert {path.name for path in SCREENS.iterdir()} == wanted
