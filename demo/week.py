"""A week of two more pipelines, made in seconds: the listener decides, and the time is moved.

`acme-api` goes from staging to Europe and from there to America; `acme-billing` waits for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from demo.health import Health
from demo.hub import Hub
from demo.passing import Passing
from demo.stage import Stage, say

API, BILLING, BILLING_PROD = "acme-api-staging", "acme-billing-staging", "acme-billing-prod"
US = "us"  # the health page of acme-api-us
REPOSITORIES = {API: "acme/api", BILLING: "acme/billing"}
PIPELINES = {
    "acme-api": {"staging": [API], "production": ["acme-api-eu", "acme-api-us"]},
    "acme-billing": {"staging": [BILLING], "production": [BILLING_PROD]},
}
APPS = tuple(app for stages in PIPELINES.values() for apps in stages.values() for app in apps)
RULES = """
[rules.api-eu]
from = "acme-api-staging"
to = ["acme-api-eu"]

[rules.api-us]
from = "acme-api-eu"
to = ["acme-api-us"]
soak = "30m"
verify = ["{health}/us"]
verify_for = "30s"
on_failure = "rollback"

[rules.billing]
from = "acme-billing-staging"
to = ["acme-billing-prod"]
soak = "30m"
"""
# Words of the last rule, and what follows it.
MORE_RULES = """approvals = 1
self_approval = false

[[freeze]]
apps = ["acme-billing-prod"]
from = "{begin}"
until = "2d"
reason = "the books of the month are closed"
"""
FILE = "autopromote.toml"
SOAK, A_WHILE = timedelta(minutes=30), timedelta(minutes=10)
QUICK, CLOSE = (15.0, 15.0, 15.0), (6.5,) * 5  # seconds between looks at a health page


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody merged, and where it was deployed."""

    app: str
    title: str
    author: str


@dataclass(frozen=True, slots=True)
class Day:
    """Changes that were merged and deployed together; `rests` is the time until the next."""

    changes: tuple[Change, ...]
    lasts: timedelta  # from the merge to the deploy
    rests: timedelta
    is_bad: bool = False  # production in America is not well after it


def _day(*changes: Change, lasts: float, rests: float, is_bad: bool = False) -> Day:
    return Day(changes, timedelta(hours=lasts), timedelta(hours=rests), is_bad)


WEEK = (
    _day(
        Change(API, "Page through orders by a cursor", "Cleo"),
        Change(BILLING, "Round VAT as the tax office does", "Dan"),
        lasts=1.5,
        rests=21,
    ),
    _day(Change(API, "Answer 409 for an order that was sent", "Ben"), lasts=0.4, rests=23),
    _day(
        Change(API, "Cache the exchange rates for a minute", "Cleo"),
        Change(BILLING, "Send an invoice again when asked", "Ana"),
        lasts=3,
        rests=4,
    ),
    _day(Change(API, "Log who cancels an order", "Dan"), lasts=0.7, rests=40),
    _day(
        Change(API, "Limit searches to a hundred answers", "Ana"),
        Change(BILLING, "Show the due date in the subject", "Ben"),
        lasts=2,
        rests=19,
    ),
    _day(Change(API, "Keep connections to America open", "Cleo"), lasts=0.5, rests=2, is_bad=True),
)
LATER = (
    Change(API, "Name the order in each error", "Ben"),
    Change(API, "Sort orders by their last change", "Cleo"),
    Change(API, "Tell clients when to ask again", "Dan"),
    Change(API, "Count requests by client", "Ana"),
)
WAITS = Change(BILLING, "Move customers to the new price list", "Cleo")


def open_pipelines(stage: Stage) -> None:
    """Make the apps, their repositories and what they run at first."""
    for name, stages in PIPELINES.items():
        [source] = stages["staging"]
        repository = REPOSITORIES[source]
        first = {"message": "Begin", "author": "Ana <ana@example.com>"}
        stage.heroku("repositories", {"full_name": repository, "commits": [first]})
        for app in (app for apps in stages.values() for app in apps):
            stage.heroku("apps", {"name": app})
        stage.heroku("pipelines", {"name": name, "couplings": stages})
        for connected in (f"apps/{source}", f"pipelines/{name}"):
            stage.heroku(f"{connected}/repo", {"full_name": repository}, "PUT")
        slug = stage.heroku(f"apps/{source}/deploys", {})["slug"]["id"]
        for app in stages["production"]:
            stage.heroku(f"apps/{app}/deploys", {"slug_id": slug})


def live(stage: Stage, hub: Hub, health: Health, passing: Passing, folder: Path) -> None:
    """Let the week happen. Raises DemoFailed."""
    say("\nTwo more pipelines, with rules from a file: acme-api goes on from Europe to America")
    say("where its health is watched, and acme-billing waits for half an hour.")
    open_pipelines(stage)
    (folder / FILE).write_text(RULES.format(health=health.url))
    stage.type("rules:apply", "--file", FILE)
    for source in REPOSITORIES:
        stage.type("webhooks:add", "--app", source)
    say("\nA week goes by: the listener decides on all of this, and only the times are made up,")
    say("in its database and at the emulated Heroku alike.\n")
    for day in WEEK:
        live_through(stage, hub, health, passing, day)
    say("\nFrom now on a colleague approves what goes to acme-billing-prod, which freezes soon.")
    with (folder / FILE).open("a") as file:
        file.write(MORE_RULES.format(begin=_in_two_days()))
    stage.type("rules:apply", "--file", FILE, "--reason", "a wrong price list nearly went out")
    deploy(stage, hub, WAITS)
    passing.let(seconds=SOAK.total_seconds() + A_WHILE.total_seconds())
    passing.look_around()


def _in_two_days() -> str:
    """Return an evening soon."""
    evening = datetime.now(UTC).replace(hour=18, minute=0, second=0, microsecond=0)
    return (evening + timedelta(days=2)).isoformat()


def live_through(stage: Stage, hub: Hub, health: Health, passing: Passing, day: Day) -> None:
    """Merge, deploy, and let the promotions go to their end. Raises DemoFailed."""
    say(f"  deployed: {'; '.join(f'{each.title} ({each.author})' for each in day.changes)}")
    merged = [(each, merge(stage, hub, each)) for each in day.changes]
    passing.let(seconds=day.lasts.total_seconds())
    for each, sha in merged:
        stage.heroku(f"apps/{each.app}/deploys", {"commit": sha})
    passing.settle()
    if day.is_bad:
        health.unwell.add(US)
        say("  acme-api-us answers 503 after it: it goes back by itself, and stands on hold")
    passing.let(seconds=SOAK.total_seconds())
    for seconds in CLOSE if day.is_bad else QUICK:
        passing.let(seconds=seconds)
    health.unwell.clear()
    passing.let(seconds=day.rests.total_seconds())


def deploy(stage: Stage, hub: Hub, change: Change) -> None:
    """Merge a change, and deploy it at once."""
    stage.heroku(f"apps/{change.app}/deploys", {"commit": merge(stage, hub, change)})


def merge(stage: Stage, hub: Hub, change: Change) -> str:
    """Merge a change; return its commit."""
    return hub.merge(stage, change.title, change.author, REPOSITORIES[change.app])
