"""How the code to promote stands to what the target runs, and what lies between."""

from __future__ import annotations

import pytest

from listener.core.comparison import Relation, between
from listener.core.release import History
from tests.core.releases import log, release

A40, B41, C42, D43 = (release(40 + n, artifact) for n, artifact in enumerate("ABCD"))
CONFIG = release(44, "D")
SOURCE = log(A40, B41, C42, D43, CONFIG)


def prod(artifact: str | None) -> History:
    """Production once ran Z, and runs this now."""
    return log(release(9, "Z"), release(10, artifact))


@pytest.mark.parametrize(
    ("version", "target", "relation", "runs_as", "deploys", "says"),
    [
        (43, prod("A"), Relation.NEWER, 40, [43, 42, 41], "s v40; v43 brings 3 deploys."),
        (44, prod("C"), Relation.NEWER, 42, [43], "s v42; v44 brings 1 deploy."),
        (44, prod("D"), Relation.SAME, 43, [], "slug already, in v10: nothing would change."),
        (41, prod("C"), Relation.OLDER, 42, [42], "is newer: v41 would undo 1 deploy."),
        (43, prod("X"), Relation.UNRELATED, None, [43], "t runs code that s never ran, in v10."),
        (43, log(release(1, None)), Relation.UNRELATED, None, [43], "t runs no code yet."),
        (43, log(), Relation.UNRELATED, None, [43], "t runs no code yet."),
    ],
)
def test_what_a_promotion_would_change(
    version: int,
    target: History,
    relation: Relation,
    runs_as: int | None,
    deploys: list[int],
    says: str,
) -> None:
    chosen = SOURCE.find(version)
    assert chosen is not None
    found = between(chosen, SOURCE, target)
    assert (found.relation, found.runs_as, found.runs) == (relation, runs_as, target.current)
    assert [each.version for each in found.deploys] == deploys
    assert found.says(chosen, "s", "t").endswith(says)


def test_a_release_that_has_not_run_yet_stands_at_its_version() -> None:
    pending = release(45, "E", "pending")
    found = between(pending, log(A40, B41, pending), prod("A"))
    assert (found.relation, found.runs_as) == (Relation.NEWER, 40)
    assert [each.version for each in found.deploys] == [41]


def test_a_release_without_code_is_not_what_an_app_without_code_runs() -> None:
    empty = release(1, None)
    assert between(empty, log(empty), log(empty)).relation is Relation.UNRELATED
