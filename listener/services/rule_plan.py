"""Plans: what becomes of each rule when a file of rules is applied."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from listener.core.rule import Mode
from listener.db.rules import RuleRow
from listener.services import rule_definition
from listener.services.freezes import Freezes, NewFreeze
from listener.services.rule_definition import FieldChange, NewRule, RuleDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """The rules and freezes that a file declares, and what is wrong with what could not be read.

    With `prune`, the rules that it does not name are removed, and the freezes that it does not name
    end. `freezes` is None where the file says nothing of freezes at all.
    """

    rules: tuple[NewRule, ...]
    faults: tuple[str, ...] = ()
    prune: bool = False
    freezes: tuple[NewFreeze, ...] | None = None
    reason: str | None = None  # why, for whoever reads the revisions of its rules


class Action(StrEnum):
    """What becomes of a rule."""

    REMOVE = "remove"
    CHANGE = "change"
    ADD = "add"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one rule: as it stands, and as it is to stand."""

    action: Action
    name: str
    row: RuleRow | None
    before: RuleDefinition | None
    after: RuleDefinition | None
    cancelled: tuple[int, ...] = ()  # the promotions that ended with a rule that went

    @property
    def mode(self) -> Mode | None:
        """The mode that it is to have; None for a rule that is removed."""
        return self.after.mode if self.after is not None else None

    @property
    def targets(self) -> list[str]:
        """The names of all apps that it promotes to, or promoted to."""
        return [app.name for rule in _both(self) for app in rule.targets]

    @property
    def changes(self) -> tuple[FieldChange, ...]:
        """The fields that change; none for a rule that is removed."""
        return rule_definition.changes(self.before, self.after) if self.after is not None else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All steps, in the order of the file, and on which rules the plan was made.

    `hidden` are the revisions of those that whoever asks may not see; nothing tells of them.
    """

    steps: tuple[Step, ...]
    unnamed: tuple[str, ...]
    stands_on: dict[int, int]
    hidden: dict[int, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    freezes: Freezes = field(default_factory=Freezes)
    is_done: bool = False

    def done(self, cancelled: Mapping[str, tuple[int, ...]], freezes: Freezes) -> Plan:
        """Return the plan as carried out, with the promotions that ended with each removed rule."""
        steps = tuple(replace(s, cancelled=cancelled.get(s.name, ())) for s in self.steps)
        return replace(self, steps=steps, freezes=freezes, is_done=True)

    @property
    def changing(self) -> list[Step]:
        """The steps to write: removals first, to make room; additions last."""
        order = list(Action)
        wanted = (step for step in self.steps if step.action is not Action.KEEP)
        return sorted(wanted, key=lambda step: order.index(step.action))

    @property
    def id(self) -> str:
        """A hash of the plan and of the rules and freezes that it was made on."""
        told = [[s.action, s.name, [[c.field, c.after] for c in s.changes]] for s in self.changing]
        frozen = [step.told for step in self.freezes.changing], sorted(self.freezes.stands_on)
        stands_on = sorted(self.stands_on.items())
        return hashlib.sha256(json.dumps([told, stands_on, *frozen]).encode()).hexdigest()

    @property
    def sources(self) -> set[str]:
        """The apps that the rules to be written promote from."""
        return {rule.source.id for step in self.changing for rule in _both(step)}

    @property
    def apps(self) -> set[str]:
        """Every app that the rules to be written name or named, or that a freeze is put on."""
        named = (rule for step in self.changing for rule in _both(step))
        of_rules = {app_id for rule in named for app_id in (rule.source.id, *rule.target_ids)}
        return of_rules | self.freezes.apps

    @property
    def message(self) -> str:
        """What the plan comes to."""
        words = {
            Action.ADD: "added" if self.is_done else "to add",
            Action.CHANGE: "changed" if self.is_done else "to change",
            Action.REMOVE: "removed" if self.is_done else "to remove",
        }
        actions = [step.action for step in self.steps]
        said = [f"{n} {word}" for action, word in words.items() if (n := actions.count(action))]
        said += self.freezes.said(is_done=self.is_done)
        first = f"{', '.join(said)}." if said else "Nothing to change."
        left = [*self.unnamed, *(f"{f.name} on {f.place}" for f in self.freezes.left)]
        return first + (f" Not in the file, and left alone: {', '.join(left)}." if left else "")


def _both(step: Step) -> Iterator[RuleDefinition]:
    yield from (rule for rule in (step.before, step.after) if rule is not None)


def revisions(rows: Iterable[RuleRow]) -> dict[int, int]:
    """Return the revision of each rule, by id."""
    return {row.id: row.revision for row in rows}
