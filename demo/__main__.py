"""`make demo`: the whole product on this machine, from login to production, step by step."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from demo.stage import BIN, DemoFailed, Stage, say, wait_for
from listener.local_postgres.cluster import NoPostgres, PostgresFailed


def show(stage: Stage) -> None:
    """Run the demo: log in, subscribe, add a rule, deploy, and promote to production."""
    stage.type("login")
    stage.type("webhooks:add", "--app", "acme-staging")
    stage.type("rules:add", "ship", "--from", "acme-staging", "--to", "acme-prod")
    say("\nAna deploys to staging: git push heroku main")
    deployed_at = datetime.now().astimezone()
    release = stage.heroku("apps/acme-staging/deploys", {"description": "Deploy 1a5f89db"})
    promotion = wait_for(lambda: _ended(stage, release["version"]), "the promotion")
    tell(stage, deployed_at, release, promotion)
    if promotion["status"] != "succeeded":
        raise DemoFailed(f"promotion {promotion['id']} ended as {promotion['status']}")
    stage.type("explain", "--app", "acme-staging")
    stage.type("promotions")


def _ended(stage: Stage, version: int) -> Any:
    ended = ("succeeded", "failed", "errored", "rejected", "skipped", "superseded", "cancelled")
    for one in stage.ask("promotions"):
        if one["source"]["release"]["version"] == version and one["status"] in ended:
            return stage.ask("promotions:info", one["id"])
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


def stay(stage: Stage) -> None:
    """Keep everything running until Ctrl-C."""
    say("\nIt stays up; Ctrl-C ends it. To play along, in another terminal:\n")
    for name in ("AUTOPROMOTE_URL", "HEROKU_API_URL", "HEROKU_API_KEY", "HOME"):
        say(f"  export {name}={stage.person[name]}")
    say(f"  export PATH={BIN}:$PATH")
    say("  autopromote holds:add --app acme-prod --reason 'trying holds'")
    say(
        f"  curl -X POST {stage.heroku_url}/_emulator/apps/acme-staging/deploys"
        " -H 'content-type: application/json' -d '{}'"
    )
    say("  autopromote promotions")
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        ended.wait()
    except KeyboardInterrupt:
        say()


def main() -> int:
    """Run the demo; return 1 after an error message if it failed."""
    with tempfile.TemporaryDirectory(prefix="autopromote-demo-") as folder, ExitStack() as stack:
        stage = Stage(Path(folder), stack)
        try:
            stage.start()
            show(stage)
        except (DemoFailed, NoPostgres, PostgresFailed, httpx.HTTPError) as error:
            say(f"\nThe demo failed: {error}")
            for log in sorted(Path(folder).glob("*.log")):
                say(f"--- {log.name}\n{log.read_text()[-3000:]}")
            return 1
        if not os.environ.get("ONCE"):
            stay(stage)
    return 0


if __name__ == "__main__":
    sys.exit(main())
