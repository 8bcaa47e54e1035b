"""An app at Heroku, as far as it matters whether another one's code may run there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Facts = Mapping[str, Any]  # what a gate or a check saw, as it is stored and shown


@dataclass(frozen=True, slots=True)
class App:
    """What must match between a source and a target."""

    id: str
    name: str
    stack: str | None = None
    generation: str = "cedar"
    is_container: bool = False
    build_stack: str | None = None  # what it is set to, by `heroku stack:set`, for what comes next

    def takes(self, stack: str) -> bool:
        """Return whether the app runs this stack, or somebody set it to this one."""
        return stack in (self.stack, self.build_stack)


def container(name: str) -> str:
    """Say why nothing is promoted from or to a container app."""
    # https://github.com/heroku/roadmap/issues/222
    return (
        f"{name} is a container app: its images cannot be promoted, for Heroku's API has no"
        " promotion of them (heroku/roadmap #222). Push the image to the target again,"
        " and run `heroku container:release` there by hand."
    )


def generations(source: str, of_source: str, target: str, of_target: str) -> str | None:
    """Say why one generation of Heroku does not run what another built; None if both are one."""
    if of_source == of_target:
        return None
    return f"{source} is of generation {of_source}, {target} of {of_target}."


def pipelines(source: str, target: str, places: tuple[str | None, str | None]) -> str | None:
    """Say why Heroku has no promotion between two apps, by their pipelines `places`, or None."""
    from_, to = places
    if from_ is not None and from_ == to:
        return None
    only = "and a pipeline promotion stays within one pipeline."
    if from_ is None and to is None:
        return (
            f"Neither {source} nor {target} is in a pipeline, {only} Run"
            f" `heroku pipelines:create -a {source} -s staging`, then {_add(None, target)}."
        )
    if from_ is None:
        return f"{source} is in no pipeline, {only} Run {_add(to, source, 'staging')}."
    if to is None:
        return f"{target} is in no pipeline, {only} Run {_add(from_, target)}."
    return (
        f"{source} and {target} are in different pipelines, {only}"
        f" Run `heroku pipelines:remove -a {target}`, then {_add(from_, target)}."
    )


def _add(pipeline: str | None, app: str, stage: str = "production") -> str:
    return f"`heroku pipelines:add {pipeline or 'PIPELINE'} -a {app} -s {stage}`"
