"""The fake GitHub as one blueprint, below `/_github/api/v3`."""

from flask import Blueprint

from emulator.github.state import API
from emulator.github_api import apps, checks_views, deployments_views, gate, repos

bp = Blueprint("github", __name__, url_prefix=API)
gate.register(bp)
for room in (repos.bp, checks_views.bp, deployments_views.bp, apps.bp):
    bp.register_blueprint(room)
