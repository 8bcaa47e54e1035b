"""The gates that are always on: what no rule can leave out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from listener.core.app import App, Facts, container, generations, pipelines
from listener.core.gates.base import (
    NEEDS_WORD,
    OCI_IMAGE,
    SLUG,
    ActivePromotion,
    Candidate,
    Error,
    Hold,
    Pass,
    Reject,
    Verdict,
    Wait,
)
from listener.core.promotion import (
    BLOCKED_STEP,
    RELEASE_PHASE_FOR,
    RESERVE,
    UNFINISHED,
    Status,
    reserve_back_in,
)
from listener.core.release import EXPIRED, FAILED, PENDING, SUCCEEDED, Release
from listener.core.rollback import began
from listener.core.rule import OnNewer, Strategy

GONE_FOR = timedelta(minutes=2)
# What a gate puts among its facts where Heroku answered that something is not there.
ABSENT: Facts = {"absent": True}


def source(candidate: Candidate, now: datetime) -> Verdict:
    """Pass where the release succeeded, its artifact still exists, and the source stands by it."""
    release, app = candidate.release, candidate.source.name
    facts = {"version": release.version, "status": release.status, "slug": release.artifact}
    if release.artifact is None:
        return Reject(f"{app} v{release.version} has no slug.", facts=facts)
    if release.status == EXPIRED:
        return Reject(f"{app} v{release.version} has expired: its slug is gone.", facts=facts)
    if release.status == PENDING:
        return Wait(f"The release phase of {app} v{release.version} is running.", facts=facts)
    if release.status == FAILED:
        return Reject(f"{app} v{release.version} is {release.status}.", facts=facts)
    if release.status != SUCCEEDED:  # a word of Heroku's that is new to us may mean anything
        return Error(f"{app} v{release.version} is {release.status}, whatever that means.", facts)
    return _chain(candidate, facts) or _stands_by(candidate, facts)


def _chain(candidate: Candidate, facts: Facts) -> Verdict | None:
    match candidate.upstream:
        case None | Status.SUCCEEDED:
            return None
        case status if status in UNFINISHED:
            return Wait(f"Our own promotion onto {candidate.source.name} is {status}.", facts=facts)
        case status:
            return Reject(f"Our own promotion onto {candidate.source.name} {status}.", facts=facts)


def _stands_by(candidate: Candidate, facts: Facts) -> Verdict:
    release, app = candidate.release, candidate.source.name
    back, current = (
        candidate.source_history.went_back_past(release),
        candidate.source_history.current,
    )
    if back is not None and current is not None and current.artifact == release.artifact:
        # A config change while its phase ran carries the code of before; or `current` is late.
        message = (
            f"{app} runs v{release.version}'s code, though v{back.version} came later with older"
            " code: what is right cannot be told yet."
        )
        return Error(message, {**facts, "current": current.version})
    if back is not None:
        who = f" by {back.author}" if back.author else ""
        message = (
            f"{app} was rolled back{who} in v{back.version} to the code of"
            f" v{candidate.source_history.first_run(back.artifact)}, older than v{release.version}."
        )
        return Reject(message, Status.SUPERSEDED, {**facts, "rolled_back_in": back.version})
    if current is None:
        return Error(f"{app} shows no current release.", facts)
    follows = candidate.on_newer is OnNewer.SUPERSEDE and not candidate.is_by_hand
    if follows and current.artifact != release.artifact:
        return _runs_other_code(candidate, current, {**facts, "current": current.version})
    return Pass(f"{app} v{release.version} succeeded and {app} stands by it.", facts)


def _runs_other_code(candidate: Candidate, current: Release, facts: Facts) -> Reject | Error:
    """Reject it only if the order says so; a `current` that may be late is an Error."""
    release, app = candidate.release, candidate.source.name
    mine = candidate.source_history.first_run(release.artifact)
    theirs = candidate.source_history.first_run(current.artifact)
    is_newer = mine is not None and theirs is not None and theirs > mine
    if is_newer and current.version > release.version:
        message = f"{app} runs newer code than v{release.version} by now, in v{current.version}."
        return Reject(message, Status.SUPERSEDED, facts)
    message = (
        f"{app} v{release.version} succeeded, but Heroku shows v{current.version} as what runs:"
        " what is right cannot be told yet."
    )
    return Error(message, facts)


def match(candidate: Candidate, now: datetime) -> Verdict:
    """Pass where source and target can run the same artifact; wait for a stack that fits."""
    source_app, target_app = candidate.source, candidate.target
    facts = {
        "stack": candidate.slug_stack or source_app.stack,
        "target_stack": target_app.stack,
        "generation": source_app.generation,
        "target_generation": target_app.generation,
        "strategy": candidate.strategy,
    }
    if (why_not := _unlike(candidate) or _no_way(candidate)) is not None:
        if _misses_pipeline(candidate) and not is_surely_gone(candidate.gone_since, now):
            return Error(why_not, {**facts, **ABSENT})
        return Reject(why_not, facts=facts)
    if candidate.release.artifact_type != SLUG:
        return _image_stacks(source_app, target_app, facts)
    return _stacks(facts["stack"], target_app, facts)


def _misses_pipeline(candidate: Candidate) -> bool:
    """Return whether the only objection is that Heroku finds an app in no pipeline."""
    return (
        _unlike(candidate) is None and None in candidate.pipelines and _goes_by_pipeline(candidate)
    )


def _goes_by_pipeline(candidate: Candidate) -> bool:
    is_elsewhere = candidate.source.id != candidate.target.id
    return candidate.strategy is not Strategy.SLUG and is_elsewhere


def is_surely_gone(since: datetime | None, now: datetime) -> bool:
    """Return whether Heroku has said so for two minutes or more; a single answer ends nothing."""
    return since is not None and now - since >= GONE_FOR


def _unlike(candidate: Candidate) -> str | None:
    source_app, target_app = candidate.source, candidate.target
    if not candidate.is_allowed:
        return "AUTOPROMOTE_APPS does not name both apps."
    for app in (source_app, target_app):
        if app.is_container:
            return container(app.name)
    return generations(
        source_app.name, source_app.generation, target_app.name, target_app.generation
    )


def _no_way(candidate: Candidate) -> str | None:
    """Say why the strategy cannot bring this artifact there; a rollback stays within its app."""
    source_app, target_app = candidate.source, candidate.target
    name = f"{source_app.name} v{candidate.release.version}"
    if candidate.release.artifact_type != SLUG and candidate.strategy is Strategy.SLUG:
        return f"{name} has no slug."
    if candidate.release.artifact_type not in (SLUG, OCI_IMAGE):
        return f"{name} has neither a slug nor an image that can be promoted."
    if candidate.strategy is Strategy.SLUG or source_app.id == target_app.id:
        return None
    return pipelines(source_app.name, target_app.name, candidate.pipelines)


def _image_stacks(source_app: App, target_app: App, facts: Facts) -> Verdict:
    """Wait where two known stacks differ; an image brings its stack, so an unknown one passes."""
    stacks = {source_app.stack, target_app.stack} - {None}
    if len(stacks) > 1:
        message = (
            f"{source_app.name} runs {source_app.stack}, {target_app.name} {target_app.stack}."
            f" Have {target_app.name} built for the same stack."
        )
        return Wait(message, facts=facts)
    return Pass("The image brings its stack with it.", facts)


def _stacks(stack: str | None, target_app: App, facts: Facts) -> Verdict:
    if stack is None or target_app.stack is None:
        unknown = target_app.name if stack is not None else "the slug"
        return Error(f"The stack of {unknown} is not known.", facts)
    if stack == target_app.stack:
        return Pass(f"Both run {stack}.", facts)
    runs = f"The slug is built for {stack}, {target_app.name} runs {target_app.stack}"
    if target_app.takes(stack):  # somebody set it so, and what never builds gets there no other way
        return Pass(f"{runs} and is set to {stack}.", facts)
    advice = f"Run `heroku stack:set {stack} -a {target_app.name}` or rebuild."
    # Apps move to the next stack one after the other, so this is a matter of days, not for ever.
    return Wait(f"{runs}. {advice}", facts=facts)


def order(candidate: Candidate, now: datetime) -> Verdict:
    """Reject what moves the target back, or returns it by itself to what it left."""
    target = candidate.target.name
    current = candidate.target_history.current
    running = current.artifact if current is not None else None
    mine = candidate.source_history.first_run(candidate.release.artifact)
    theirs = candidate.source_history.first_run(running)
    facts = {"candidate": mine, "target_runs": theirs}
    if running == candidate.release.artifact:
        return Pass(f"{target} runs this very slug.", facts)
    if candidate.newer is not None:
        message = f"{candidate.source.name} v{candidate.newer} is newer and takes its place."
        return Reject(message, Status.SUPERSEDED, {**facts, "newer": candidate.newer})
    if mine is None:
        return Error(f"{candidate.source.name} shows no release that ran this slug.", facts)
    if theirs is not None and theirs > mine:
        message = f"{target} already runs {candidate.source.name} v{theirs}, which is newer."
        return Reject(message, Status.SUPERSEDED, facts)
    if not candidate.may_return and (objection := _returns(candidate, mine, theirs, facts)):
        return objection
    return _asks_for_word(candidate, facts) or Pass(_why_forward(candidate, mine, theirs), facts)


def _asks_for_word(candidate: Candidate, facts: Facts) -> Verdict | None:
    """Wait for a person's word where the release is older than somebody's own on the target.

    Both times are Heroku's: two apps have no other order. Equal or missing counts as older.
    """
    foreign, made_at = candidate.foreign, candidate.release.created_at
    if foreign is None or (made_at is not None and made_at > foreign.made_at):
        return None
    said = [each for each in candidate.approvals if each.at > foreign.released_at]
    if (no := next((each for each in said if not each.is_approved), None)) is not None:
        return Reject(f"{no.by} rejected it.", facts={**facts, "rejected_by": no.by})
    if said:
        return None
    name, target = f"{candidate.source.name} v{candidate.release.version}", candidate.target.name
    since = "in the same second as" if made_at == foreign.made_at else "before"
    message = (
        f"{name} was made {since} {foreign.author or 'somebody'} released v{foreign.version} on"
        f" {target} (hold {foreign.hold_id}): it waits for a person's word,"
        f" `{candidate.approve}`."
    )
    return Wait(message, None, {**facts, "foreign": foreign.version, **NEEDS_WORD})


def _why_forward(candidate: Candidate, mine: int, theirs: int | None) -> str:
    """Say why it goes forward; claim no order with code that has none, such as a hotfix.

    Nobody moved the target since it was armed, or a person answered for it: else it is on hold.
    """
    target, current = candidate.target.name, candidate.target_history.current
    if theirs is not None:
        return f"{candidate.source.name} v{mine} is newer than what {target} runs."
    if current is None or current.artifact is None:
        return f"{target} runs no code yet."
    return f"{target} runs v{current.version}, which {candidate.source.name} never ran."


def _returns(candidate: Candidate, mine: int, theirs: int | None, facts: Facts) -> Reject | None:
    """Reject what the target left, or what is older than that; only a person brings it back."""
    name, ran = candidate.target.name, candidate.target_history
    left = ran.has_left(candidate.release.artifact)
    if left is not None:
        return Reject(
            f"{name} ran this slug in v{left.version} and left it."
            f" Only a person's `autopromote promote -a {candidate.source.name} --to {name}"
            f" --release v{candidate.release.version}` brings it back.",
            facts={**facts, "ran_in": left.version},
        )
    # Code that never was on the source, a hotfix say, has no place in its order: then the newest
    # of the source that the target ever ran counts.
    reached = ran.reached(candidate.source_history, by=ran.newest_version)
    if theirs is None and reached > mine:
        message = f"{name} ran {candidate.source.name} v{reached} before, which is newer."
        return Reject(message, Status.SUPERSEDED, {**facts, "target_ran": reached})
    return None


def target(candidate: Candidate, now: datetime) -> Verdict:
    """Pass where the target does not run it yet, and nobody else is releasing there."""
    name, current = candidate.target.name, candidate.target_history.current
    if current is None:
        return Error(f"{name} shows no current release.")
    facts = {"version": current.version, "slug": current.artifact}
    if current.artifact == candidate.release.artifact:
        message = f"{name} already runs this slug, in v{current.version}."
        return Reject(message, Status.SKIPPED, facts)
    return _is_free(candidate, now) or Pass(f"{name} runs v{current.version} and is free.", facts)


def _is_free(candidate: Candidate, now: datetime) -> Verdict | None:
    name = candidate.target.name
    if candidate.rival is not None:
        return active(name, candidate.rival, now)
    for release in candidate.target_history.releases:
        if release.id not in candidate.own_releases and _is_releasing(release, now):
            who = release.author or "somebody"
            message = f"{who} is releasing v{release.version} on {name}."
            return Wait(message, now + BLOCKED_STEP, {"pending": release.version})
    return None


def active(name: str, rival: ActivePromotion, now: datetime) -> Wait:
    """Wait for the other promotion that is at work on the target: one at a time."""
    message = f"Promotion {rival.id} is at work on {name} ({rival.status})."
    return Wait(message, now + BLOCKED_STEP, {"promotion": rival.id})


def reserve(calls_left: int, told: timedelta, now: datetime) -> Wait | None:
    """Wait where only the last calls of Heroku's API are left: they are kept for rollbacks."""
    back_in = reserve_back_in(calls_left, told)
    if not back_in:
        return None
    message = (
        f"Heroku grants the listener's account {calls_left} more requests for now;"
        f" the last {RESERVE} are kept for rollbacks."
    )
    return Wait(message, now + back_in, {"requests_left": calls_left, "reserve": RESERVE})


def _is_releasing(release: Release, now: datetime) -> bool:
    """Return whether its release phase runs.

    Heroku ends a phase after an hour; a release that is pending for longer is a relic.
    """
    begun = release.created_at or now
    return release.status == PENDING and now - begun < RELEASE_PHASE_FOR


def hold(candidate: Candidate, now: datetime) -> Verdict:
    """Wait while a hold is in force on the target or on all, unless an admin set it aside."""
    override = candidate.override
    if override is None:
        return on_hold(candidate.target.name, candidate.holds, now)
    counting = (held for held in candidate.holds if not override.sets_aside(held))
    verdict = on_hold(candidate.target.name, counting, now)
    aside = [h for h in candidate.holds if override.sets_aside(h) and h.is_in_force(now)]
    if isinstance(verdict, Pass) and aside:
        which = ", ".join(f"hold {held.id} by {held.by}" for held in aside)
        message = f"Set aside by {override.by}: {override.reason} ({which})"
        return Pass(message, {"overridden_by": override.by, "holds": [str(h.id) for h in aside]})
    return verdict


def on_hold(name: str, holds: Iterable[Hold], now: datetime) -> Verdict:
    """Wait while one of these holds stops promotions to the target."""
    for held in holds:
        if held.is_in_force(now):
            return Wait(_held(name, held), held.ends_at, {"by": held.by, **_numbered(held)})
    return Pass(f"{name} is not on hold.")


def _held(name: str, held: Hold) -> str:
    """Say what stands still, by whom and why, with the number that releases the hold."""
    said = f"{name} is on hold by {held.by}: {held.reason}"
    return said if held.id is None else f"{said.rstrip('.')} (hold {held.id})"


def _numbered(held: Hold) -> Facts:
    return {"hold": str(held.id)} if held.id is not None else {}


def rollback_target(candidate: Candidate, now: datetime) -> Verdict:
    """Pass where the target ran it, does not run it now, and nobody else is releasing there."""
    name, current = candidate.target.name, candidate.target_history.current
    if current is None:
        return Error(f"{name} shows no current release.")
    if candidate.release.artifact is None:
        return Reject(f"{name} v{candidate.release.version} has no slug.")
    later = candidate.target_history.change_after(current.version, current.artifact)
    if current.artifact == candidate.release.artifact and later is not None:
        # `current` may be late: to end here would leave running what was to be left.
        message = f"{name} shows v{current.version} as current, and v{later.version} ran after it."
        return Error(message)
    if current.artifact == candidate.release.artifact:
        message = f"{name} already runs this slug, in v{current.version}."
        return Reject(message, Status.SKIPPED)
    if candidate.release.status != SUCCEEDED:
        return Reject(f"{name} v{candidate.release.version} is {candidate.release.status}.")
    runs = Pass(f"{name} runs v{current.version} and is free.")
    return _moved_unseen(candidate) or _is_free(candidate, now) or runs


def _moved_unseen(candidate: Candidate) -> Reject | None:
    """Reject a rollback if somebody moved the target since it was asked for; else None.

    Whoever asked for it has not seen that release. One of ours was on its way by then.
    """
    moved = began(candidate.target_history)
    if moved is None or candidate.target_ran in (None, moved.artifact):
        return None
    if moved.id in candidate.own_releases:
        return None
    message = (
        f"Since the rollback was asked for, {moved.author or 'somebody'} released v{moved.version}"
        f" on {candidate.target.name}, which it would undo unseen. Ask again if that is wanted."
    )
    return Reject(message, Status.CANCELLED, {"version": moved.version})
