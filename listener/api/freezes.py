"""Freezes in the words of a file of rules."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, field_validator

from listener.api.fields import Moment, Reason, Targets
from listener.api.request_body import Body, faults_of
from listener.core import duration
from listener.services.freezes import NewFreeze

ALL = "all"
_DURATION = re.compile(r"\s*(\d+[a-z])+\s*", re.ASCII)


def _apps(said: Any) -> Any:
    if said == ALL:
        return None
    if isinstance(said, str):
        raise ValueError(f'write "{ALL}", or a list like ["{said}"]')  # noqa: TRY004 - pydantic's
    return said


class FileFreeze(Body):
    """Apps that stand still (`all`: every target), why, from when, and until when or how long."""

    apps: Annotated[Targets | None, BeforeValidator(_apps)] = None
    reason: Reason
    starts_at: Moment | None = Field(default=None, alias="from")
    ends_at: Moment | None = Field(default=None, alias="until")

    @field_validator("ends_at", mode="before")
    @classmethod
    def _from_its_beginning(cls, said: Any, info: ValidationInfo) -> Any:
        """Count a length of time from `from`, so that a file says the same whenever it is read."""
        if not isinstance(said, str) or not _DURATION.fullmatch(said):
            return said
        length = duration.parse(said)
        if "starts_at" not in info.data:
            return None  # what is wrong with `from` is told already
        starts: datetime | None = info.data["starts_at"]
        if starts is None:
            raise ValueError(f"{said} counts from `from`, which is missing")
        return (starts + length).isoformat()


def read(said: dict[str, Any], number: int) -> tuple[NewFreeze | None, list[str]]:
    """Read one freeze; return it, or everything that is wrong with it."""
    label = f"freeze {number}"
    try:
        read = FileFreeze.model_validate(said)
    except ValidationError as error:
        bad = error.errors(include_url=False, include_input=False)
        return None, [f"{label}: {fault}" for fault in faults_of(FileFreeze, bad)]
    return NewFreeze(
        label=label,
        apps=read.apps,
        reason=read.reason,
        starts_at=_shown(read.starts_at),
        ends_at=_shown(read.ends_at),
    ), []


def _shown(moment: datetime | None) -> datetime | None:
    """Cut to milliseconds, as exports are, so that an exported freeze is the same freeze."""
    if moment is None:
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
