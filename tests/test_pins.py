"""The audit of pins, against an OSV of our own on a real socket, and against none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from demo.stage import free_port

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def osv(known: dict[str, Any]) -> Iterator[str]:
    """Run a service that knows these faults: by id, the package and where it was fixed."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            results = [{"vulns": [{"id": id}]} if (id := self._of(one)) else {} for one in asked]
            self._say({"results": results})

        def do_GET(self) -> None:
            self._say(known[self.path.rpartition("/")[2]])

        def _of(self, query: Any) -> str | None:
            name = query["package"]["name"]
            return next(
                (id for id, one in known.items() if one["affected"][0]["package"]["name"] == name),
                None,
            )

        def _say(self, answer: Any) -> None:
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def fault(name: str, *fixed: str, **more: Any) -> dict[str, Any]:
    """A fault of a package, as OSV tells of it."""
    events = [{"introduced": "0"}, *({"fixed": one} for one in fixed)]
    affected = {"package": {"name": name}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    return {"affected": [affected], **more}


def audit(folder: Path, url: str) -> tuple[int, str]:
    """Audit two pins; return the exit code and the output."""
    file = folder / "requirements.txt"
    file.write_text("alpha==1.5 \\\n    --hash=sha256:00\nbeta==2.0 ; python_version < '3.12' \\\n")
    done = subprocess.run(
        [sys.executable, "-m", "tests.pins", str(file)],
        env={**os.environ, "OSV_URL": url},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("known", "code", "said"),
    [
        ({}, 0, "2 pins audited by {url}: 0 known faults\n"),
        (
            {"GHSA-1": fault("beta", "2.1")},
            1,
            "beta 2.0: GHSA-1, mended in 2.1\n2 pins audited by {url}: 1 known faults\n",
        ),
        (
            {"GHSA-2": fault("alpha")},
            0,
            "alpha 1.5: GHSA-2, not mended yet\n2 pins audited by {url}: 1 known faults\n",
        ),
        (
            {"GHSA-3": fault("alpha", "1.4.9")},  # of the line before
            0,
            "alpha 1.5: GHSA-3, not mended yet\n2 pins audited by {url}: 1 known faults\n",
        ),
        (
            {"GHSA-4": fault("beta", "2.1", withdrawn="2026-01-01T00:00:00Z")},
            0,
            "2 pins audited by {url}: 0 known faults\n",
        ),
    ],
)
def test_fails_for_what_an_update_mends(
    tmp_path: Path, known: dict[str, Any], code: int, said: str
) -> None:
    with osv(known) as url:
        assert audit(tmp_path, url) == (code, said.format(url=url))


def test_says_that_nothing_was_audited_where_no_service_answers(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    code, said = audit(tmp_path, url)

    assert code == 0
    assert said == f"not audited: {url} does not answer ([Errno 111] Connection refused)\n"
