"""The gates of time: how long a release has run, when it may go, how many go."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from listener.core import duration
from listener.core.gates.base import Candidate, Error, Pass, PastPromotion, Reject, Verdict, Wait
from listener.core.window import next_opening

A_DAY = timedelta(hours=24)


def soak(candidate: Candidate, now: datetime) -> Verdict:
    """The release must have run on the source for the rule's soak time."""
    since, wanted = candidate.soaks_from, candidate.conditions.soak
    name = f"{candidate.source.name} v{candidate.release.version}"
    if since is None:
        return Error(f"Since when {name} runs is not known.")
    ends_at = since + wanted
    facts = {"since": since.isoformat(), "soak": duration.show(wanted)}
    if now < ends_at:
        return Wait(f"{name} soaks for {duration.show(wanted)}.", ends_at, facts)
    return Pass(f"{name} has soaked for {duration.show(wanted)}.", facts)


def window(candidate: Candidate, now: datetime) -> Verdict:
    """One of the rule's windows is open."""
    wanted = candidate.conditions.windows
    facts = {"windows": [each.text for each in wanted]}
    opened = next((each for each in wanted if each.is_open(now)), None)
    if opened is not None:
        return Pass(f"The window {opened.text} is open.", facts)
    opens_at = next_opening(wanted, now)
    if opens_at is None:
        return Reject("None of the rule's windows ever opens.", facts=facts)
    first = next(each for each in wanted if each.is_open(opens_at))
    local = opens_at.astimezone(ZoneInfo(first.zone))
    message = f"Outside the rule's windows; the next opens {local:%a %Y-%m-%d %H:%M} {first.zone}."
    return Wait(message, opens_at, facts)


def min_gap(candidate: Candidate, now: datetime) -> Verdict:
    """The last promotion to the target was long enough ago."""
    gap, target = candidate.conditions.min_gap, candidate.target.name
    last = max(_released(candidate), key=lambda past: past.ended_at, default=None)
    if last is None:
        return Pass(f"Nothing was promoted to {target} lately.")
    facts = {"last": last.id, "at": last.ended_at.isoformat()}
    free_at = last.ended_at + gap
    if now < free_at:
        message = f"Promotion {last.id} to {target} was less than {duration.show(gap)} ago."
        return Wait(message, free_at, facts)
    return Pass(f"The last promotion to {target} was {duration.show(gap)} ago or more.", facts)


def max_per_day(candidate: Candidate, now: datetime) -> Verdict:
    """Not too many promotions to the target within 24 hours."""
    most, target = candidate.conditions.max_per_day, candidate.target.name
    ended = sorted(past.ended_at for past in _released(candidate) if past.ended_at > now - A_DAY)
    facts = {"within_24h": len(ended)}
    if len(ended) < most:
        return Pass(f"{len(ended)} of {most} promotions to {target} within 24 hours.", facts)
    free_at = ended[len(ended) - most] + A_DAY
    message = f"{target} had {len(ended)} promotions within 24 hours; {most} are the most."
    return Wait(message, free_at, facts)


def _released(candidate: Candidate) -> list[PastPromotion]:
    return [past for past in candidate.past if past.was_released]
