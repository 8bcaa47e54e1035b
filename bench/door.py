"""Signed deliveries answered at 16 connections, each a new one, beside peers that keep nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from bench import wrk
from bench.figures import Figure, Part, compared, percentile, told
from bench.load import Answers, Job, built, run
from bench.stages import deliveries, requests, ship, staged
from demo.stage import BIN, Stage, free_port, running, wait_for

ROUNDS, SECONDS, CONNECTIONS = 4, 2.0, 16
MOST_A_SECOND = 6000  # are built for a round before it begins


def measure() -> Part:
    """Ask ours and its peers in turns, so that a busy moment of the machine falls on all."""
    with staged() as stage, ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        ours = job(stage)
        peers = {"ours": ours, "bare": replace(ours, port=stack.enter_context(_bare(ours, folder)))}
        if shutil.which("webhook"):
            peers["webhook"] = stack.enter_context(_webhook(ours, Path(folder)))
        total = {name: Answers() for name in peers}
        for number in range(ROUNDS + 1):
            for name, one in peers.items():
                answers = send(one)
                if number:  # the first round warms every cache up
                    total[name].add(answers)
    return Part(list(_figures(total)), list(_notes(total)))


def job(stage: Stage) -> Job:
    """Return a job like Heroku's own deliveries: of a release that the listener knows by now."""
    source, _ = ship(stage, "door")
    stage.heroku(f"apps/{source}/deploys", {})
    wait_for(lambda: stage.ask("promotions", "--app", source), "its promotion")
    return job_of(stage, source)


def job_of(stage: Stage, source: str) -> Job:
    """Return a job like Heroku's own deliveries of an app's newest release."""
    sent = wait_for(lambda: deliveries(stage, source), "a delivery")[-1]
    made = [one for one in requests(stage) if one["path"].endswith("/webhooks")]
    ids = ("ATTEMPT-ID", "DELIVERY-ID", "EVENT-ID")
    metadata = {
        "attempt": {"id": ids[0]},
        "delivery": {"id": ids[1]},
        "event": {"id": ids[2], "include": "api:release"},
        "webhook": {"id": "01234567-89ab-cdef-0123-456789abcdef"},
    }
    body = {"id": ids[2], **sent["event"]["payload"], "webhook_metadata": metadata}
    return Job(
        port=stage.port,
        secret=next(str(one["body"]["secret"]) for one in made if one["method"] == "POST"),
        template=json.dumps(body, separators=(",", ":")),
        ids=ids,
        seconds=SECONDS,
        connections=CONNECTIONS,
        most=int(SECONDS * MOST_A_SECOND),
    )


def send(one: Job) -> Answers:
    """Do a job in a process of its own: `wrk` where it is installed, else one of Python."""
    return wrk.send(one) if shutil.which("wrk") else _send(one)


def _send(one: Job) -> Answers:
    command = (sys.executable, "-m", "bench.load")
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(asdict(one)) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("\n")
        process.stdin.flush()
        return Answers(**json.loads(process.stdout.read()))


@contextmanager
def _bare(ours: Job, folder: str) -> Iterator[int]:
    """Run the bare route as the listener is run; return its port."""
    port = free_port()
    env = os.environ | {
        "BARE_SECRET": ours.secret,
        "PROMETHEUS_MULTIPROC_DIR": folder,
        "PORT": str(port),
        "DATABASE_URL": "postgresql://nobody@localhost/nothing",  # read, and never used
        "SECRET_KEY": "0" * 32,
        "HEROKU_API_KEY": "HRKU-none",
        "AUTOPROMOTE_ADMINS": "ana@example.com",
    }
    command = [str(BIN / "gunicorn"), "--config", "python:bench.bare_conf", "bench.bare:app"]
    with running(command, env, Path(folder) / "bare.log"):
        _wait_until_answered(replace(ours, port=port))
        yield port


@contextmanager
def _webhook(ours: Job, folder: Path) -> Iterator[Job]:
    """Run Debian's `webhook`, which starts a command for each delivery."""
    port, hooks = free_port(), folder / "hooks.json"
    header = {"source": "header", "name": "X-Signature"}
    rule = {"type": "payload-hmac-sha256", "secret": ours.secret, "parameter": header}
    hook = {"id": "heroku", "execute-command": "/bin/true", "trigger-rule": {"match": rule}}
    hooks.write_text(json.dumps([hook]))
    command = ["webhook", "-hooks", str(hooks), "-ip", "127.0.0.1", "-port", str(port)]
    # It knows hexadecimal signatures alone, and not Heroku's.
    theirs = replace(ours, port=port, path="/hooks/heroku", is_hex=True)
    with running(command, os.environ, folder / "webhook.log"):
        _wait_until_answered(theirs)
        yield theirs


def _wait_until_answered(one: Job) -> None:
    wait_for(lambda: _is_answered(replace(one, seconds=0.0, most=1, connections=1)), "a peer")


def _is_answered(one: Job) -> bool:
    try:
        return set(run(one, built(one)).statuses) <= {"200", "204"}
    except OSError:
        return False


def _figures(total: dict[str, Answers]) -> Iterator[Figure]:
    ours, bare = total["ours"], total["bare"]
    what = f"deliveries answered, {CONNECTIONS} connections"
    yield compared(f"{what} (bare)", ours.rate, bare.rate, "/s", least=0.5)
    p50, p99 = (
        [percentile(each.milliseconds, share) for each in (ours, bare)] for share in (0.5, 0.99)
    )
    yield told("their p50", p50[0], "ms", p50[1])
    yield compared("their p99", p99[0], p99[1], "ms", most=2)
    if (webhook := total.get("webhook")) is not None:
        yield told(f"{what} (webhook)", ours.rate, "/s", webhook.rate)
        theirs = percentile(webhook.milliseconds, 0.99)
        yield told("their p99 (webhook)", p99[0], "ms", theirs)


def _notes(total: dict[str, Answers]) -> Iterator[str]:
    for name, answers in total.items():
        if wrong := {k: n for k, n in answers.statuses.items() if k not in ("200", "204")}:
            yield f"{name} answered {wrong} in {len(answers.milliseconds)}."
    if "webhook" not in total:
        yield "`webhook` (Debian's) is not installed: not compared with it."
    if not shutil.which("wrk"):
        yield "`wrk` is not installed: a client in Python sent the deliveries, and took its share."
