"""From staging over a canary to production, as a file of rules says, in real processes."""

from __future__ import annotations

from functools import partial

import pytest

from tests.acceptance.town import Town, wait_until

pytestmark = pytest.mark.acceptance

FILE = """
[rules.canary]
from = "acme-staging"
to = ["acme-canary"]
soak = "1s"

[rules.ship]
from = "acme-canary"
to = ["acme-prod"]
soak = "2s"
windows = ["daily 00:00-24:00 Europe/London"]
min_gap = "1s"
"""


def runs(town: Town, app: str, slug: str) -> bool:
    """Whether an app runs this slug."""
    return bool(town.heroku.current(app)["slug"]["id"] == slug)


def test_a_release_goes_link_by_link_when_it_has_soaked_on_each(town: Town) -> None:
    for app in ("acme-staging", "acme-canary", "acme-prod"):
        town.heroku.app(app)
        town.heroku.deploy(app)
    (town.folder / "autopromote.toml").write_text(FILE)
    town.cli("login")
    town.cli("webhooks:add", "-a", "acme-staging")
    assert town.json("rules:apply", "-f", "autopromote.toml")["message"] == "2 added."
    slug = town.heroku.deploy("acme-staging")["slug"]["id"]

    for app in ("acme-canary", "acme-prod"):
        wait_until(partial(runs, town, app, slug), app)
        assert len(town.heroku.posts(app)) == 1
    on = town.wait_for("succeeded", target="acme-prod")
    soaked = next(gate for gate in on["gates"] if gate["name"] == "soak")
    assert soaked["message"].endswith("has soaked for 2s.")
    assert on["rule"]["name"] == "ship"
