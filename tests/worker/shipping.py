"""Repositories of apps on the stage: commits that ship, and who tells of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from listener.core.commits import Shipment
from listener.core.promotion import Status
from listener.db import shipments
from listener.github import GitHub, Token
from listener.inventory.commits import CommitReader
from listener.worker.queues import READING
from tests.worker.emulated import PROD
from tests.worker.pipes import couple
from tests.worker.stage import Stage
from tests.worker.wire import MortalDatabase, Wire

SHOP = "acme/shop"
LOGIN = "autopromote"
HUB = "http://localhost/_github/api/v3"


def push(stage: Stage, *messages: str, **more: Any) -> list[str]:
    """Commits on the main branch, by Bo; answers their SHAs."""
    commits = [{"message": each, "author": "Bo", **more} for each in messages]
    shas: list[str] = stage.control("repositories", {"full_name": SHOP, "commits": commits})
    return shas


def connect(stage: Stage) -> str:
    """Staging and production in a pipeline with a repository; both run its first commit."""
    pipeline = couple(stage)
    [first] = push(stage, "Begin")
    stage.control(f"pipelines/{pipeline}/repo", {"full_name": SHOP}, method="PUT")
    version = stage.deploy(commit=first)
    stage.look()
    stage.age(seconds=3)
    read(stage)
    assert stage.promotion(version).status is Status.SUCCEEDED
    return first


def at_github(stage: Stage) -> Wire:
    """Have commits told by GitHub from now on; answers the wire to it, with its calls."""
    token = stage.control("github/tokens", {"login": LOGIN})["token"]
    # Whatever a test before this one has left of its hour.
    stage.control("github/rate-limits", {"login": LOGIN, "remaining": 5000, "seconds": 3600})
    hub = Wire(stage.wire.inner, stage.mortality)
    github = GitHub(Token(token), url=HUB, transport=hub)
    parts = stage.context.heroku, stage.context.reader
    database = MortalDatabase(stage.database, stage.mortality)
    commits = CommitReader(database, *parts, github)
    stage.context = replace(stage.context, github=github, commits=commits)
    return hub


def read(stage: Stage) -> None:
    """Read what ships, as a runner's thread does."""
    stage.shift(stage.seconds(3))
    while stage.step(READING):
        pass


def shipped(stage: Stage, version: int, target: str = PROD) -> Shipment:
    """What is known to ship with the promotion of a version."""
    with stage.database.begin() as conn:
        found = shipments.of(conn, stage.promotion(version, target).id)
    assert found is not None
    return found


def calls_of(stage: Stage, words: str = "") -> list[str]:
    """Calls to Heroku since the last time, that have these words in their path."""
    return [call for call in stage.wire.take_calls() if words in call]
