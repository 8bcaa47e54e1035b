"""Files of rules and freezes: what one would change, and all of it changed at once."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint
from pydantic import AfterValidator, Field, ValidationError

from listener.api import freezes
from listener.api.answers import HEROKU, returns
from listener.api.auth import On, needs, person
from listener.api.fields import AppName, Reason, Targets
from listener.api.foreseen import Plan
from listener.api.request_body import LARGEST_FILE, LONGEST_WORD, Body, cut, faults_of, takes
from listener.api.rules import Declared
from listener.api.services import context
from listener.core.gates.options import MOST_PATTERNS_OF_FILE, OPTIONS, count_patterns
from listener.roles import Role
from listener.services import rule_definition, rule_files
from listener.services.rule_definition import NewRule
from listener.services.rule_plan import NewFile

bp = Blueprint("files", __name__, url_prefix="/api/rules/actions")

MOST_RULES = 200
MOST_FREEZES = 100
Read = tuple[NewRule | None, list[str]]


def _few_patterns(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Count the patterns of all rules, before any is read."""
    if (found := sum(map(count_patterns, rules))) > MOST_PATTERNS_OF_FILE:
        message = f"a file has {MOST_PATTERNS_OF_FILE} patterns at most, and not {found}."
        raise ValueError(message)
    return rules


class FileRule(Declared):
    """A rule in the words of a file."""

    source: Annotated[AppName, Field(alias="from")]
    targets: Annotated[Targets, Field(alias="to")]


class FileBody(Body):
    """Rules and freezes in the words of a file; with `prune`, those that it does not name go.

    Where nothing is said of freezes, those that stand stay.
    """

    rules: Annotated[
        list[dict[str, Any]], Field(max_length=MOST_RULES), AfterValidator(_few_patterns)
    ]
    freezes: Annotated[list[dict[str, Any]], Field(max_length=MOST_FREEZES)] | None = None
    prune: bool = False
    reason: Reason | None = None

    @property
    def file(self) -> NewFile:
        """What could be read of it, and what is wrong with the rest."""
        read = [_read(one, number) for number, one in enumerate(self.rules, 1)]
        frozen = [freezes.read(one, number) for number, one in enumerate(self.freezes or (), 1)]
        return NewFile(
            rules=tuple(wish for wish, _ in read if wish is not None),
            faults=tuple(fault for _, faults in (*read, *frozen) for fault in faults),
            prune=self.prune,
            reason=self.reason,
            freezes=None if self.freezes is None else tuple(wish for wish, _ in frozen if wish),
        )


class ApplyBody(FileBody):
    """The same, with the id of the plan that somebody agreed to: another is not carried out."""

    plan: str | None = None


@bp.post("/plan")
@needs(Role.VIEWER, on=On.APPS)
@takes(FileBody, most=LARGEST_FILE)
@returns(Plan, problems=(404, 422, 429, 502))
def plan(body: FileBody) -> Plan:
    """Plan what a file of rules would change; nothing is saved."""
    return Plan.of(rule_files.plan(context(), body.file))


@bp.post("/apply")
@needs(Role.ADMIN, on=On.APPS)
@takes(ApplyBody, most=LARGEST_FILE)
@returns(Plan, problems=HEROKU)
def apply(body: ApplyBody) -> Plan:
    """Make the rules what the file says: all of them, or none."""
    done = rule_files.apply(context(), body.file, agreed=body.plan, by=person().email)
    return Plan.of(done)


def _read(said: dict[str, Any], number: int) -> Read:
    """Read one rule; return it, or everything that is wrong with it."""
    try:
        return FileRule.model_validate(said).wish, []
    except ValidationError as error:
        bad = error.errors(include_url=False, include_input=False)
    told = {each["loc"][0] for each in bad if each["loc"]}
    others = {name: value for name, value in said.items() if name in OPTIONS and name not in told}
    faults = list(faults_of(FileRule, bad))
    faults += [str(fault) for fault in rule_definition.faults_of(others)]
    name = said.get("name")
    whose = cut(name, LONGEST_WORD) if name and isinstance(name, str) else f"rule {number}"
    return None, [f"{whose}: {fault}" for fault in faults]
