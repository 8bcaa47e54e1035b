"""The gates of commits: what each says of every commit that ships."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from listener.core.commits import Block, Comparison, Left, Relation, Shipment
from listener.core.gates.base import (
    Approval,
    Candidate,
    Override,
    Pass,
    Reject,
    Verdict,
    Wait,
    evaluate,
    is_reading,
    needs_word,
)
from listener.core.gates.options import parse
from listener.core.gates.registry import ALWAYS, OF_ROLLBACK, asked
from tests.core.asking import BO, CANDIDATE, CY, commit, said, shipping, yes
from tests.core.candidates import BACK, without_facts
from tests.core.releases import ANA, NOON, release

FIX, WIP = (
    commit("1", "Fix the cart\n\nFor good."),
    commit("2", "wip: half of it", login="bo-codes"),
)
BOTH = shipping(FIX, WIP)
NO = Approval(CY, NOON, is_approved=False, reason="not today")
LATER = Approval(CY, NOON + timedelta(seconds=1))
WORD = "It waits for a person's word, `autopromote promotions:approve`."
STOPPED = (
    "2 commits ship with staging v42; by its message the rule stops 2222222 “wip: half of it” by"
    f" bo-codes. {WORD}"
)
READING = Wait("What ships is being read.")
NOBODY = "Heroku names no commit of what goes."
UNTOLD = Shipment(None, None, "A", untold=NOBODY)
NOT_TOLD = "What ships with staging v42 is not told"


def of(candidate: Candidate, gate: str) -> Verdict:
    """What the gate says, with its facts."""
    return evaluate(candidate, NOON, asked(candidate)).by_name[gate]


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (
            {"shipment": shipping(FIX)},
            Pass("1 commit ships with staging v42: the message of each is as wanted."),
        ),
        ({}, Wait(STOPPED)),
        (
            {"worded": frozenset({WIP.sha})},
            Pass("A person let go what the rule stops: 2222222 “wip: half of it” by bo-codes."),
        ),
        ({"worded": frozenset({FIX.sha})}, Wait(STOPPED)),
        # A yes to the promotion is a yes to what was told then: those commits are `worded`.
        ({"approvals": yes(BO)}, Wait(STOPPED)),
        ({"approvals": (*yes(BO), NO)}, Reject(f"{CY} rejected it: not today.")),
        (
            {"approvals": yes(BO), "is_by_hand": True, "asked_by": BO},
            Pass(
                f"{BO} asked for staging v42, and so let go 2222222 “wip: half of it” by bo-codes."
            ),
        ),
        ({"approvals": yes(BO), "is_by_hand": True, "asked_by": "ci"}, Wait(STOPPED)),
        ({"approvals": yes(BO), "asked_by": BO}, Wait(STOPPED)),
        (
            {
                "approvals": yes(ANA),
                "is_by_hand": True,
                "asked_by": ANA,
                "self_approval": False,
            },
            Wait(STOPPED),
        ),
        ({"shipment": None}, READING),
        ({"shipment": None, "approvals": yes(BO)}, READING),
        (
            {"shipment": None, "approvals": yes(BO), "is_by_hand": True, "asked_by": BO},
            Pass(f"{BO} asked for staging v42, and so let go whatever ships."),
        ),
        ({"shipment": Shipment("f" * 40, None, None)}, READING),
        ({"shipment": replace(BOTH, base_artifact="Z")}, READING),
        ({"shipment": replace(UNTOLD, base_artifact="Z")}, READING),
        ({"shipment": UNTOLD}, Wait(f"{NOT_TOLD}: {NOBODY} {WORD}")),
        (
            {"shipment": shipping(FIX, of=300)},
            Wait(f"{NOT_TOLD}: only 1 of its 300 commits are told. {WORD}"),
        ),
        (
            {"shipment": shipping(commit("3", "on " * 3000))},
            Wait(f"{NOT_TOLD}: a message of its commits is too long to be kept. {WORD}"),
        ),
        (
            {"shipment": UNTOLD, "approvals": yes(BO, CY)},
            Pass(f"{NOT_TOLD}; approved by {BO} and {CY}."),
        ),
        (
            {"shipment": UNTOLD, "approvals": yes(ANA), "self_approval": False},
            Wait(f"{NOT_TOLD}: {NOBODY} {WORD}"),
        ),
        # A yes from before it was not told was said of something else.
        (
            {"shipment": replace(UNTOLD, since=NOON), "approvals": yes(BO)},
            Wait(f"{NOT_TOLD}: {NOBODY} {WORD}"),
        ),
        (
            {"shipment": shipping(FIX, of=300, since=NOON), "approvals": yes(BO)},
            Wait(f"{NOT_TOLD}: only 1 of its 300 commits are told. {WORD}"),
        ),
        (
            {"shipment": replace(UNTOLD, since=NOON), "approvals": (*yes(BO), LATER)},
            Pass(f"{NOT_TOLD}; approved by {CY}."),
        ),
        (
            {
                "shipment": replace(UNTOLD, since=NOON),
                "approvals": yes(BO),
                "is_by_hand": True,
                "asked_by": BO,
            },
            Pass(f"{BO} asked for staging v42, and so let go whatever ships."),
        ),
        ({"shipment": UNTOLD, "approvals": (NO,)}, Reject(f"{CY} rejected it: not today.")),
        (
            {"shipment": shipping(comparison=Comparison(Relation.IDENTICAL))},
            Pass("No commit ships with staging v42 that prod does not run."),
        ),
        (
            {"shipment": shipping(comparison=Comparison(Relation.BEHIND, (), (WIP,), 0, 1))},
            Pass("No commit ships with staging v42 that prod does not run."),
        ),
    ],
)
def test_every_message_is_as_the_rule_wants_or_somebody_lets_it_go(
    change: dict[str, Any], verdict: Verdict
) -> None:
    asks: dict[str, Any] = {"not_commit_messages": ["*wip*"], "shipment": BOTH, **change}
    assert said("commit-message", **asks) == verdict


@pytest.mark.parametrize(
    ("conditions", "stopped"),
    [
        ({"commit_messages": ["fix*"]}, [WIP]),
        ({"commit_messages": ["*"]}, []),
        ({"commit_messages": ["*for good*"]}, [WIP]),  # the whole message, not its first line
        ({"commit_messages": ["feature*"]}, [FIX, WIP]),
        ({"commit_messages": ["*"], "not_commit_messages": ["fix*"]}, [FIX]),
        ({"commit_authors": ["bo-*"]}, [FIX]),
        ({"commit_authors": ["bo"]}, []),  # by any name of theirs
        ({"commit_authors": ["ana*"]}, [FIX, WIP]),
        ({"not_commit_authors": ["bo-codes"]}, [WIP]),
        ({"not_commit_authors": ["cy"]}, []),
    ],
)
def test_each_commit_is_judged_by_itself(conditions: dict[str, Any], stopped: list[Any]) -> None:
    candidate = replace(CANDIDATE, conditions=parse(conditions), shipment=BOTH)
    name = "commit-author" if "author" in str(conditions) else "commit-message"
    verdict = of(candidate, name)
    assert verdict.facts.get("stopped", []) == [each.sha for each in stopped]
    assert needs_word(verdict) is bool(stopped)


@pytest.mark.parametrize("flag", ["commit_authors", "not_commit_authors"])
def test_whether_a_commit_of_nobody_fits_cannot_be_told(flag: str) -> None:
    unnamed = shipping(commit("3", author=None))
    conditions = parse({flag: ["*"]})
    candidate = replace(CANDIDATE, conditions=conditions, shipment=unnamed)
    verdict = without_facts(of(candidate, "commit-author"))
    assert verdict == Wait(
        "1 commit ships with staging v42; by its author the rule stops 3333333 “Fix the cart”."
        f" {WORD}"
    )


def test_a_word_names_the_first_five_and_counts_the_others() -> None:
    many = shipping(*(commit(f"{n}", f"wip {n}" + " on" * 40 * (n == 0)) for n in range(8)))
    candidate = replace(CANDIDATE, conditions=parse({"commit_messages": ["x"]}), shipment=many)
    verdict = of(candidate, "commit-message")
    assert "0000000 “wip 0 on on" in verdict.message
    assert "…” by Bo, 1111111" in verdict.message
    assert f"4444444 “wip 4” by Bo and 3 more. {WORD}" in verdict.message
    assert len(verdict.facts["stopped"]) == 8


def test_a_release_that_is_read_waits_for_nobody_and_what_is_untold_is_read_again() -> None:
    conditions = parse({"commit_messages": ["x"]})
    reading = of(replace(CANDIDATE, conditions=conditions), "commit-message")
    untold = of(replace(CANDIDATE, conditions=conditions, shipment=UNTOLD), "commit-message")
    assert (is_reading(reading.facts), needs_word(reading)) == (True, False)
    assert (is_reading(untold.facts), needs_word(untold)) == (False, True)
    assert reading.facts["reads"] == untold.facts["reads"] == "commits"


# Blocked commits.

BLOCK = Block(1, WIP.sha[:9], "it leaks.", ANA)
BLOCKED = Wait(
    f"staging v42 holds 2222222, which {ANA} blocked: it leaks"
    " (`autopromote commits:unblock 2222222`)."
)
FREE = Pass("None of the commits that ship with staging v42 is blocked.")
NEW = Block(2, "3" * 40, "it leaks, too", ANA, created_at=NOON)
UNCLEAR_TWO = Wait(
    f"{NOT_TOLD}: Heroku names no commit of what goes, and blocked is 2222222, 3333333. {WORD}"
)
UNCLEAR = Wait(f"{NOT_TOLD}: Heroku names no commit of what goes, and blocked is 2222222. {WORD}")


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"shipment": BOTH}, BLOCKED),
        ({"shipment": shipping(FIX)}, FREE),
        ({"commit": WIP.sha, "shipment": None}, BLOCKED),  # the head itself
        ({"commit": WIP.sha, "shipment": UNTOLD}, BLOCKED),
        ({"shipment": shipping(FIX, head=WIP.sha)}, BLOCKED),
        ({"shipment": shipping(comparison=Comparison(Relation.IDENTICAL), head=WIP.sha)}, BLOCKED),
        ({"shipment": None}, READING),
        ({"shipment": replace(BOTH, base_artifact="Z")}, READING),
        ({"shipment": shipping(FIX, WIP, of=9)}, BLOCKED),
        # Neither a yes nor a promotion by hand lets a blocked commit go.
        ({"shipment": BOTH, "approvals": yes(BO), "is_by_hand": True, "asked_by": BO}, BLOCKED),
        ({"shipment": BOTH, "override": Override(frozenset({"block"}), ANA, "now")}, BLOCKED),
        ({"shipment": UNTOLD}, UNCLEAR),
        ({"shipment": UNTOLD, "approvals": yes(BO)}, Pass(f"{NOT_TOLD}; approved by {BO}.")),
        # A yes from before the block, or from before nobody told, was said of something else.
        ({"shipment": UNTOLD, "blocks": (BLOCK, NEW), "approvals": yes(BO)}, UNCLEAR_TWO),
        (
            {"shipment": UNTOLD, "blocks": (BLOCK, NEW), "approvals": (*yes(BO), LATER)},
            Pass(f"{NOT_TOLD}; approved by {CY}."),
        ),
        ({"shipment": replace(UNTOLD, since=NOON), "approvals": yes(BO)}, UNCLEAR),
        (
            {
                "shipment": replace(UNTOLD, since=NOON),
                "approvals": yes(BO),
                "is_by_hand": True,
                "asked_by": BO,
            },
            UNCLEAR,
        ),
        ({"shipment": UNTOLD, "approvals": (NO,)}, Reject(f"{CY} rejected it: not today.")),
        # Whoever may write a rule may name a repository: that says nothing of a block.
        ({"shipment": replace(UNTOLD, repository="acme/other")}, UNCLEAR),
    ],
)
def test_a_blocked_commit_stops_all_that_holds_it(change: dict[str, Any], verdict: Verdict) -> None:
    assert said("block", **{"blocks": (BLOCK,), **change}) == verdict


def test_a_block_is_no_question_to_a_person_but_what_may_hold_it_is() -> None:
    held = replace(CANDIDATE, blocks=(BLOCK,), shipment=BOTH)
    assert not needs_word(of(held, "block"))
    assert of(held, "block").facts == {"by": ANA, "block": "1", "commit": WIP.sha}
    assert needs_word(of(replace(held, shipment=UNTOLD), "block"))


# The same commit again.

LEFT = {WIP.sha: Left("C", 17, 18)}
AGAIN = f"staging v42 is 2222222, which prod was rolled back from at v18, in a new build. {WORD}"
WENT_BACK = replace(CANDIDATE.target_history.releases[-1], version=18, created_at=NOON)


def rolled_back() -> dict[str, Any]:
    """Production went back from WIP to A in v18, at noon."""
    ran = (release(9, "Z"), release(10, "A"), release(17, "C"), WENT_BACK)
    return {"target_history": type(CANDIDATE.target_history)(ran), "left": LEFT}


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"commit": WIP.sha}, Wait(AGAIN)),
        ({"commit": WIP.sha[:9]}, Wait(AGAIN)),  # Heroku shows some by their beginning
        ({"commit": WIP.sha, "left": {WIP.sha[:9]: LEFT[WIP.sha]}}, Wait(AGAIN)),
        ({"commit": WIP.sha, "approvals": yes(BO)}, Wait(AGAIN)),  # said when it went back
        (
            {"commit": WIP.sha, "approvals": (Approval(BO, NOON + timedelta(seconds=1)),)},
            Pass(
                f"staging v42 is 2222222, which prod was rolled back from at v18; approved by {BO}."
            ),
        ),
        ({"commit": WIP.sha, "approvals": (NO,)}, Reject(f"{CY} rejected it: not today.")),
        ({"commit": FIX.sha}, Pass("prod was not rolled back from 1111111.")),
        ({"commit": FIX.sha, "shipment": UNTOLD}, Pass("prod was not rolled back from 1111111.")),
        (
            {"commit": FIX.sha, "shipment": shipping(WIP, FIX)},
            Pass(
                "staging v42 holds 2222222, which prod was rolled back from at v18; 1 commit on top"
                " is taken for the fix."
            ),
        ),
        (
            {"commit": FIX.sha, "shipment": shipping(WIP, commit("3"), FIX)},
            Pass(
                "staging v42 holds 2222222, which prod was rolled back from at v18; 2 commits on"
                " top are taken for the fix."
            ),
        ),
        (
            {"commit": FIX.sha, "shipment": shipping(FIX)},
            Pass("prod was not rolled back from 1111111."),
        ),
        (
            {"commit": None},
            Pass("Heroku names no commit of staging v42, so it is compared with none."),
        ),
    ],
)
def test_the_commit_that_the_target_was_rolled_back_from_waits(
    change: dict[str, Any], verdict: Verdict
) -> None:
    assert said("same-commit", **{**rolled_back(), **change}) == verdict


def test_a_rule_may_let_it_go_and_nobody_is_asked_where_nothing_was_rolled_back() -> None:
    assert asked(CANDIDATE) == ALWAYS
    left = replace(CANDIDATE, commit=WIP.sha, **rolled_back())
    assert [gate.name for gate in asked(left)[len(ALWAYS) :]] == ["same-commit"]
    assert asked(replace(left, conditions=parse({"on_same_commit": "go"}))) == ALWAYS
    aside = replace(left, override=Override(frozenset({"same-commit"}), ANA, "now"))
    assert needs_word(of(aside, "same-commit"))


def test_no_commit_stops_a_rollback() -> None:
    back = replace(BACK, blocks=(BLOCK,), left=LEFT, commit=WIP.sha, shipment=UNTOLD)
    assert all(isinstance(v, Pass) for _, v in evaluate(back, NOON, OF_ROLLBACK).verdicts)
