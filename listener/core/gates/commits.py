"""The gates of commits: what every one that ships says, who wrote it, who blocked it, what left.

A commit that does not fit rejects nothing: a person's word lets it go, now and in later ranges.
What is not told is no pass either, and waits for a person's word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from listener.core.app import Facts
from listener.core.commits import Block, Commit, Comparison, Relation, is_same, short
from listener.core.gates.base import NEEDS_WORD, READING, Candidate, Pass, Verdict, Wait
from listener.core.gates.review import named, rejected, votes
from listener.core.pattern import Pattern, first_match

MOST_NAMED = 5
LONGEST_SUBJECT = 60


def commit_message(candidate: Candidate, now: datetime) -> Verdict:
    """Wait for a person's word on each commit that says what the rule does not let go."""
    wanted, unwanted = _patterns(candidate, "commit_messages")
    return _of_each(candidate, "message", lambda c: _fits((c.message,), wanted, unwanted))


def commit_author(candidate: Candidate, now: datetime) -> Verdict:
    """Wait for a person's word on each commit by somebody whose commits the rule does not let go.

    Nobody knows whether a commit without an author fits.
    """
    wanted, unwanted = _patterns(candidate, "commit_authors")
    return _of_each(
        candidate, "author", lambda c: bool(c.people) and _fits(c.people, wanted, unwanted)
    )


def _patterns(candidate: Candidate, name: str) -> tuple[Sequence[Pattern], Sequence[Pattern]]:
    conditions = candidate.conditions
    return getattr(conditions, name), getattr(conditions, f"not_{name}")


def _fits(said: Sequence[str], wanted: Sequence[Pattern], unwanted: Sequence[Pattern]) -> bool:
    if any(first_match(unwanted, each) is not None for each in said):
        return False
    return not wanted or any(first_match(wanted, each) is not None for each in said)


def _of_each(candidate: Candidate, what: str, fits: Callable[[Commit], bool]) -> Verdict:
    if (objection := rejected(candidate)) is not None:
        return objection
    found, name = told(candidate), named(candidate)
    if not isinstance(found, Comparison):
        return _unknown(candidate, found)
    if not found.coming:
        return Pass(f"No commit ships with {name} that {candidate.target.name} does not run.")
    stopped = [each for each in found.coming if not fits(each)]
    if stopped:
        return _stopped(candidate, stopped, f"{_counted(found.coming)} with {name}; by its {what}")
    return Pass(f"{_counted(found.coming)} with {name}: the {what} of each is as wanted.")


def _unknown(candidate: Candidate, found: Wait | str) -> Verdict:
    if by := _asked_by(candidate):  # it may be urgent, and GitHub slow
        return Pass(f"{by} asked for {named(candidate)}, and so let go whatever ships.")
    return _untold(candidate, found) if isinstance(found, str) else found


def _stopped(candidate: Candidate, stopped: Sequence[Commit], what: str) -> Verdict:
    """Wait for a person's word on those of the commits that nobody let go to this target yet."""
    unsaid = [each for each in stopped if each.sha not in candidate.worded]
    if not unsaid:
        return Pass(f"A person let go what the rule stops: {_list(stopped)}.")
    facts: Facts = {"stopped": [each.sha for each in unsaid]}
    if by := _asked_by(candidate):
        message = f"{by} asked for {named(candidate)}, and so let go {_list(unsaid)}."
        return Pass(message, {**facts, "word_of": by})
    message = f"{what} the rule stops {_list(unsaid)}. {_by_word(candidate)}"
    return Wait(message, None, {**NEEDS_WORD, **facts})


def told(candidate: Candidate) -> Comparison | Wait | str:
    """Return every commit that ships; else a wait while it is read, or why it is not told.

    What was read from another base says nothing of what ships to what the target runs now.
    """
    ships, current = candidate.shipment, candidate.target_history.current
    runs = current.artifact if current is not None else None
    if ships is None or not ships.is_read or ships.base_artifact != runs:
        return Wait("What ships is being read.", None, {**READING})
    found = ships.comparison
    if found is None:
        return ships.untold or "nobody was asked."
    if len(found.coming) < found.ahead_by:
        return f"only {len(found.coming)} of its {found.ahead_by} commits are told."
    return found if found.is_whole else "a message of its commits is too long to be kept."


def _untold(candidate: Candidate, why: str, blocks: Sequence[Block] = ()) -> Verdict:
    """Ask a person, unless one spoke since it stands so. What is told later is decided anew.

    An older yes, or the wish of whoever promotes by hand, was said of something else.
    """
    what, ships = f"What ships with {named(candidate)} is not told", candidate.shipment
    began = (ships.since if ships is not None else None, *(each.created_at for each in blocks))
    since = max((at for at in began if at is not None), default=None)
    if given := votes(candidate, after=since):
        return Pass(f"{what}; approved by {' and '.join(given)}.", {"approved_by": given})
    message = f"{what}: {why.removesuffix('.')}. {_by_word(candidate)}"
    return Wait(message, None, {**READING, **NEEDS_WORD})


def _by_word(candidate: Candidate) -> str:
    return f"It waits for a person's word, `{candidate.approve}`."


def _asked_by(candidate: Candidate) -> str | None:
    """Return the person who asked for this very promotion, whose vote counts."""
    given = votes(candidate) if candidate.is_by_hand else []
    return next((by for by in given if by == candidate.asked_by), None)


def _counted(commits: Sequence[Commit]) -> str:
    return "1 commit ships" if len(commits) == 1 else f"{len(commits)} commits ship"


def _list(commits: Sequence[Commit]) -> str:
    """Name the first commits, and count the others."""
    first = ", ".join(_said(each) for each in commits[:MOST_NAMED])
    more = len(commits) - MOST_NAMED
    return f"{first} and {more} more" if more > 0 else first


def _said(commit: Commit) -> str:
    subject = commit.subject
    if len(subject) > LONGEST_SUBJECT:
        subject = f"{subject[: LONGEST_SUBJECT - 1].rstrip()}…"
    by = f" by {commit.people[0]}" if commit.people else ""
    return f"{short(commit.sha)} “{subject}”{by}"


def block(candidate: Candidate, now: datetime) -> Verdict:
    """Wait while a blocked commit ships, until it is unblocked; no word lets it go.

    Where nobody tells what ships, every block may concern it: wait for a person's word. The name of
    a repository clears nothing, for people write it into rules.
    """
    blocks = candidate.blocks
    if not blocks:
        return Pass("No commit is blocked.")
    found, name = told(candidate), named(candidate)
    if (stopping := _stopping(candidate, found)) is not None:
        held, sha = stopping
        command = f"`autopromote commits:unblock {short(sha)}`"
        message = (
            f"{name} holds {short(sha)}, which {held.by} blocked: {held.reason.removesuffix('.')}"
            f" ({command})"
        )
        return Wait(f"{message}.", None, {"by": held.by, "block": str(held.id), "commit": sha})
    if isinstance(found, Wait):
        return found
    if not isinstance(found, str):
        return Pass(f"None of the commits that ship with {name} is blocked.")
    if (objection := rejected(candidate)) is not None:
        return objection
    which = ", ".join(short(each.sha) for each in blocks[:MOST_NAMED])
    return _untold(candidate, f"{found.removesuffix('.')}, and blocked is {which}.", blocks)


def _stopping(candidate: Candidate, found: Comparison | Wait | str) -> tuple[Block, str] | None:
    """Return the block that stops it, and the commit; of what is known, even if that is not all."""
    ships = candidate.shipment
    known = [sha for sha in (candidate.commit, ships.head if ships else None) if sha]
    is_of_now = not isinstance(found, Wait)
    if is_of_now and ships is not None and ships.comparison is not None:
        known += [each.sha for each in ships.comparison.coming]
    both = ((held, sha) for held in candidate.blocks for sha in known if held.stops(sha))
    return next(both, None)


def same_commit(candidate: Candidate, now: datetime) -> Verdict:
    """Wait for a person's word on a new build of the very commit that a rollback took off.

    A commit on top of it is taken for the fix.
    """
    commit, name, target = candidate.commit, named(candidate), candidate.target.name
    if commit is None:
        return Pass(f"Heroku names no commit of {name}, so it is compared with none.")
    again = next((left for sha, left in candidate.left.items() if is_same(sha, commit)), None)
    if again is None:
        return Pass(_on_top(candidate) or f"{target} was not rolled back from {short(commit)}.")
    if (objection := rejected(candidate)) is not None:
        return objection
    what = f"{short(commit)}, which {target} was rolled back from at v{again.rollback}"
    facts: Facts = {"commit": commit, "rolled_back_in": again.rollback}
    # A yes from before the rollback was said in another situation.
    rollback = candidate.target_history.find(again.rollback)
    if given := votes(candidate, after=rollback.created_at if rollback is not None else None):
        return Pass(f"{name} is {what}; approved by {' and '.join(given)}.", facts)
    message = f"{name} is {what}, in a new build. {_by_word(candidate)}"
    return Wait(message, None, {**NEEDS_WORD, **facts})


def _on_top(candidate: Candidate) -> str | None:
    """Say on what the target was rolled back from this builds, where the range is told."""
    found = told(candidate)
    if not isinstance(found, Comparison) or found.relation is Relation.IDENTICAL:
        return None
    shas, left = [each.sha for each in found.coming], candidate.left
    places = ((n, sha) for n, sha in enumerate(shas, 1) if any(is_same(sha, x) for x in left))
    if (first := next(places, None)) is None:
        return None
    place, sha = first
    on_top = len(shas) - place
    again = next(each for known, each in left.items() if is_same(known, sha))
    are = "1 commit on top is" if on_top == 1 else f"{on_top} commits on top are"
    return (
        f"{named(candidate)} holds {short(sha)}, which {candidate.target.name} was rolled back"
        f" from at v{again.rollback}; {are} taken for the fix."
    )
