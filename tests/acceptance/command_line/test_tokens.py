"""Tokens of machines: made and shown once, used as CI does, and ended by name."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.command_line.people import ROLES, answer_of, apps
from tests.acceptance.command_line.test_login import whoami
from tests.acceptance.town import Town
from tests.cli.program import Autopromote, barred

pytestmark = pytest.mark.acceptance


def made(ana: Autopromote, name: str, *words: str) -> str:
    """Make a token as an admin does; return its text."""
    outcome = ana("tokens:create", name, *words)
    assert outcome.code == 0, outcome.stderr
    return outcome.stdout.removesuffix("\n")


def test_a_machine_holds_and_promotes_and_approves_nothing(town: Town, ana: Autopromote) -> None:
    apps(town, "machine-staging", "machine-prod")
    token = made(ana, "ci", "--role", "promoter", "--expires", "30d")
    town.heroku.deploy("machine-staging")
    ci = {"AUTOPROMOTE_TOKEN": token, "HEROKU_API_KEY": ""}

    way = ("--app", "machine-staging", "--to", "machine-prod")
    done = ana("promote", *way, "--json", **ci)
    assert done.code == 0, done.stderr
    [promotion] = json.loads(done.stdout)
    assert (promotion["status"], promotion["created_by"]) == ("succeeded", "token:ci")
    assert ana("holds:add", "--app", "machine-prod", "--reason", "tests", **ci).code == 0

    for words, needed in (
        (("promotions:approve", promotion["id"]), "approver"),
        (("promotions:reject", promotion["id"]), "approver"),
        (("promote", *way, "--override", "soak", "--reason", "hurry"), "admin"),
        (("rules:remove", "any", "--confirm", "any"), "admin"),
        (("tokens",), "admin"),
        (("people:revoke", "ana@example.com"), "admin"),
    ):
        refused = ana(*words, **ci)
        assert (refused.stdout, refused.code) == ("", 1)
        assert f"That needs the role {needed}" in refused.stderr, words
        assert "token:ci is promoter" in refused.stderr
    assert "for people alone" in ana("login:code", **ci).stderr
    by_ci = answer_of(ana, "audit", "--by", "token:ci")
    assert {"promotion.added", "hold.put", "token.first_used"} <= {one["action"] for one in by_ci}


def test_a_token_is_revoked_for_every_process_and_forgotten_by_name(
    town: Town, ana: Autopromote
) -> None:
    token = made(ana, "dashboard", "--role", "viewer", "--apps", "pay-*+shop-*")
    [row] = [one for one in answer_of(ana, "tokens") if one["name"] == "dashboard"]
    assert (row["role"], row["apps"], row["made_by"]) == (
        *("viewer", ["pay-*", "shop-*"], "ana@example.com"),
    )
    assert token not in str(row)
    assert "viewer of pay-*+shop-*" in ana("tokens").stdout

    with town.beside(**ROLES) as second:
        assert [whoami(url, token).status_code for url in (town.url, second.url)] == [200, 200]
        assert ana("tokens:revoke", "dashboard") == (
            "",
            "Revoking token dashboard... done\n",
            0,
        )
        assert [whoami(url, token).status_code for url in (second.url, town.url)] == [401, 401]
    refused = ana("whoami", AUTOPROMOTE_TOKEN=token)
    assert refused.stderr.endswith(barred("Error ID: unauthorized"))
    again = ana("tokens:revoke", "dashboard")
    assert again.stderr.endswith(barred("Error ID: token_not_found"))
