"""Every gate that a rule may ask for, by its flag: what it says, and what lets a release go.

`check` is driven beside `--verify`, in test_after_the_post: it needs a listener of its own. So is
`github-checks` by the demo, whose listener has a GitHub.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from listener.core.gates.registry import OF_RULES
from tests.acceptance.command_line.people import answer_of, apps
from tests.acceptance.town import ADMIN, Town, wait_until
from tests.cli.program import Autopromote

pytestmark = pytest.mark.acceptance

ELSEWHERE = frozenset({"check", "github-checks"})
YESTERDAY = f"{datetime.now(UTC) - timedelta(days=1):%a} 00:00-00:01 UTC"


class Route:
    """Two apps, a subscription, and a rule with some flags."""

    def __init__(self, town: Town, ana: Autopromote, name: str, *flags: str) -> None:
        self.town, self.ana, self.name = town, ana, name
        self.source, self.target = f"g-{name}-staging", f"g-{name}-prod"
        apps(town, self.source, self.target)
        assert ana("webhooks:add", "-a", self.source).code == 0
        added = ana("rules:add", name, "--from", self.source, "--to", self.target, *flags)
        assert added.code == 0, added.stderr

    def deploy(self, **values: Any) -> int:
        """New code on the source; answers its version."""
        return int(self.town.heroku.deploy(self.source, **values)["version"])

    def promotion(self, version: int, status: str) -> Any:
        """The promotion of a version, once it has this status."""
        return self.town.wait_for(status, version, self.target)

    def goes(self, version: int) -> None:
        """It is promoted: the target runs the very slug."""
        self.promotion(version, "succeeded")
        slugs = [self.town.heroku.current(app)["slug"] for app in (self.source, self.target)]
        assert slugs[0] == slugs[1]

    def update(self, *flags: str) -> None:
        """Change the rule."""
        changed = self.ana("rules:update", self.name, *flags)
        assert changed.code == 0, changed.stderr

    def says(self, gate: str, version: int) -> str:
        """The line that `explain` shows of a gate, once it shows one."""

        def look() -> str | None:
            shown = self.ana("explain", "-a", self.source, f"v{version}").stdout
            lines = (line for line in shown.splitlines() if line[2:].startswith(f"{gate} "))
            return next(lines, None)

        return wait_until(look, f"what {gate} says of v{version}")


Make = Callable[..., Route]


@pytest.fixture
def route(town: Town, ana: Autopromote) -> Make:
    """Make a route; each has apps and a rule of its own."""
    return lambda name, *flags: Route(town, ana, name, *flags)


def test_soak(route: Make) -> None:
    soaking = route("soak", "--soak", "3s")
    version = soaking.deploy()
    soaking.promotion(version, "waiting")
    soaking.goes(version)
    assert f"v{version} has soaked for 3s." in soaking.says("soak", version)


def test_window(route: Make) -> None:
    closed = route("window", "--window", YESTERDAY)
    version = closed.deploy()
    assert "Outside the rule's windows; the next opens " in closed.says("window", version)
    assert closed.promotion(version, "waiting")["earliest_at"] is not None
    closed.update("--window", "daily 00:00-24:00 UTC")
    closed.goes(version)


def test_closed_times(route: Make) -> None:
    closed = route("closed", "--closed", f"{datetime.now(UTC):%a} UTC", "--closed", "1 Jan")
    version = closed.deploy()
    assert f"Closed: {datetime.now(UTC):%a} UTC, until " in closed.says("closed", version)
    assert closed.promotion(version, "waiting")["earliest_at"] is not None
    closed.update("--closed", "1 Jan" if datetime.now(UTC).month > 1 else "1 Jul")
    closed.goes(version)


@pytest.mark.parametrize(
    ("gate", "limit", "said"),
    [("min-gap", "1h", "was less than 1h ago"), ("max-per-day", "1", "24 hours")],
)
def test_pace(route: Make, gate: str, limit: str, said: str) -> None:
    paced = route(gate, f"--{gate}", limit)
    first = paced.deploy()
    paced.goes(first)
    second = paced.deploy()
    paced.promotion(second, "waiting")
    assert said in paced.says(gate, second)
    paced.update(f"--{gate}", "none")
    paced.goes(second)


@pytest.mark.parametrize(
    ("gate", "flags", "unwanted", "wanted"),
    [
        ("author", ("--not-author", "bo@*"), {"user": "bo@example.com"}, {"user": ADMIN}),
        (
            "description",
            ("--description", "/^Deploy/"),
            {"description": "Experiment"},
            {"description": "Deploy 1a5f89db"},
        ),
    ],
)
def test_who_and_what(
    route: Make, gate: str, flags: tuple[str, ...], unwanted: Any, wanted: Any
) -> None:
    picky = route(gate, *flags)
    version = picky.deploy(**unwanted)
    picky.promotion(version, "rejected")
    assert picky.says(gate, version).startswith(f"✗ {gate}")
    picky.goes(picky.deploy(**wanted))


def connect(route: Route) -> Callable[..., str]:
    """Both apps in a pipeline with a repository, and what pushes to that; answers the SHA."""
    heroku, name = route.town.heroku, f"acme/{route.name}"
    couplings = {"staging": [route.source], "production": [route.target]}
    heroku.control("pipelines", {"name": route.name, "couplings": couplings})

    def push(message: str, author: str = "Ana <ana@example.com>") -> str:
        commits = [{"message": message, "author": author}]
        [sha] = heroku.control("repositories", {"full_name": name, "commits": commits})
        return str(sha)

    first = push("Begin")
    heroku.control(f"pipelines/{route.name}/repo", {"full_name": name}, method="PUT")
    route.goes(route.deploy(commit=first))
    return push


@pytest.mark.parametrize(
    ("gate", "flags", "unwanted"),
    [
        ("commit-message", ("--not-commit-message", "*[no promote]*"), {"message": "[no promote]"}),
        ("commit-author", ("--not-commit-author", "*bot*"), {"message": "Bump", "author": "a-bot"}),
    ],
)
def test_a_commit_that_does_not_go_waits_for_a_person_s_word(
    route: Make, gate: str, flags: tuple[str, ...], unwanted: Any
) -> None:
    picky = route(gate)
    push = connect(picky)
    picky.update(*flags)
    sha = push(**unwanted)
    version = picky.deploy(commit=push("On top"))

    said = picky.says(gate, version)
    while "being read" in said:
        said = picky.says(gate, version)
    promotion = picky.promotion(version, "waiting")

    assert said.startswith(f"◷ {gate}")
    assert sha[:7] in said
    assert picky.ana("promotions:approve", promotion["id"]).code == 0
    picky.goes(version)


def test_brake_and_approvals(route: Make, town: Town) -> None:
    braked = route("brake", "--brake", "1/1h")
    fails = {"release_phase": {"seconds": 0.1, "fails": True}}
    town.heroku.control(f"apps/{braked.target}", fails, method="PATCH")
    braked.promotion(braked.deploy(), "failed")
    town.heroku.control(f"apps/{braked.target}", {"release_phase": None}, method="PATCH")
    version = braked.deploy()
    promotion = braked.promotion(version, "waiting")
    assert "◷ brake" in braked.says("brake", version)
    assert braked.ana("promotions:approve", promotion["id"]).code == 0
    braked.goes(version)

    braked.update("--brake", "none", "--approvals", "1")
    version = braked.deploy()
    promotion = braked.promotion(version, "waiting")
    assert "0 of 1 approvals" in braked.says("approvals", version)
    assert braked.ana("promotions:approve", promotion["id"]).code == 0
    braked.goes(version)


def test_parity(route: Make, town: Town) -> None:
    unlike = route("parity", "--parity", "stack,buildpacks,config-names")
    town.heroku.control(f"apps/{unlike.source}/config", {"NEW_KEY": "s3cr3t"})
    version = unlike.deploy()
    unlike.promotion(version, "waiting")
    said = unlike.says("parity", version)
    assert f"◷ parity  {unlike.target} lacks config vars of {unlike.source}: NEW_KEY." in said
    assert "s3cr3t" not in str(answer_of(unlike.ana, "explain", "-a", unlike.source))
    town.heroku.control(f"apps/{unlike.target}/config", {"NEW_KEY": "another"})
    unlike.update("--parity", "config-names")  # and thereby has it decided anew at once
    unlike.goes(version)


def test_a_gate_that_is_new_is_driven_here_too() -> None:
    driven = {"soak", "window", "closed", "min-gap", "max-per-day", "author", "commit-message"}
    driven |= {"commit-author", "description", "brake", "approvals", "parity"}
    assert driven | ELSEWHERE == {gate.name for gate in OF_RULES}
