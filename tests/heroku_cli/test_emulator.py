"""The emulator answers the official Heroku CLI, which nobody here wrote, as Heroku does."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from itertools import count

import pytest

from tests.acceptance.town import ADMIN, ROBOT, Heroku
from tests.cli.program import barred, failed
from tests.heroku_cli.official import OfficialCli

NUMBERS = count(1)
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
AGO = r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \+0000 \(~ \d+[smh] ago\)"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
PROMOTING = (
    "Fetching app info...\n"
    "Fetching apps from {pipeline}...\n"
    "Starting promotion to production...\n"
    "Waiting for promotion to complete...\n"
)


@pytest.fixture
def app(heroku: Heroku) -> str:
    """An app that has run two slugs, v3 and v4."""
    name = f"shop-{next(NUMBERS)}"
    heroku.app(name)
    for commit in ("a" * 40, "b" * 40):
        heroku.deploy(name, commit=commit)
    heroku.wait_for_deliveries()  # a release's second event comes a moment after the first
    return name


@pytest.fixture
def pipeline(heroku: Heroku) -> str:
    """A pipeline with one app at staging, which has code, and one at production, which has none."""
    name = f"pipe-{next(NUMBERS)}"
    for stage in ("staging", "production"):
        heroku.app(f"{name}-{stage}")
    heroku.deploy(f"{name}-staging", commit="c" * 40)
    couplings = {stage: [f"{name}-{stage}"] for stage in ("staging", "production")}
    heroku.control("pipelines", {"name": name, "owner": ADMIN, "couplings": couplings})
    return name


@pytest.fixture
def url() -> Iterator[str]:
    """An address where nobody answers: connections to it are refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/hook"


def rows(table: str) -> list[list[str]]:
    """The cells of a table, without its ruler."""
    lines = [line.strip() for line in table.splitlines() if line.strip()]
    return [re.split(r" {3,}", line) for line in lines if not line.startswith("─")]


def test_an_app_is_shown_whole(heroku: Heroku, cli: OfficialCli, pipeline: str) -> None:
    app = f"{pipeline}-staging"
    heroku.control(f"apps/{app}/addons", {"plan": "heroku-postgresql:essential-0"})

    shown = cli.says("apps:info", "-a", app)

    assert shown.startswith(f"=== {app}\n\n")
    assert dict(re.findall(r"^([A-Z][^:]+): +(.+)$", shown, re.MULTILINE)) == {
        "Addons": "heroku-postgresql:essential-0",
        "Auto Cert Mgmt": "false",
        "Collaborators": ROBOT,
        "Dynos": "web: 1",
        "Git URL": f"https://git.heroku.com/{app}.git",
        "Owner": ADMIN,
        "Pipeline": f"{pipeline} - staging",
        "Region": "us",
        "Repo Size": "1 KB",
        "Slug Size": "2 KB",
        "Stack": "heroku-24",
        "Web URL": heroku.api("GET", f"/apps/{app}")["web_url"],
    }


def test_its_dynos_and_its_configuration_are_shown(
    heroku: Heroku, cli: OfficialCli, app: str
) -> None:
    heroku.control(f"apps/{app}/config", {"COLOUR": "red"})

    assert cli("config:get", "COLOUR", "-a", app) == ("red\n", "", 0)
    assert re.fullmatch(
        rf"=== web \(Basic\): \./bin/web --port \$PORT \(1\)\n\nweb\.1: up {AGO}\n\n",
        cli.says("ps", "-a", app),
    )


def test_an_app_that_is_not_there_is_an_error_of_the_api(cli: OfficialCli) -> None:
    message, why = "Error: Couldn't find that app.", "Error ID: not_found"

    assert cli("releases", "-a", "nobodys") == ("", barred(message, "", why), 2)


def test_releases_are_listed_newest_first(cli: OfficialCli, app: str) -> None:
    title, header, *listed = rows(cli.says("releases", "-n", "3", "-a", app))

    assert title == [f"=== {app} Releases - Current: v4"]
    assert header == ["v", "description", "user", "created_at"]
    assert [row[:3] for row in listed] == [
        ["v4", "Deploy bbbbbbbb", ADMIN],
        ["v3", "Deploy aaaaaaaa", ADMIN],
        ["v2", "Enable Logplex", ADMIN],
    ]
    assert all(re.fullmatch(AGO, row[3]) for row in listed)


def test_a_release_is_shown_with_its_configuration(
    heroku: Heroku, cli: OfficialCli, app: str
) -> None:
    heroku.control(f"apps/{app}/config", {"COLOUR": "red"})

    newest, older = (cli.says("releases:info", *which, "-a", app) for which in ([], ["v3"]))

    assert re.fullmatch(
        f"=== Release v5\n\nBy: +{ADMIN}\nChange: +Set COLOUR config vars\n"
        rf"Eligible for Rollback\?: +Yes\nWhen: +{TIME}\n\n=== v5 Config vars\n\nCOLOUR: red\n",
        newest,
    )
    assert "Deploy aaaaaaaa" in older
    assert "COLOUR" not in older


def test_a_rollback_takes_the_release_before(heroku: Heroku, cli: OfficialCli, app: str) -> None:
    outcome = cli("releases:rollback", "-a", app)

    assert (outcome.stdout, outcome.code) == ("", 0)
    assert outcome.stderr.startswith(f"Rolling back {app} to v3... done, v5\n")
    assert "To undo, run: heroku rollback v4" in outcome.stderr
    current, _, old, *_ = heroku.releases(app)
    assert (current["description"], current["slug"]) == ("Rollback to v3", old["slug"])


def test_release_output_is_followed_while_it_is_promoted_and_shown_afterwards(
    heroku: Heroku, cli: OfficialCli, pipeline: str
) -> None:
    target = f"{pipeline}-production"
    heroku.control(f"apps/{target}", {"release_phase": {"seconds": 0.3}}, "PATCH")

    promoted = cli("pipelines:promote", "-a", f"{pipeline}-staging")

    followed = "Fetching release info...\nRunning release command...\n"
    output = "Running release command...\nMigrated.\n"
    success = f"\nPromotion successful\n{target}: succeeded\n"
    begun = PROMOTING.format(pipeline=pipeline)
    assert promoted == (begun + followed + output + success, "", 0)
    assert cli("releases:output", "-a", target) == (output, "", 0)


def test_a_promotion_whose_release_phase_fails_fails(
    heroku: Heroku, cli: OfficialCli, pipeline: str
) -> None:
    target = f"{pipeline}-production"
    heroku.control(f"apps/{target}", {"release_phase": {"seconds": 0.1, "fails": True}}, "PATCH")

    promoted = cli("pipelines:promote", "-a", f"{pipeline}-staging")

    assert promoted.code == 1
    assert "Promotion to some apps failed" in promoted.stderr
    assert re.search(
        rf"^{target}: failed\n +release command failed$", promoted.stdout, re.MULTILINE
    )


def test_a_pipeline_is_shown_and_a_release_promoted_through_it(
    heroku: Heroku, cli: OfficialCli, pipeline: str
) -> None:
    staging, production = (f"{pipeline}-{stage}" for stage in ("staging", "production"))
    title, owner, *listed = rows(cli.says("pipelines:info", pipeline))
    assert (title, owner) == ([f"=== {pipeline}"], [f"owner: {ADMIN}"])
    assert listed == [["app name", "stage"], [staging, "staging"], [production, "production"]]

    promoted = cli("pipelines:promote", "-a", staging)

    success = f"\nPromotion successful\n{production}: succeeded\n"
    assert promoted == (PROMOTING.format(pipeline=pipeline) + success, "", 0)
    assert heroku.current(production)["description"] == f"Promote {staging} v3 cccccccc"
    assert heroku.current(production)["slug"] == heroku.current(staging)["slug"]


def test_a_webhook_from_its_first_day_to_its_last(
    heroku: Heroku, cli: OfficialCli, app: str, url: str
) -> None:
    none = f"{app} has no webhooks\nUse  $ heroku webhooks:add  to add one.\n"
    assert cli("webhooks", "-a", app) == (none, "", 0)

    added = cli("webhooks:add", "-i", "api:release", "-l", "sync", "-u", url, "-a", app)
    assert (added.stderr, added.code) == (f"Adding webhook to {app}... done\n", 0)
    assert re.fullmatch(r"=== Webhooks Signing Secret\n\n[0-9a-f]{60}\n", added.stdout)
    [webhook] = heroku.api("GET", f"/apps/{app}/webhooks")

    assert rows(cli.says("webhooks", "-a", app)) == [
        ["Webhook ID", "URL", "Include", "Level"],
        [webhook["id"], url, "api:release", "sync"],
    ]

    change = ("-i", "api:release,dyno", "-l", "notify", "-u", f"{url}/2", "-s", "known")
    updated = cli("webhooks:update", webhook["id"], *change, "-a", app)
    assert updated == ("", f"Updating webhook {webhook['id']} for {app}... done\n", 0)
    shown = (
        f"=== {webhook['id']}\n\n"
        f"Include:    api:release,dyno\nLevel:      notify\nURL:        {url}/2\n"
        f"Webhook ID: {webhook['id']}\n"
    )
    assert cli("webhooks:info", webhook["id"], "-a", app) == (shown, "", 0)

    removed = cli("webhooks:remove", webhook["id"], "-a", app)
    assert removed == ("", f"Removing webhook {webhook['id']} from {app}... done\n", 0)
    assert heroku.api("GET", f"/apps/{app}/webhooks") == []


def test_what_a_webhook_cannot_be_told_is_refused(cli: OfficialCli, app: str, url: str) -> None:
    added = cli("webhooks:add", "-i", "api:weather", "-l", "sync", "-u", url, "-a", app)

    refused = failed("Include has unknown entities: api:weather", "invalid_params")
    assert added == ("", f"Adding webhook to {app}... !\n{refused.stderr}", 2)


def test_deliveries_and_events_are_listed_and_shown(
    heroku: Heroku, cli: OfficialCli, app: str, url: str
) -> None:
    body = {"include": ["api:release"], "level": "notify", "url": url}
    webhook = heroku.api("POST", f"/apps/{app}/webhooks", body)
    release = heroku.deploy(app)
    heroku.wait_for_deliveries()
    first, second = heroku.api("GET", f"/apps/{app}/webhook-deliveries")

    header, *listed = rows(cli.says("webhooks:deliveries", "-s", "failed", "-a", app))
    assert header[:6] == ["Delivery ID", "Created", "Status", "Include", "Level", "Attempts"]
    told = ["failed", "api:release", "notify", "1", "ConnectError"]
    assert [[row[0], *row[2:]] for row in listed] == [[one["id"], *told] for one in (first, second)]

    shown, payload = cli.says("webhooks:deliveries:info", first["id"], "-a", app).split(
        "=== Event Payload\n"
    )
    assert dict(re.findall(r"^(Event|Webhook|Status): +(.+)$", shown, re.MULTILINE)) == {
        "Event": first["event"]["id"],
        "Webhook": webhook["id"],
        "Status": "failed",
    }
    assert json.loads(payload)["data"]["id"] == release["id"]

    header, *listed = rows(cli.says("webhooks:events", "-a", app))
    assert header == ["Event ID", "Resource", "Action", "Published At"]
    assert [row[:3] for row in listed] == [
        [first["event"]["id"], "release", "create"],
        [second["event"]["id"], "release", "update"],
    ]
