"""Builds the emulator's WSGI app: the door, the gates, the blueprints of all APIs."""

from typing import TYPE_CHECKING

from flask import Flask

from emulator.api import (
    account,
    apps,
    capabilities,
    gate,
    identity,
    metrics,
    oauth,
    pipelines,
    problems,
    releases,
    repositories,
    streams,
    webhooks,
)
from emulator.api.caller import EXTENSION
from emulator.control import apps as control_apps
from emulator.control import deliveries as control_deliveries
from emulator.control import faults as control_faults
from emulator.control import github as control_github
from emulator.control import github_repos as control_github_repos
from emulator.control import metrics as control_metrics
from emulator.control import people as control_people
from emulator.control import releases as control_releases
from emulator.control import repositories as control_repositories
from emulator.control import requests as control_requests
from emulator.control import times as control_times
from emulator.control.faults import REFUSE
from emulator.door import Door
from emulator.github_api import pages as github_pages
from emulator.github_api import site as github
from emulator.world import World

if TYPE_CHECKING:
    from flask.sansio.blueprints import Blueprint

__all__ = ["REFUSE", "create_app"]

API: "tuple[Blueprint, ...]" = (
    account.bp,
    oauth.bp,
    identity.bp,
    capabilities.bp,
    apps.bp,
    releases.bp,
    webhooks.bp,
    pipelines.bp,
    repositories.bp,
    metrics.bp,
    streams.bp,
)
CONTROL: "tuple[Blueprint, ...]" = (
    control_people.bp,
    control_apps.bp,
    control_releases.bp,
    control_deliveries.bp,
    control_faults.bp,
    control_repositories.bp,
    control_metrics.bp,
    control_requests.bp,
    control_times.bp,
    control_github.bp,
    control_github_repos.bp,
)


def create_app(world: World | None = None) -> Flask:
    """Build the Flask app for this world, or for an empty one; it works behind any WSGI server."""
    app = Flask("emulator", static_folder=None)
    app.url_map.strict_slashes = False
    app.extensions[EXTENSION] = world = world or World()
    problems.register(app)
    gate.register(app)
    for bp in (*API, *CONTROL, github.bp, github_pages.bp):
        app.register_blueprint(bp)
    app.wsgi_app = Door(app.wsgi_app, world)  # type: ignore[method-assign]
    return app
