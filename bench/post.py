"""From a staging release to the `POST` on the wire, beside a script with two curls."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from bench.figures import Figure, Part, compared, median, told
from bench.stages import deliveries, forget_requests, is_at_rest, pair, requests, ship, staged
from demo.stage import ROBOT, Stage, wait_for
from listener.heroku import HEADER

ROUNDS = 12
LATENCY = 0.1
# The two calls of https://devcenter.heroku.com/articles/platform-api-copying-slugs.
SCRIPT = """\
#!/bin/sh
set -e
call() { curl -sf -H 'Accept: application/vnd.heroku+json; version=3' \\
  -H "Authorization: Bearer $HEROKU_API_KEY" "$@"; }
slug=$(call "$HEROKU_API_URL/apps/$1/releases/$2" |
  sed -n 's/.*"slug": *{"id": *"\\([^"]*\\)"}.*/\\1/p')
call -X POST -H 'Content-Type: application/json' -d "{\\"slug\\": \\"$slug\\"}" \\
  "$HEROKU_API_URL/apps/$3/releases" >/dev/null
"""


def measure() -> Part:
    """Deploy for ours and for the script in turns, Heroku answering at once, then late."""
    if not shutil.which("curl"):
        return Part((), ("`curl` is not installed: the way to the POST is not measured.",))
    with staged() as stage, _scripted(stage) as scripted:
        sources = {"ours": ship(stage, "ours")[0], "script": scripted}
        at_once = _took(stage, sources)
        stage.heroku("faults", {"kind": "latency", "applied": True, "seconds": LATENCY})
        late = _took(stage, sources)
    figures = [*_figures("at once", at_once, most=1.5), *_figures("after 100 ms", late, most=1.0)]
    note = (
        "`webhook` has no way to verify Heroku's signatures: the script with the two curls is"
        " started by a receiver of our own, which verifies and answers at once."
    )
    return Part(figures, (note,))


def to_post(stage: Stage, source: str) -> float:
    """Deploy to the source; return the milliseconds from its release to the POST's arrival."""
    released_at, posted_at = moments(stage, source)
    return (posted_at - released_at).total_seconds() * 1000


def moments(stage: Stage, source: str) -> tuple[datetime, datetime]:
    """Deploy to the source; return when its release was made, and when the POST arrived."""
    forget_requests(stage)
    version = stage.heroku(f"apps/{source}/deploys", {})["version"]
    post = wait_for(partial(_post, stage), "the POST")
    stage.heroku("flush", {})  # the second event of the release, too
    wait_for(partial(is_at_rest, stage), "what follows the POST")
    events = [one["event"]["payload"] for one in deliveries(stage, source)]
    made = [one["created_at"] for one in events if one["data"]["version"] == version]
    return datetime.fromisoformat(min(made)), datetime.fromisoformat(post["arrived_at"])


def _post(stage: Stage) -> Any:
    sent = (one for one in requests(stage) if one["method"] == "POST")
    return next((one for one in sent if re.fullmatch("/apps/[^/]+/releases", one["path"])), None)


def _took(stage: Stage, sources: Mapping[str, str]) -> dict[str, list[float]]:
    """Return the milliseconds of each way, by its source; the first round warms up."""
    took: dict[str, list[float]] = {name: [] for name in sources}
    for number in range(ROUNDS + 1):
        for name, source in sources.items():
            one = to_post(stage, source)
            if number:
                took[name].append(one)
    return took


def _figures(when: str, took: Mapping[str, list[float]], *, most: float) -> Iterator[Figure]:
    ours, script = took["ours"], took["script"]
    what = f"release → POST on the wire, Heroku answering {when}"
    yield compared(what, median(ours), median(script), "ms", most=most)
    yield told("its slowest", max(ours), "ms", max(script))


# The script, and what starts it.


@contextmanager
def _scripted(stage: Stage) -> Iterator[str]:
    """Have the script promote between two apps; return the name of the source."""
    source, target = pair(stage, "script")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "promote.sh"
        script.write_text(SCRIPT)
        env = os.environ | {"HEROKU_API_KEY": ROBOT, "HEROKU_API_URL": stage.heroku_url}

        def promote(version: int) -> None:
            subprocess.Popen(("/bin/sh", str(script), source, str(version), target), env=env)

        with _receiver(promote) as (url, secret):
            _subscribe(stage, source, url, secret)
            yield source


def _subscribe(stage: Stage, source: str, url: str, secret: str) -> None:
    body = {"include": ["api:release"], "level": "sync", "url": url, "secret": secret}
    head = {
        "Authorization": f"Bearer {ROBOT}",
        "Accept": "application/vnd.heroku+json; version=3",
    }
    address = f"{stage.heroku_url}/apps/{source}/webhooks"
    httpx.post(address, json=body, headers=head).raise_for_status()


@contextmanager
def _receiver(promote: Callable[[int], None]) -> Iterator[tuple[str, str]]:
    """Verify deliveries, answer, and promote what a first event names; give the URL and secret."""
    secret = secrets.token_hex(32)

    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()
            assert hmac.compare_digest(made, self.headers[HEADER])
            self.send_response_only(204)
            self.end_headers()
            event = json.loads(body)
            if event["action"] == "create":
                promote(event["data"]["version"])

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", secret
    server.shutdown()
    server.server_close()
