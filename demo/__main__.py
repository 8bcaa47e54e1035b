"""`make demo`: the whole product on this machine, from login to production, step by step."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from contextlib import ExitStack, suppress
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx

from demo import week
from demo.ending import Ended, Ending
from demo.health import Health
from demo.hub import CHECK, Hub
from demo.passing import passing
from demo.people import ANA, BEN, write_program
from demo.stage import ROBOT, DemoFailed, Stage, say, wait_for
from listener.local_postgres.cluster import NoPostgres, PostgresFailed

# The terminal is closed, or the program that read along has ended.
UNHEARD = (errno.EIO, errno.EPIPE)
SHOP = ("acme-staging", "acme-prod", "acme-prod-eu")
SECONDS_OF_CI = 5.0
PAUSE, MOST_CHANGES = 30.0, 120  # seconds between two changes, and how many come
ENDED = 130  # as a shell says it of Ctrl-C


def make_client(stage: Stage) -> dict[str, str]:
    """Make the listener's own OAuth client, so that people log in with Heroku."""
    body = {"name": "autopromote", "redirect_uri": f"{stage.url}/login/callback"}
    headers = {
        "Accept": "application/vnd.heroku+json; version=3",
        "Authorization": f"Bearer {ROBOT}",
    }
    answer = httpx.post(f"{stage.heroku_url}/oauth/clients", json=body, headers=headers)
    client = answer.raise_for_status().json()
    return {
        "AUTOPROMOTE_OAUTH_ID": client["id"],
        "AUTOPROMOTE_OAUTH_SECRET": client["secret"],
        "AUTOPROMOTE_ALLOW_PRIVATE_CHECKS": "1",  # the health pages are on this machine
    }


def show(stage: Stage, hub: Hub, health: Health, folder: Path) -> None:
    """Run the demo: a week goes by, then one promotion by itself, and others after a yes."""
    hub.open(stage)
    stage.type("login")
    with passing(stage) as time:
        week.live(stage, hub, health, time, folder)
    show_automatic(stage)
    show_approved(stage)
    show_checked(stage, hub)
    stage.type("promotions")
    show_page(stage)


def show_automatic(stage: Stage) -> None:
    """Subscribe, add a rule, deploy, and see it arrive. Raises DemoFailed."""
    stage.type("webhooks:add", "--app", "acme-staging")
    stage.type("rules:add", "ship", "--from", "acme-staging", "--to", "acme-prod")
    say("\nAna deploys to staging: git push heroku main")
    deployed_at = datetime.now().astimezone()
    release = stage.heroku("apps/acme-staging/deploys", {"message": "Sort the offers by price"})
    promotion = wait_for(lambda: _ended(stage, release["version"], "acme-prod"), "the promotion")
    tell(stage, deployed_at, release, promotion)
    if promotion["status"] != "succeeded":
        raise DemoFailed(f"promotion {promotion['id']} ended as {promotion['status']}")
    stage.type("explain", "--app", "acme-staging")


def show_approved(stage: Stage) -> None:
    """Add a rule that wants a second pair of eyes, deploy, and approve. Raises DemoFailed."""
    say("\nacme-prod-eu shall wait for a colleague: whoever deployed cannot approve it.")
    route = ("--from", "acme-staging", "--to", "acme-prod-eu")
    stage.type("rules:add", "careful", *route, "--approvals", "1", "--no-self-approval")
    say("\nAna deploys to staging once more.")
    release = stage.heroku("apps/acme-staging/deploys", {"message": "Tell when it will arrive"})
    waiting = wait_for(
        lambda: _of(stage, release["version"], "acme-prod-eu"), "the second promotion"
    )
    stage.type("login", who=BEN)
    stage.type("promotions:approve", waiting["id"], who=BEN)
    ended = wait_for(lambda: _ended(stage, release["version"], "acme-prod-eu"), "its end")
    if ended["status"] != "succeeded":
        raise DemoFailed(f"promotion {ended['id']} ended as {ended['status']}")


def show_checked(stage: Stage, hub: Hub) -> None:
    """Let a rule wait for CI and tell GitHub, deploy, and turn CI green. Raises DemoFailed."""
    say("\nFrom now on acme-prod waits for CI, and GitHub is told of each promotion.")
    stage.type("rules:update", "ship", "--checks", "--deployment", "production")
    hub.run_ci(stage, None)
    say("\nBen merges a pull request, and it is deployed to staging; CI begins.")
    sha = hub.merge(stage, "Take coupons at the checkout", "Ben")
    release = stage.heroku("apps/acme-staging/deploys", {"commit": sha})
    waiting = wait_for(lambda: _waiting_for_ci(stage, release["version"]), "the third promotion")
    say(f"\n  promotion {waiting['id']} waits: {waiting['reason']}")
    green_at = datetime.now().astimezone()
    hub.turn_green(stage, sha)
    ended = wait_for(lambda: _ended(stage, release["version"], "acme-prod"), "its end")
    if ended["status"] != "succeeded":
        raise DemoFailed(f"promotion {ended['id']} ended as {ended['status']}")
    took = (_time(ended["timeline"][-1]["at"]) - green_at).total_seconds()
    say("\nCI turns green, and GitHub's webhook tells it.")
    say(f"{took * 1000:.0f} ms later acme-prod has the release.")
    stage.type("promotions:info", ended["id"])
    told = wait_for(lambda: hub.told(stage, sha), "the deployment at GitHub")
    say(f"\nGitHub was told of the deployment: {told}")
    say(f"  {hub.page(stage)}/deployments")
    hub.run_ci(stage, SECONDS_OF_CI)


def _waiting_for_ci(stage: Stage, version: int) -> Any:
    found = _of(stage, version, "acme-prod")
    return found if found and CHECK in (found["reason"] or "") else None


def _ended(stage: Stage, version: int, target: str) -> Any:
    ended = ("succeeded", "failed", "errored", "rejected", "skipped", "superseded", "cancelled")
    found = _of(stage, version, target)
    if not found or found["status"] not in ended or not found["ships"]["is_read"]:
        return None
    return stage.ask("promotions:info", found["id"])


def _of(stage: Stage, version: int, target: str) -> Any:
    for one in stage.ask("promotions", "--app", target):
        if one["source"]["release"]["version"] == version:
            return one
    return None


def tell(stage: Stage, deployed_at: datetime, release: Any, promotion: Any) -> None:
    """Print the timeline, in milliseconds since the deploy."""
    rule, target = promotion["rule"], promotion["target"]
    version = release["version"]
    say(f"\nWhat happened to acme-staging v{version}, in milliseconds since the deploy:\n")
    rows = [(deployed_at, "deployed", f"acme-staging v{release['version']} succeeded")]
    for delivery in stage.ask("webhooks:deliveries", "--app", "acme-staging"):
        if (delivery["release"] or {}).get("version") == release["version"]:
            text = f"{delivery['action']} event, signature verified → {delivery['outcome']}"
            rows.append((_time(delivery["received_at"]), "delivery", text))
    words = {"waiting": "decided", "posting": "posted", "releasing": "releasing"}
    for event in promotion["timeline"]:
        text = event["message"]
        if event["event"] == "waiting":
            text = f"candidate of rule {rule['name']}: promotion {promotion['id']} to acme-prod"
        rows.append((_time(event["at"]), words.get(event["event"], "released"), text))
    for at, what, text in sorted(rows, key=lambda row: row[0]):
        say(f"  {(at - deployed_at).total_seconds() * 1000:7.0f} ms  {what:<10} {text}")
    arrived = (target["release"] or {}).get("version")
    say(f"\n  acme-prod v{arrived} runs the very same slug.")
    say(f"  promotion {promotion['id']}: {promotion['status']}")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def show_page(stage: Stage) -> None:
    """Tell where the page is, and how to get in."""
    say(f"\nThe page: {stage.url}/")
    say('Press "Log in with Heroku"; at the emulated one choose ana@example.com, who may do all,')
    say("or ben@example.com, who may approve what she deployed, and press Allow.")
    stage.type("login:code")
    say(
        "\nThat code gets a browser in as well, as Ana. For a wall there is a link without a login:"
    )
    stage.type("wall:create", "office", "--apps", ",".join((*SHOP, *week.APPS)))


def stay(stage: Stage, hub: Hub, folder: Path, ending: Ending) -> None:
    """Keep everything running until somebody ends it; now and then something is deployed."""
    ana, ben = (write_program(folder / person.name, stage.people[person]) for person in (ANA, BEN))
    say("\nIt stays up; Ctrl-C ends it, and so does closing this terminal.")
    say(f"Every {PAUSE:.0f} seconds somebody merges a change of acme-api, for an hour.")
    say("To play along, paste into another terminal. It changes nothing there: each line runs one")
    say("command as Ana, who may do everything, or as Ben, who may approve what she deployed.")
    say(f"The first deploys a new commit, whose CI is green after {SECONDS_OF_CI:.0f} seconds.\n")
    say(
        f"  curl -X POST {stage.heroku_url}/_emulator/apps/acme-staging/deploys"
        " -H 'content-type: application/json' -d '{}'"
    )
    say(f"  {ana} autopromote promotions")
    say(f"  {ben} autopromote promotions:approve ID")
    say(f"  {ana} autopromote holds:release --app acme-api-us")
    say(f"\nID is that of the one that waits. `{ana} sh` is a shell of hers, until `exit`.")
    with suppress(Ended):
        for change in islice(cycle(week.LATER), MOST_CHANGES):
            if ending.wait(PAUSE):
                return
            week.deploy(stage, hub, change)
        ending.wait()


def main() -> int:
    """Run the demo; return 1 after an error message if it failed, 130 if it was ended half-way."""
    ending = Ending()
    with tempfile.TemporaryDirectory(prefix="autopromote-demo-") as folder, ExitStack() as stack:
        hub, health = Hub(), stack.enter_context(Health().open())
        stage = Stage(
            Path(folder), stack, settings=hub.settings, prepare=make_client, go_on=ending.check
        )
        try:
            stage.start()
            show(stage, hub, health, Path(folder))
            if not os.environ.get("ONCE"):
                stay(stage, hub, Path(folder), ending)
        except Ended:
            return ENDED
        except (DemoFailed, NoPostgres, PostgresFailed, httpx.HTTPError) as error:
            if ending.is_asked_for:  # Ctrl-C reached the step, too
                return ENDED
            say(f"\nThe demo failed: {error}")
            for log in sorted(Path(folder).glob("*.log")):
                say(f"--- {log.name}\n{log.read_text()[-3000:]}")
            return 1
        except OSError as error:
            if error.errno not in UNHEARD:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the last flush
            return ENDED
    return 0


if __name__ == "__main__":
    sys.exit(main())
