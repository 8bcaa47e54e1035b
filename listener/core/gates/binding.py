"""What a waiting promotion waits for: of all gates that object, the one that lets go last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from listener.core.gates.base import Reads, Waits, is_for_word, is_reading
from listener.core.gates.registry import ALWAYS, APPROVALS, BRAKE, BY_COMMIT, OF_RULES

_GATES = {gate.name: gate for gate in (*ALWAYS, *BY_COMMIT, *OF_RULES)}
_OF_YES = frozenset({APPROVALS.name, BRAKE.name})
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Binding:
    """The gate that a promotion waits for, in its own words; `until` is its own time, too."""

    gate: str
    message: str
    until: datetime | None
    needs_person: bool  # it ends by somebody's word or hand, not by itself
    is_error: bool  # nobody can tell when it ends
    needs_word: bool = False  # an approval ends it; what else needs a person needs a hand


def binding(kept: Iterable[Mapping[str, Any]], reason: str) -> Binding | None:
    """Find the binding gate among verdicts as they are stored; None where no gate objects.

    None as well where the promotion's reason is of none of them: something has happened since, like
    an approval, and the gates were not asked again yet.

    What needs a person comes before what cannot be told, and that before what ends by itself, of
    which the latest counts. A gate that is asked only once all others pass counts only then.
    """
    objecting = [each for each in kept if each["verdict"] in ("wait", "error")]
    if not any(each["message"] in reason for each in objecting):
        return None
    asked = [each for each in objecting if not _is_asked_last(each)] or objecting[:1]
    return max(map(_read, asked), key=_lasts, default=None)


def _is_asked_last(kept: Mapping[str, Any]) -> bool:
    gate = _GATES.get(kept["name"])
    return gate is not None and gate.reads is not Reads.DATABASE


def _lasts(one: Binding) -> tuple[int, datetime]:
    if one.needs_person or one.is_error:
        return 1 + one.needs_person, _NEVER
    return 0, one.until or _NEVER


def _read(kept: Mapping[str, Any]) -> Binding:
    until = kept.get("until")
    moment = datetime.fromisoformat(until) if until else None
    needs_person = kept["verdict"] == "wait" and _needs_person(kept, moment)
    is_for_yes = kept["name"] in _OF_YES or is_for_word(kept.get("facts") or {})
    return Binding(
        gate=kept["name"],
        message=kept["message"],
        until=moment,
        needs_person=needs_person,
        is_error=kept["verdict"] == "error",
        needs_word=needs_person and is_for_yes,
    )


def _needs_person(kept: Mapping[str, Any], until: datetime | None) -> bool:
    """Return whether somebody must act: a hold with an end, for instance, ends by itself."""
    facts = kept.get("facts") or {}
    if is_for_word(facts) or is_reading(facts):
        return is_for_word(facts)
    gate = _GATES.get(kept["name"])
    if gate is None:
        return False
    ends_itself = Waits.TIME in gate.waits and until is not None
    return bool(gate.waits & (Waits.PERSON | Waits.HEROKU)) and not ends_itself
