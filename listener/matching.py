"""What keeps an app's code from running on another, in sentences that say what to do instead."""

from __future__ import annotations


def container(name: str) -> str:
    """Why nothing is promoted from or to a container app."""
    # https://github.com/heroku/roadmap/issues/222
    return (
        f"{name} is a container app: its images cannot be promoted, for Heroku's API has no"
        " promotion of them (heroku/roadmap #222). Push the image to the target again,"
        " and run `heroku container:release` there by hand."
    )


def generations(source: str, of_source: str, target: str, of_target: str) -> str | None:
    """Why one generation of Heroku does not run what another built."""
    if of_source == of_target:
        return None
    return f"{source} is of generation {of_source}, {target} of {of_target}."


def pipelines(source: str, target: str, places: tuple[str | None, str | None]) -> str | None:
    """Why Heroku has no promotion between two apps; `places` are the pipelines they are in."""
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
