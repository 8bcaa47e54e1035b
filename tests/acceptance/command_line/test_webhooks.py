"""Webhooks, from their first day to their last."""

from __future__ import annotations

import re

import pytest

from tests.acceptance.command_line.people import answer_of, apps, timeless
from tests.acceptance.town import Town
from tests.cli.program import Autopromote

pytestmark = pytest.mark.acceptance


def test_a_webhook_from_its_first_day_to_its_last(town: Town, ana: Autopromote) -> None:
    apps(town, "w-staging")
    assert ana("webhooks", "-a", "w-staging") == (
        "",
        "There are no webhooks.\nUse `autopromote webhooks:add` to add one.\n",
        0,
    )

    added = ana("webhooks:add", "-a", "w-staging")
    assert (added.stderr, added.code) == ("Adding webhook to ⬢ w-staging... done\n", 0)
    assert re.match(rf"=== ⬢ w-staging\n\nURL: +{town.url}/webhooks/heroku\n", added.stdout)
    again = ana("webhooks:add", HEROKU_APP="w-staging")
    assert again.stderr == "Adding webhook to ⬢ w-staging... done, it was there already\n"

    [found] = answer_of(ana, "webhooks", "-a", "w-staging")
    assert (found["app"]["name"], found["level"]) == ("w-staging", "sync")
    by_name, by_id = (ana("webhooks:info", "-a", name) for name in ("w-staging", found["id"]))
    assert timeless(by_name.stdout) == timeless(by_id.stdout)
    assert by_id.code == 0

    town.heroku.deploy("w-staging")
    town.heroku.wait_for_deliveries()
    deliveries = ana("subscriptions:deliveries", "-a", "w-staging")
    assert deliveries.stdout.startswith("ID")
    assert len(deliveries.stdout.splitlines()) == 3  # a plain deploy makes two events

    rotated = ana("webhooks", "rotate", "-a", "w-staging", "--now")
    assert rotated.stderr == "Rotating the webhook secret of ⬢ w-staging... done\n"
    assert rotated.code == 0

    listed = ana("webhooks", "-a", "w-staging").stdout.splitlines()
    assert listed[0].split() == ["App", "ID", "Level", "URL", "Last", "delivery", "Health"]
    assert listed[1].startswith("⬢ w-staging  ")

    (webhook,) = answer_of(ana, "webhooks", "-a", "w-staging")
    removed = ana("webhooks:remove", "-a", "w-staging", "--confirm", "w-staging")
    named = f"Removed webhook {webhook['id']} to {webhook['url']}\n"
    assert removed == (named, "Removing webhook from ⬢ w-staging... done\n", 0)
    assert town.heroku.api("GET", "/apps/w-staging/webhooks") == []


def test_no_secret_is_ever_shown(town: Town, ana: Autopromote) -> None:
    apps(town, "s-staging")
    shown = [
        ana("webhooks:add", "-a", "s-staging", "--json"),
        ana("webhooks:info", "-a", "s-staging"),
        ana("webhooks:rotate", "-a", "s-staging", "--json"),
    ]
    shown.append(ana("webhooks:remove", "-a", "s-staging", "--confirm", "s-staging", "--json"))
    assert [one.code for one in shown] == [0] * 4
    assert not [one for one in shown if re.search(r"[0-9a-f]{64}", one.stdout + one.stderr)]
