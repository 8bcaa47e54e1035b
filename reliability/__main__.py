"""`make crash`, `chaos`, `slow`, `fuzz`: by the dice of SEED, one line of figures at the end."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from demo.stage import ROOT, say
from reliability import checks, truth
from reliability.chaos import LONGEST_LAG, Chaos
from reliability.crash import Crash
from reliability.ending import Ending
from reliability.fuzz_api import ApiTrial, mistakes
from reliability.fuzz_door import DoorTrial
from reliability.ground import Ground, await_, ground
from reliability.late import Post
from reliability.people import SOURCES, TARGETS, People
from reliability.processes import until_signalled
from reliability.slow import CROWD, KINDS, Slow

LONG = 200  # with at least so many events, the slow accidents are included
# Of how many examples each route gets one more, from each caller, and how many at most.
EXAMPLES_A_ROUTE, MOST_A_ROUTE = 200, 100
MOST_TOLD = 40
QUIET_WITHIN_SECONDS = 240.0


@dataclass
class Run:
    """One run: its seed, its counters, and the violations found so far."""

    name: str
    seed: int
    number: int
    counts: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    lag: float = 0.0


def crash(run: Run) -> None:
    """Kill processes and the database while people work."""
    chance = Random(run.seed)
    dynos, workers = chance.randint(1, 3), chance.randint(0, 2)
    is_long = run.number >= LONG
    with ground(run.seed, dynos=dynos, workers=workers) as made:
        people = People(made, Random(chance.random()))
        hurt = Crash(made, people, Random(chance.random()), is_long=is_long)
        if is_long and not hurt.use_old(os.environ.get("OLD") or "HEAD~1"):
            say("No older code in this clone: nothing old runs beside the new.")
        _repeat(run, hurt.happen)
        hurt.heal()
        commits = made.relay.commits
        run.counts |= hurt.counts
        run.counts |= {"COMMITs lost": commits.lost, "COMMITs dropped": commits.dropped}
        _judge(run, made, people)


def chaos(run: Run) -> None:
    """Let Heroku fail, lie and lag while people work."""
    chance = Random(run.seed)
    with ground(run.seed, dynos=1, workers=1) as made:
        people = People(made, Random(chance.random()))
        run.lag = LONGEST_LAG
        hurt = Chaos(made, people, Random(chance.random()))
        _repeat(run, hurt.happen)
        hurt.heal()
        run.counts |= hurt.counts
        run.wrong += hurt.post.violations()
        _judge(run, made, people)


def slow(run: Run) -> None:
    """Let crowds of clients hold on to their connections while Heroku delivers."""
    with ground(run.seed, dynos=1, workers=0) as made:
        _deploy(made)
        tried = Slow(made, Post(made, Random(run.seed)))
        tried.try_all(Random(run.seed))
        run.wrong += tried.wrong
        for sentence in run.wrong:
            say(f"VIOLATION: {sentence}")
        took = sorted(1000 * each for each in tried.took)
        say(
            f"slow: {len(KINDS)} crowds of {CROWD}, {len(took)} deliveries answered in"
            f" {took[len(took) // 2]:.0f} ms by the median, {took[-1]:.0f} ms at most,"
            f" RSS (with what is shared) {tried.largest / 1024 / 1024:.0f} MB at most:"
            f" {len(run.wrong)} violations"
        )


def fuzz(run: Run) -> None:
    """Send every door and route what nobody would, signed and unsigned, by every role."""
    chance = Random(run.seed)
    with ground(run.seed, dynos=1, workers=0) as made:
        _deploy(made)
        door, api = DoorTrial(made), ApiTrial(made)
        door.run(run.number, Random(chance.random()))
        _await_rest(made)
        a_route = min(max(1, run.number // EXAMPLES_A_ROUTE), MOST_A_ROUTE)
        api.run(a_route, Random(chance.random()))
        run.wrong += door.wrong + api.wrong + list(mistakes(made))
        for sentence in run.wrong[:MOST_TOLD]:
            say(f"VIOLATION: {sentence}")
        if run.wrong:
            _keep_logs(made, f"{run.name}-{run.seed}", run.wrong)
        answers = ", ".join(f"{count} × {status}" for status, count in sorted(api.statuses.items()))
        say(f"answers of the API: {answers}")
        say(
            f"fuzz: seed {run.seed}, {door.judged} deliveries and heads judged,"
            f" {door.sent + api.sent} requests ({door.accepted} deliveries accepted):"
            f" {len(run.wrong)} violations"
        )


def _deploy(made: Ground) -> None:
    """Deploy to every source, and wait until deliveries tell of it."""
    for source in SOURCES:
        made.heroku.control(f"apps/{source}/deploys", {})
    are_told = lambda: all(made.heroku.deliveries(source) for source in SOURCES)  # noqa: E731
    await_(are_told, lambda: "deliveries", 30)


def _await_rest(made: Ground) -> None:
    """Wait until every promotion and delivery has come to its end."""
    going = (
        "SELECT (SELECT count(*) FROM promotion WHERE ended_at IS NULL)"
        " + (SELECT count(*) FROM delivery WHERE settled_at IS NULL)"
    )
    await_(
        lambda: made.database.ask(going) == [(0,)], lambda: "the end of all", QUIET_WITHIN_SECONDS
    )


def _repeat(run: Run, happen: Callable[[], object]) -> None:
    for count in range(run.number):
        happen()
        if count and count % 50 == 0:
            say(f"  {count} of {run.number}")


def _judge(run: Run, made: Ground, people: People) -> None:
    """Wait until all is quiet, and report what did not hold."""
    begun = time.monotonic()
    unrest = Ending(people).come(QUIET_WITHIN_SECONDS)
    quiet_after = time.monotonic() - begun
    found = truth.read(made, lag=run.lag)
    run.wrong += [f"not quiet: {unrest}"] if unrest else []
    run.wrong += checks.violations(found, people.diary)
    for sentence in run.wrong:
        say(f"VIOLATION: {sentence}")
    if run.wrong:
        _keep(made, people, run)
    say(", ".join(f"{what} {times}" for what, times in sorted(run.counts.items())))
    ours = sum(bool(one.nonce) for app in found.releases.values() for one in app)
    say(
        f"{run.name}: seed {run.seed}, {run.number} events, {len(people.diary)} acts of people,"
        f" {len(found.delivered)} deliveries, {len(found.promotions)} promotions, {ours} releases,"
        f" {len(found.holds)} holds, quiet after {quiet_after:.0f} s: {len(run.wrong)} violations"
    )


def _keep_logs(made: Ground, name: str, wrong: list[str]) -> Path:
    """Save the logs of a run that failed, and all that was wrong; return where."""
    place = ROOT / ".local" / "reliability" / name
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(made.folder, place, ignore=shutil.ignore_patterns("old", "tmp"))
    (place / "violations").write_text("\n".join(wrong))
    say(f"Logs and records: {place}")
    return place


def _keep(made: Ground, people: People, run: Run) -> None:
    """Save the logs, the diary and the records of a run that failed."""
    place = _keep_logs(made, f"{run.name}-{run.seed}", run.wrong)
    (place / "diary").write_text("\n".join(map(str, people.diary)))
    (place / "postgres.log").write_text(made.database.log())
    record = {app: made.heroku.releases(app) for app in (*SOURCES, *TARGETS)}
    (place / "releases.json").write_text(json.dumps(record, indent=1))
    rows = {
        table: made.database.ask(f"SELECT to_jsonb({table}) - 'gates' FROM {table}")  # noqa: S608
        for table in ("promotion", "post", "hold")
    }
    (place / "rows.json").write_text(json.dumps(rows, indent=1))


RUNS: dict[str, Callable[[Run], None]] = {
    "crash": crash,
    "chaos": chaos,
    "slow": slow,
    "fuzz": fuzz,
}


DEFAULT = {"fuzz": 1000}


def main(words: list[str]) -> int:
    """Run one of them; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m reliability", description=__doc__)
    parser.add_argument("name", choices=RUNS)
    name = parser.parse_args(words).name
    seed = int(os.environ.get("SEED") or secrets.randbelow(10**6))
    number = int(os.environ.get("N") or DEFAULT.get(name, 60))
    say(f"{name}: SEED={seed} N={number}")
    run = Run(name, seed, number)
    with until_signalled():
        RUNS[name](run)
    return 1 if run.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
