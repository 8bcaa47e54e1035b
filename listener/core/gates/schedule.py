"""The gates of time: how long a release has run, when it may go, how many go."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from listener.core import duration
from listener.core.gates.base import Candidate, Error, Pass, PastPromotion, Reject, Verdict, Wait
from listener.core.window import next_end, next_opening

A_DAY = timedelta(hours=24)


def soak(candidate: Candidate, now: datetime) -> Verdict:
    """Wait until the release has run on the source for the rule's soak time."""
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
    """Wait until one of the rule's windows is open."""
    wanted = candidate.conditions.windows
    facts = {"windows": [each.text for each in wanted]}
    opened = next((each for each in wanted if each.covers(now)), None)
    if opened is not None:
        return Pass(f"The window {opened.text} is open.", facts)
    opens_at = next_opening(wanted, now)
    if opens_at is None:
        return Reject("None of the rule's windows ever opens.", facts=facts)
    first = next(each for each in wanted if each.covers(opens_at))
    message = f"Outside the rule's windows; the next opens {_shown(opens_at, first.zone)}."
    return Wait(message, opens_at, facts)


def closed(candidate: Candidate, now: datetime) -> Verdict:
    """Wait until none of the rule's closed times covers the moment."""
    wanted = candidate.conditions.closed
    facts = {"closed": [each.text for each in wanted]}
    covering = next((each for each in wanted if each.covers(now)), None)
    if covering is None:
        return Pass("None of the rule's closed times is now.", facts)
    name = covering.name_at(now)
    what = f"{covering.text} ({name})" if name else covering.text
    opens_at = next_end(wanted, now)
    if opens_at is None:
        return Reject("The rule's closed times never end.", facts=facts)
    message = f"Closed: {what}, until {_shown(opens_at, covering.zone)}."
    return Wait(message, opens_at, {**facts, "closed_by": covering.text})


def _shown(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"


def min_gap(candidate: Candidate, now: datetime) -> Verdict:
    """Wait until the last promotion to the target was long enough ago."""
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
    """Wait while the target had the most promotions that 24 hours may have."""
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
