"""Conditions on every commit that ships: what a rule stops, what is blocked, what left before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from listener.core.promotion import Status
from listener.core.rule import OnNewer
from listener.db import commit_words
from listener.errors import Conflict, Invalid, NotFound
from listener.roles import Reach, Scope
from listener.services.commit_blocks import NewBlock
from listener.services.promote import NewOverride, NewPromotions
from listener.worker import queues
from tests.bound import Bound
from tests.worker.emulated import ANA, BO, PROD, STAGING
from tests.worker.shipping import connect, push, read
from tests.worker.stage import Stage

CY = "cy@example.com"
READING = "What ships is being read."


def ready(stage: Stage, **conditions: Any) -> Stage:
    """Both apps of one repository, and a rule that asks for this."""
    connect(stage)
    stage.change_rule(conditions=conditions)
    stage.work()
    return stage


def ship(stage: Stage, *messages: str, **more: Any) -> tuple[int, list[str]]:
    """A deploy of new commits, decided on once what ships was read; its version, their SHAs."""
    shas = push(stage, *messages, **more)
    version = stage.deploy(commit=shas[-1])
    stage.look()
    finish(stage)
    return version, shas


def finish(stage: Stage) -> None:
    """Read what ships, and do what follows."""
    read(stage)
    stage.work()


def gate(stage: Stage, version: int, name: str) -> dict[str, Any]:
    """What a gate said last."""
    return next(each for each in stage.promotion(version).gates if each["name"] == name)


def blocks(stage: Stage) -> Any:
    """The desk where commits are blocked."""
    return Bound(stage.context, "commit_blocks")


def block(stage: Stage, sha: str, app: str | None = None) -> Any:
    """Ana blocks a commit."""
    return blocks(stage).block(NewBlock(sha=sha, reason="it leaks", app=app), by=ANA)


def word_on(stage: Stage, *shas: str) -> set[str]:
    """Those of the commits that somebody let go to production."""
    with stage.database.begin() as conn:
        return set(commit_words.of(conn, stage.app(PROD).id, shas))


# What the rule says of every commit.


def test_what_fits_goes_by_itself_once_it_is_read(stage: Stage) -> None:
    ready(stage, not_commit_messages=["*wip*"], commit_authors=["bo"])
    shas = push(stage, "Fix the cart", "Add a page")
    version = stage.deploy(commit=shas[-1])
    stage.look()
    row = stage.promotion(version)
    assert (row.status, row.reason) == (Status.WAITING, READING)
    assert stage.told("approval") == []

    assert stage.step(queues.READING), "it is due at once"
    stage.work()
    assert stage.runs(version)
    assert gate(stage, version, "commit-message")["message"].startswith("2 commits ship with")


def test_a_commit_in_the_middle_waits_for_a_word_which_counts_later_too(stage: Stage) -> None:
    ready(stage, not_commit_messages=["*[no promote]*"])
    version, shas = ship(stage, "Fix it", "Try it [no promote]", "Go on")
    row = stage.promotion(version)
    assert row.status is Status.WAITING
    assert f"the rule stops {shas[1][:7]} “Try it [no promote]” by Bo" in row.reason
    (told,) = stage.told("approval")
    assert f"promotions:approve {row.id}" in told

    later, more = ship(stage, "More on top")
    assert stage.promotion(later).status is Status.WAITING, "it ships the same commit"
    assert gate(stage, later, "commit-message")["facts"]["stopped"] == [shas[1]]
    stage.approve(later, BO)
    assert word_on(stage, *shas, *more) == {shas[1]}

    newest, _ = ship(stage, "And more")
    assert stage.runs(newest), "the word is on the commit, not on the promotion"


def test_a_word_is_on_what_was_stopped_then(stage: Stage) -> None:
    ready(stage, not_commit_messages=["*wip*"])
    stage.put_hold()
    version, first = ship(stage, "wip: one")
    stage.approve(version, BO)
    stage.work()
    later, second = ship(stage, "wip: two")
    stage.release_hold()
    finish(stage)

    assert stage.promotion(later).status is Status.WAITING
    assert gate(stage, later, "commit-message")["facts"]["stopped"] == second
    assert word_on(stage, *first, *second) == set(first)
    assert second[0][:7] in stage.told("approval")[-1]


def test_a_no_ends_it_and_lets_nothing_go_later(stage: Stage) -> None:
    ready(stage, not_commit_messages=["*wip*"])
    version, shas = ship(stage, "wip: one")
    stage.reject(version, CY, "not today")
    stage.work()
    row = stage.promotion(version)
    assert (row.status, row.reason) == (Status.REJECTED, f"{CY} rejected it: not today.")
    assert len(stage.told("rejected")) == 1
    assert word_on(stage, *shas) == set()


def test_a_later_no_takes_back_what_was_said_of_this_promotion(stage: Stage) -> None:
    ready(stage, not_commit_messages=["*wip*"])
    stage.put_hold()
    version, shas = ship(stage, "wip: one")
    stage.approve(version, BO)
    stage.work()
    later, more = ship(stage, "wip: two")
    stage.approve(later, BO)
    assert word_on(stage, *shas, *more) == {*shas, *more}
    stage.reject(later, CY, "not today")
    assert word_on(stage, *shas, *more) == set(shas), "the other word was said of another one"


def test_an_approval_for_another_reason_is_a_word_on_no_commit_that_was_not_told(
    stage: Stage,
) -> None:
    ready(stage, not_commit_messages=["*wip*"], approvals=1)
    [sha] = push(stage, "wip: one")
    version = stage.deploy(commit=sha)
    stage.look()
    stage.approve(version, BO)
    stage.work()
    finish(stage)

    assert stage.promotion(version).status is Status.WAITING
    assert gate(stage, version, "approvals")["verdict"] == "pass"
    assert len(stage.told("approval")) == 2, "of the approval, and of the commit"
    stage.approve(version, BO)
    stage.work()
    assert stage.runs(version)
    assert word_on(stage, sha) == {sha}


@pytest.mark.parametrize("by_hand_first", [True, False])
def test_a_person_who_promotes_by_hand_gives_the_word(stage: Stage, by_hand_first: bool) -> None:
    ready(stage, not_commit_messages=["*wip*"])
    [sha] = push(stage, "wip: one")
    version = stage.deploy(commit=sha)
    if not by_hand_first:
        stage.look()
        read(stage)
    stage.promote(version)
    stage.work()
    assert stage.runs(version)


def test_a_word_by_hand_on_what_was_told_counts_later(stage: Stage) -> None:
    ready(stage, not_commit_messages=["*wip*"])
    stage.change_rule(conditions={"not_commit_messages": ["*wip*"], "soak": "10m"})
    [sha] = push(stage, "wip: one")
    version = stage.deploy(commit=sha)
    stage.promote(version)
    stage.work()
    finish(stage)
    assert word_on(stage, sha) == set()
    stage.age(minutes=11)
    assert stage.runs(version)
    assert word_on(stage, sha) == {sha}


def test_a_machine_gives_no_word(stage: Stage) -> None:
    ready(stage, not_commit_messages=["*wip*"])
    [sha] = push(stage, "wip: one")
    version = stage.deploy(commit=sha)
    wish = NewPromotions(source=STAGING, targets=(PROD,), version=version)
    stage.desk.promote_by_hand(wish, by="token:ci")
    stage.work()
    finish(stage)
    assert stage.promotion(version).status is Status.WAITING


def test_the_gate_is_set_aside_for_one_promotion(stage: Stage) -> None:
    ready(stage, commit_messages=["fix*"], self_approval=False)
    version, _ = ship(stage, "wip")
    assert stage.promotion(version).status is Status.WAITING
    aside = NewOverride(gates=("commit-message",), reason="it leaks")
    wish = NewPromotions(source=STAGING, targets=(PROD,), override=aside)
    stage.desk.promote_by_hand(wish, by=ANA)
    stage.work()
    assert stage.runs(version)


# What nobody tells.


@pytest.mark.parametrize("condition", ["commit_messages", "not_commit_authors"])
def test_what_nobody_tells_waits_for_a_word(bare: Stage, condition: str) -> None:
    bare.add_rule(conditions={condition: ["*x*"]})
    version = bare.deploy()
    bare.look()
    finish(bare)
    row = bare.promotion(version)
    assert row.reason == (
        f"What ships with {STAGING} v{version} is not told: Heroku does not tell the repository of"
        f" {STAGING}: Couldn't find that repository. It waits for a person's word, `autopromote"
        f" promotions:approve {row.id}`."
    )
    assert len(bare.told("approval")) == 1
    for _ in range(2):
        bare.age(hours=2)
    assert bare.promotion(version).reason == row.reason
    bare.approve(version, BO)
    bare.age(seconds=10)
    assert bare.runs(version)


def test_waiting_for_a_word_costs_heroku_nothing(bare: Stage) -> None:
    bare.add_rule(conditions={"not_commit_messages": ["*x*"]})
    bare.deploy()
    bare.look()
    finish(bare)
    bare.wire.take_calls()
    bare.shift(timedelta(hours=2))
    for _ in range(20):
        bare.step(bare.promoting)
    assert bare.wire.take_calls() == []


def test_nobody_is_asked_for_a_word_before_it_has_soaked_and_then_at_once(bare: Stage) -> None:
    bare.add_rule(conditions={"not_commit_messages": ["*x*"], "soak": "10m"})
    version = bare.deploy()
    bare.look()
    finish(bare)
    assert bare.told("approval") == []
    assert bare.promotion_due_in(version) <= 600
    bare.age(minutes=10)
    assert len(bare.told("approval")) == 1


def test_what_is_told_at_last_is_decided_without_anybody(stage: Stage) -> None:
    ready(stage, not_commit_messages=["*wip*"])
    stage.control("faults", {"kind": "status", "path": "/pipelines/[^/]+/repo/compare"})
    [sha] = push(stage, "Fix it")
    version = stage.deploy(commit=sha)
    stage.look()
    for _ in range(9):
        stage.age(seconds=8)
        finish(stage)
    assert "is not told: " in stage.promotion(version).reason
    stage.control("faults", method="DELETE")
    stage.shift(timedelta(minutes=10))
    finish(stage)
    assert stage.runs(version)


def test_what_was_read_from_another_base_decides_nothing(stage: Stage) -> None:
    """Production is taken back while a release waits: it ships what had gone before, too."""
    ready(stage, not_commit_messages=["*wip*"], soak="1h")
    before = stage.current()
    first, wip = ship(stage, "wip: one")
    stage.age(hours=1)
    stage.approve(first, BO)
    stage.work()
    assert stage.runs(first)
    version, _ = ship(stage, "Fix it")
    assert gate(stage, version, "commit-message")["verdict"] == "pass"
    stage.roll_back(PROD, before)
    stage.look(PROD)
    stage.release_hold()
    with stage.database.begin() as conn:  # as if nobody had ever let it go
        conn.exec_driver_sql("DELETE FROM commit_word")
    stage.age(hours=1)
    stage.approve(version, BO)  # on its age, that is: before anything is told of the commit
    finish(stage)

    assert stage.promotion(version).status is Status.WAITING
    assert gate(stage, version, "commit-message")["facts"]["stopped"] == wip


def test_older_code_made_a_promotion_whose_commits_nobody_reads(stage: Stage) -> None:
    ready(stage, not_commit_messages=["*wip*"])
    [sha] = push(stage, "Fix it")
    version = stage.deploy(commit=sha)
    stage.look_only()
    with stage.database.begin() as conn:
        conn.exec_driver_sql(
            "DELETE FROM shipment WHERE promotion_id = (SELECT max(id) FROM promotion)"
        )
    stage.work()
    assert stage.promotion(version).reason == READING
    finish(stage)
    assert stage.runs(version)


# Blocked commits.


def test_a_blocked_commit_stops_every_release_that_holds_it_until_it_is_unblocked(
    stage: Stage,
) -> None:
    ready(stage)
    shas = push(stage, "Leak it", "Go on")
    put = block(stage, shas[0][:8])
    assert put.block.row.sha == shas[0][:8], "nobody knows it yet"
    version = stage.deploy(commit=shas[-1])
    stage.look()
    assert stage.promotion(version).reason == READING
    finish(stage)

    row = stage.promotion(version)
    assert row.reason == (
        f"{STAGING} v{version} holds {shas[0][:7]}, which {ANA} blocked: it leaks (`autopromote"
        f" commits:unblock {shas[0][:7]}`)."
    )
    assert [title for title in stage.notices() if "is blocked" in title] == [
        f"Promotion {row.id} of {STAGING} v{version} to {PROD} is blocked"
    ]
    later, _ = ship(stage, "And on")
    assert stage.promotion(later).status is Status.WAITING, "it holds it, too"
    with pytest.raises(Conflict, match="asks for no approval"):
        stage.approve(later, BO)
    blocks(stage).unblock(shas[0], app=None, by=BO)
    stage.work()
    assert stage.runs(later)


def test_nobody_promotes_a_blocked_commit_by_hand_and_everybody_rolls_back(stage: Stage) -> None:
    ready(stage)
    old = stage.current()
    first, _ = ship(stage, "Go")
    assert stage.runs(first)
    [sha] = push(stage, "Leak it")
    put = block(stage, sha)
    version = stage.deploy(commit=sha)
    aside = NewOverride(gates=("hold",), reason="now")
    override = NewOverride(gates=("block",), reason="now")
    wish = NewPromotions(source=STAGING, targets=(PROD,), override=override)
    with pytest.raises(Invalid, match="block cannot be set aside"):
        stage.desk.promote_by_hand(wish, by=ANA)
    wish = NewPromotions(source=STAGING, targets=(PROD,), version=version, override=aside)
    stage.desk.promote_by_hand(wish, by=ANA)
    stage.work()
    finish(stage)
    assert not stage.runs(version)
    assert put.block.row.sha == sha

    # What runs now is blocked, too: going back from it, and going back to it, are not stopped.
    running = stage.promotion(first).commit
    assert running is not None
    block(stage, running)
    stage.cancel(stage.promotion(version))
    stage.ask_rollback()
    stage.work()
    assert stage.slug_of(PROD, stage.current()) == stage.slug_of(PROD, old)


def test_a_block_is_put_between_the_decision_and_the_post(stage: Stage) -> None:
    ready(stage)
    [sha] = push(stage, "Leak it")
    version = stage.deploy(commit=sha)
    stage.tell(version, stack="heroku-24", commit=sha)

    def blocked(_: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
        answer = send()
        block(stage, sha, app=PROD)
        return answer

    stage.wire.put(blocked, method="GET", path=f"/apps/{stage.app(PROD).id}/releases")
    sent = stage.posts_sent()
    stage.work()
    finish(stage)
    assert stage.posts_sent() == sent
    assert "which ana@example.com blocked" in stage.promotion(version).reason


def test_what_posts_already_is_too_late_to_block(stage: Stage) -> None:
    ready(stage)
    stage.phase(PROD)
    version, [sha] = ship(stage, "Leak it")
    row = stage.promotion(version)
    assert row.status is Status.RELEASING
    assert block(stage, "a" * 40).too_late_for == ()
    bound = replace(stage.context, reach=Reach(sees=Scope((PROD,))))
    wish = NewBlock(sha=sha, reason="it leaks", app=PROD)
    named = Bound(bound, "commit_blocks").block(wish, by=ANA)
    assert named.too_late_for == (), "who asks may not see the source"
    put = block(stage, sha, app=STAGING)
    assert put.too_late_for == (row.id,)
    assert put.message == (
        f"{sha[:7]} is blocked on {STAGING} until it is unblocked. Too late for promotion"
        f" {row.id}, already posting."
    )


def test_where_nobody_tells_what_ships_a_block_that_may_concern_it_asks_a_person(
    bare: Stage,
) -> None:
    bare.add_rule()
    block(bare, "a" * 12, app=PROD)
    version = bare.deploy(commit="b" * 40)
    bare.look()
    finish(bare)
    row = bare.promotion(version)
    assert row.status is Status.WAITING
    assert "is not told" in row.reason
    assert "blocked is aaaaaaa" in row.reason
    bare.approve(version, BO)
    bare.work()
    assert bare.runs(version)


def test_a_yes_from_before_the_block_is_no_word_on_what_may_hold_it(bare: Stage) -> None:
    bare.add_rule(conditions={"approvals": 1})
    bare.put_hold()
    version = bare.deploy(commit="b" * 40)
    bare.look()
    finish(bare)
    bare.approve(version, BO)
    bare.work()
    block(bare, "a" * 12)
    bare.release_hold()
    finish(bare)
    assert "blocked is aaaaaaa" in bare.promotion(version).reason
    assert not bare.runs(version)
    bare.age(hours=2)  # it is asked for again, and is as it was
    finish(bare)
    bare.approve(version, BO)
    bare.age(hours=2)
    finish(bare)
    assert bare.runs(version)


def test_a_yes_to_what_was_told_is_no_word_on_what_is_not_told_after_the_target_moved(
    stage: Stage,
) -> None:
    ready(stage, approvals=1)
    stage.change_rule(on_newer=OnNewer.KEEP, conditions={"approvals": 1})
    stage.put_hold()
    first, _ = ship(stage, "One")
    second, _ = ship(stage, "Two")
    block(stage, "a" * 12, app=PROD)
    stage.approve(second, BO)
    stage.work()
    stage.control("faults", {"kind": "status", "path": "/pipelines/[^/]+/repo/compare"})
    aside = NewOverride(gates=("hold",), reason="now")
    wish = NewPromotions(source=STAGING, targets=(PROD,), version=first, override=aside)
    stage.desk.promote_by_hand(wish, by=ANA)
    stage.work()
    finish(stage)
    assert stage.runs(first)
    stage.release_hold()
    for _ in range(9):
        stage.age(seconds=8)
        finish(stage)

    assert "is not told" in stage.promotion(second).reason
    assert stage.promotion(second).status is Status.WAITING


def test_whoever_promotes_by_hand_says_nothing_of_a_block(bare: Stage) -> None:
    bare.add_rule()
    block(bare, "a" * 12, app=PROD)
    version = bare.deploy(commit="b" * 40)
    bare.promote(version)
    bare.work()
    finish(bare)
    assert "is not told" in bare.promotion(version).reason
    bare.approve(version, ANA)
    bare.work()
    assert bare.runs(version)


def test_a_rule_that_names_another_repository_opens_no_block(stage: Stage) -> None:
    ready(stage)
    _, [sha] = ship(stage, "Go")
    assert block(stage, sha).block.row.repository == "acme/shop"
    stage.control("faults", {"kind": "status", "path": "/pipelines/[^/]+/repo/compare"})
    stage.change_rule(conditions={"repo": "acme/other"})
    [later] = push(stage, "And on")
    version = stage.deploy(commit=later)
    stage.look()
    for _ in range(9):
        stage.age(seconds=8)
        finish(stage)
    assert not stage.runs(version)
    assert f"blocked is {sha[:7]}" in stage.promotion(version).reason


def test_a_block_of_another_app_concerns_nothing(stage: Stage) -> None:
    ready(stage)
    [sha] = push(stage, "Leak it")
    block(stage, sha, app="acme-prod-eu")
    version = stage.deploy(commit=sha)
    stage.look()
    assert stage.runs(version)


def test_an_abbreviation_is_found_among_what_is_known(stage: Stage) -> None:
    ready(stage)
    _, shas = ship(stage, "Leak it", "Go on")
    assert block(stage, shas[0][:7]).block.row.sha == shas[0]
    assert block(stage, shas[0][:7], app=PROD).block.row.repository == "acme/shop"
    with pytest.raises(Conflict, match="blocked there already"):
        block(stage, shas[0])
    with pytest.raises(Invalid, match="first 7 characters"):
        block(stage, shas[0][:6])
    with stage.database.begin() as conn:
        conn.exec_driver_sql(
            "UPDATE release SET commit = %s WHERE version = 1", (shas[0][:7] + "0" * 33,)
        )
    with pytest.raises(Invalid, match=f"{shas[0][:7]} may be .*: say more of it. Nothing was"):
        block(stage, shas[0][:7], app=STAGING)


def test_a_block_is_ended_where_it_was_put(stage: Stage) -> None:
    ready(stage)
    _, [sha] = ship(stage, "Leak it")
    block(stage, sha, app=PROD)
    with pytest.raises(NotFound, match=f"is not blocked there, but on {PROD}"):
        blocks(stage).unblock(sha[:7], app=None, by=ANA)
    view = blocks(stage).unblock(sha[:7], app=PROD, by=BO)
    assert (view.row.unblocked_by, view.app_name) == (BO, PROD)
    assert blocks(stage).list_(app=None, with_ended=False, limit=9) == []
    assert len(blocks(stage).list_(app=PROD, with_ended=True, limit=9)) == 1
    with pytest.raises(NotFound, match="is not blocked there"):
        blocks(stage).unblock(sha[:7], app=PROD, by=BO)


# The very commit that production was rolled back from.


def test_a_new_build_of_what_was_rolled_back_waits_and_a_fix_on_top_goes(stage: Stage) -> None:
    ready(stage)
    first, [bad] = ship(stage, "Break it")
    assert stage.runs(first)
    stage.ask_rollback()
    stage.work()
    stage.release_hold()
    rebuilt = stage.deploy(commit=bad)
    stage.look()
    row = stage.promotion(rebuilt)
    assert row.status is Status.WAITING
    assert row.reason.startswith(f"{STAGING} v{rebuilt} is {bad[:7]}, which {PROD} was rolled back")
    assert len(stage.told("approval")) == 1
    fixed, _ = ship(stage, "Mend it", "And test it")
    assert stage.runs(fixed)


def test_a_persons_word_lets_the_same_commit_go(stage: Stage) -> None:
    ready(stage)
    _, [bad] = ship(stage, "Break it")
    stage.ask_rollback()
    stage.work()
    stage.release_hold()
    rebuilt = stage.deploy(commit=bad)
    stage.look()
    stage.approve(rebuilt, BO)
    stage.work()
    assert stage.runs(rebuilt)


def test_where_the_range_is_told_the_fix_says_on_what_it_stands(stage: Stage) -> None:
    ready(stage, commit_messages=["*"])
    _, [bad] = ship(stage, "Break it")
    stage.ask_rollback()
    stage.work()
    back = stage.current()
    stage.release_hold()
    fixed, _ = ship(stage, "Mend it", "And test it")
    assert gate(stage, fixed, "same-commit")["message"] == (
        f"{STAGING} v{fixed} holds {bad[:7]}, which {PROD} was rolled back from at v{back}; 2"
        " commits on top are taken for the fix."
    )


def test_a_rule_may_let_the_same_commit_go(stage: Stage) -> None:
    ready(stage, on_same_commit="go")
    _, [bad] = ship(stage, "Break it")
    stage.ask_rollback()
    stage.work()
    stage.release_hold()
    rebuilt = stage.deploy(commit=bad)
    stage.look()
    assert stage.runs(rebuilt)


# Two at work at once.


def test_what_is_decided_while_its_commits_are_read_goes_when_they_are(stage: Stage) -> None:
    """The reader has asked already, and the decision finds nothing read: neither misses it."""
    ready(stage, not_commit_messages=["*wip*"])
    [sha] = push(stage, "Fix it")
    version = stage.deploy(commit=sha)
    stage.look_only()
    stage.shift(timedelta(seconds=3))

    def decided(_: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
        answer = send()
        assert stage.step(stage.promoting)
        assert stage.promotion(version).reason == READING
        return answer

    stage.wire.put(decided, method="GET", path="/pipelines/[^/]+/repo/compare")
    assert stage.step(queues.READING)
    stage.work()
    assert stage.runs(version)
