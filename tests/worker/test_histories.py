"""Random histories of a repository and of production: what ships is what a walk of the graph finds.

The walk is the test's own; neither the emulator's nor the listener's code takes part in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import pytest

from listener.core.commits import Shipment
from listener.core.promotion import Status
from listener.db import shipments
from listener.db.promotions import PromotionRow
from tests.worker.emulated import BO, PROD, STAGING
from tests.worker.shipping import SHOP, at_github, connect, read
from tests.worker.stage import Stage

SEEDS, DEPLOYS = 50, 5
RELATIONS = {
    (True, True): "diverged",
    (True, False): "ahead",
    (False, True): "behind",
    (False, False): "identical",
}


@dataclass
class Graph:
    """The commits of a repository, each with its parents, in the order in which they were made."""

    stage: Stage
    random: Random
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    built: dict[str, str] = field(default_factory=dict)  # commits by the slugs built from them
    main: str = ""

    def commit(self, message: str, *parents: str, branch: str = "main") -> str:
        """A commit on these parents; it becomes the last one of the branch."""
        wanted = {"message": message, "author": "Bo", "parents": list(parents)}
        body = {"full_name": SHOP, "branch": branch, "commits": [wanted]}
        [sha] = self.stage.control("repositories", body)
        self.parents[sha] = parents
        return str(sha)

    def some(self) -> str:
        """Any commit."""
        return self.random.choice(list(self.parents))

    def work(self) -> None:
        """Some commits, a merge, a revert or a force-push on the main branch."""
        what = self.random.choice(["commits", "commits", "merge", "revert", "force-push", "old"])
        if what == "merge":
            side = self.commit("On a branch", self.some(), branch="side")
            self.main = self.commit("Merge pull request #1 from side", self.main, side)
        elif what == "force-push":
            self.main = self.commit("Begin anew from here", self.some())
        elif what == "old":
            self.main = self.some()
        else:
            for number in range(self.random.randint(1, 3)):
                self.main = self.commit(f"{what} {number}", self.main)

    def build(self, sha: str, app: str = STAGING, **more: str) -> int:
        """A deploy of a commit; answers the version."""
        version = self.stage.deploy(app, commit=sha, **more)
        self.built[self.stage.slug_of(app, version)] = sha
        return version

    def reach(self, sha: str) -> set[str]:
        """A commit and all before it."""
        found: set[str] = set()
        todo = [sha]
        while todo:
            if (each := todo.pop()) not in found:
                found.add(each)
                todo += self.parents[each]
        return found

    def only(self, sha: str, other: str) -> list[str]:
        """What one commit has and the other has not, oldest first."""
        missing = self.reach(sha) - self.reach(other)
        return [each for each in self.parents if each in missing]


def ends(graph: Graph, found: Shipment, base: str, head: str) -> None:
    """What is stored is what the walk finds."""
    comparison = found.comparison
    assert comparison is not None, found.untold
    coming, leaving = graph.only(head, base), graph.only(base, head)
    assert (found.base, found.head) == (base, head)
    assert [each.sha for each in comparison.coming] == coming
    assert [each.sha for each in comparison.leaving] == leaving
    assert (comparison.ahead_by, comparison.behind_by) == (len(coming), len(leaving))
    assert comparison.relation == RELATIONS[bool(coming), bool(leaving)]
    assert found.loses_commits == bool(leaving)


def go(stage: Stage, version: int) -> PromotionRow:
    """Have the promotion of a version go, by a person's word where it wants one."""
    if stage.held():
        stage.release_hold()
        stage.work()
    if stage.promotion(version).status is Status.WAITING:
        stage.approve(version, BO)
        stage.work()
    row = stage.promotion(version)
    assert row.status is Status.SUCCEEDED, row
    return row


def play(stage: Stage, graph: Graph) -> None:
    """Production runs one thing after the other; each is read as it goes."""
    runs = graph.main
    for _ in range(DEPLOYS):
        what = graph.random.choice(["deploy", "deploy", "deploy", "hotfix", "rollback"])
        if what == "hotfix":
            runs = graph.commit("Hotfix", runs, branch="hotfix")
            graph.build(runs, PROD, user=BO, description="Hotfix")
            stage.look(PROD)
        if what == "rollback":
            runs = take_back(stage, graph, runs)
        graph.work()
        row = go_on(stage, graph)
        read(stage)
        ends(graph, shipment_of(stage, row), runs, graph.main)
        runs = graph.main


def go_on(stage: Stage, graph: Graph) -> PromotionRow:
    """A deploy of the main branch, which goes."""
    version = graph.build(graph.main)
    stage.look()
    return go(stage, version)


def take_back(stage: Stage, graph: Graph, runs: str) -> str:
    """A rollback by hand, read as what it takes back; answers what runs then."""
    now = stage.slug_of(PROD, stage.current())
    others = [r for r in stage.releases(PROD) if r["slug"] and r["slug"]["id"] != now]
    known = [r for r in others if r["slug"]["id"] in graph.built]
    if not known:
        return runs
    to = graph.random.choice(known)
    stage.ask_rollback(to=to["version"])
    stage.work()
    row = stage.promotions()[-1]
    assert row.status is Status.ROLLED_BACK
    read(stage)
    back = graph.built[to["slug"]["id"]]
    ends(graph, shipment_of(stage, row), runs, back)
    return back


def shipment_of(stage: Stage, row: PromotionRow) -> Shipment:
    """What is stored of a promotion."""
    with stage.database.begin() as conn:
        found = shipments.of(conn, row.id)
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_is_stored_is_what_a_walk_of_the_graph_finds(stage: Stage, seed: int) -> None:
    graph = Graph(stage, Random(seed))  # noqa: S311 - to be repeated
    graph.main = connect(stage)
    graph.parents[graph.main] = ()
    told_by = "github" if seed % 2 else "heroku"
    if told_by == "github":
        at_github(stage)

    play(stage, graph)

    assert {found.told_by for found in told(stage)} <= {told_by, None}
    assert any(found.told_by == told_by for found in told(stage))


def told(stage: Stage) -> list[Shipment]:
    """All that is stored, without the first deploy, whose base is no commit of the repository."""
    with stage.database.begin() as conn:
        return list(shipments.of_each(conn, [row.id for row in stage.promotions()]).values())
