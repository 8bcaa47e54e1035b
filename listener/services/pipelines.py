"""The pipelines service: from which apps to which a team promotes already, by its pipelines."""

from __future__ import annotations

from dataclasses import dataclass

from listener.core.rule import is_allowed
from listener.heroku import App, Coupling
from listener.inventory.context import Context
from listener.services.heroku_calls import HerokuCall

STAGING, PRODUCTION = "staging", "production"
NOTHING = "Say which apps you mean instead."


@dataclass(frozen=True, slots=True)
class PipelineView:
    """A pipeline with its apps, id and name of each, at the stages that matter."""

    id: str
    name: str
    staging: tuple[tuple[str, str], ...]
    production: tuple[tuple[str, str], ...]


def list_(context: Context) -> list[PipelineView]:
    """List the pipelines with apps to promote between, by name. Raises HerokuUnreadable."""
    ask, heroku = HerokuCall(NOTHING, shared=context.shared), context.heroku
    pipelines, couplings = ask(heroku.pipelines), ask(heroku.couplings)
    apps = {app.id: app for app in ask(heroku.apps) if _is_possible(context, app)}
    places = [each for each in couplings if each.app_id in apps]
    found = [
        PipelineView(
            pipeline.id,
            pipeline.name,
            _at(STAGING, pipeline.id, places, apps),
            _at(PRODUCTION, pipeline.id, places, apps),
        )
        for pipeline in pipelines
    ]
    complete = (each for each in found if each.staging and each.production)
    return sorted(complete, key=lambda each: each.name)


def _is_possible(context: Context, app: App) -> bool:
    is_seen = context.reach.sees.has(app.name)
    return is_seen and not app.is_container and is_allowed(app.name, context.allowed_apps)


def _at(
    stage: str, pipeline_id: str, places: list[Coupling], apps: dict[str, App]
) -> tuple[tuple[str, str], ...]:
    found = (apps[p.app_id] for p in places if (p.pipeline_id, p.stage) == (pipeline_id, stage))
    return tuple(sorted(((app.id, app.name) for app in found), key=lambda app: app[1]))
