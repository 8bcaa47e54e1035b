"""The options of a rule in requests and answers, made from their one declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError, create_model

from listener.api.answers import Answer
from listener.api.request_body import Body
from listener.core.gates.options import OPTIONS, Conditions


def flag(names: str, metavar: str | None, text: str) -> Any:
    """Describe a field that is a flag of the command line, for `/openapi.json`."""
    return Field(description=text, json_schema_extra={"x-flag": names, "x-metavar": metavar})


def _fields(default: Any) -> dict[str, Any]:
    return {
        name: (Annotated[each.wire | None, flag(each.flag, each.metavar, each.help)], default)
        for name, each in OPTIONS.items()
    }


if TYPE_CHECKING:
    AskedOptions = Body
    ToldOptions = Answer
else:
    AskedOptions = create_model("AskedOptions", __base__=Body, **_fields(None))
    ToldOptions = create_model("ToldOptions", __base__=Answer, **_fields(...))


class RuleOptions(AskedOptions):
    """What a rule asks of releases beyond the gates that are always on; null takes one away."""

    @property
    def conditions(self) -> dict[str, Any]:
        """What was said of conditions, as plain values."""
        return self.model_dump(mode="json", include=set(OPTIONS), exclude_unset=True)


def told(conditions: Conditions) -> dict[str, Any]:
    """Return every option as plain values; None where the rule does not ask for it."""
    told = dict.fromkeys(OPTIONS) | conditions.as_json()
    return {name: value for name, value in told.items() if name in OPTIONS} | {
        one.name: None
        for one in conditions.unreadable
        if one.name in OPTIONS and not _fits(one.name, one.stored)
    }


def _fits(name: str, stored: Any) -> bool:
    """Return whether a condition that cannot be read today can at least be shown as before."""
    try:
        TypeAdapter(OPTIONS[name].wire).validate_python(stored, strict=True)
    except ValidationError:
        return False
    return True
