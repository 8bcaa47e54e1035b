"""A rule that asks about commits, played over random histories, says what it said live."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from listener.core.promotion import Status
from tests.bound import Bound
from tests.leaping import Leaping
from tests.worker.emulated import PROD
from tests.worker.shipping import SHOP, connect, read
from tests.worker.stage import Stage

SEEDS, DEPLOYS = 30, 5
ANY = {
    "commit_messages": ["fix*"],
    "not_commit_messages": ["*wip*"],
    "commit_authors": ["bo"],
    "not_commit_authors": ["ci*"],
}
PLAYED = {Status.SUCCEEDED: Status.SHADOWED}  # what went would have gone


def commit(stage: Stage, random: Random) -> str:
    """Some commits on the main branch; answers the last one's SHA."""
    wanted = [
        {
            "message": random.choice(["Fix it", "fix the wip", "Go on"]),
            "author": random.choice(["Bo", "Bo", "ci-robot"]),
        }
        for _ in range(random.randint(1, 2))
    ]
    shas: list[str] = stage.control("repositories", {"full_name": SHOP, "commits": wanted})
    return shas[-1]


def took_back(stage: Stage, random: Random, first: int) -> str:
    """Production ran a commit, and somebody took it back; answers the commit."""
    bad = commit(stage, random)
    stage.deploy(commit=bad)
    stage.look()
    if random.random() < 0.5:
        stage.ask_rollback()
        stage.work()
    else:
        stage.roll_back(PROD, first)
        stage.look(PROD)
    stage.release_hold()
    read(stage)
    stage.work()
    return bad


def asked(random: Random) -> dict[str, Any]:
    """What the rule asks for: one or two of these."""
    names = random.sample(sorted(ANY), random.randint(1, 2))
    return {**{name: ANY[name] for name in names}, "on_same_commit": random.choice(["hold", "go"])}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_is_played_is_what_was_decided(stage: Stage, heroku_clock: Leaping, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - no secret
    connect(stage)
    bad = took_back(stage, random, stage.current())
    stage.change_rule(conditions=asked(random), on_newer=random.choice(["supersede", "keep"]))
    commits, versions = [bad], []
    for _ in range(DEPLOYS):
        for _ in range(2):
            heroku_clock.leap()  # what a promotion makes of it comes in another second
        again = random.random() < 0.3
        commits.append(random.choice(commits) if again else commit(stage, random))
        versions.append(stage.deploy(commit=commits[-1]))
        stage.look()
        read(stage)
        stage.work()

    live = {version: stage.promotion(version) for version in versions}
    views = Bound(stage.context, "backtests").of_rule("ship", newest=DEPLOYS)
    played = {view.result.release.version: view.result for view in views}
    told = {version: (found.status, found.message) for version, found in played.items()}

    assert {version: found.status for version, found in played.items()} == {
        version: PLAYED.get(row.status, row.status) for version, row in live.items()
    }, (told, {version: row.reason for version, row in live.items()})
    for version, row in live.items():
        if row.status is Status.WAITING:
            asks = f"promotions:approve {row.id}`"
            reason = row.reason.replace(asks, "promotions:approve`")
            assert played[version].message == reason
