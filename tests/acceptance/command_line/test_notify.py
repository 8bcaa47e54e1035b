"""`notify:test`, through real sockets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests import patient
from tests.acceptance.town import ADMIN_TOKEN, Town
from tests.cli.program import Autopromote
from tests.worker.chats import open_chat

pytestmark = pytest.mark.acceptance


def test_one_service_is_tried(town: Town, ana: Autopromote) -> None:
    with open_chat() as chat:
        well = ana("notify:test", chat.url)
        chat.is_dead = True
        dead = ana("notify:test", chat.url)
        as_json = ana("notify:test", chat.url, "--json")
        forbidden = ana("notify:test", f"{chat.url}?method=PUT")
    assert (well.code, well.stderr) == (0, "")
    assert [line.split() for line in well.stdout.splitlines() if "json" in line] == [
        ["json://…", "yes", "It", "answered", "200."]
    ]
    assert dead.code == 1
    assert "It answered 503." in dead.stdout
    assert "1 of 1 did not take it." in dead.stderr
    assert [each["told"] for each in json.loads(as_json.stdout)] == [False]
    assert (forbidden.code, "method= may not be said" in forbidden.stderr) == (1, True)


def test_where_nobody_is_told_it_says_how_to_tell_somebody(town: Town, ana: Autopromote) -> None:
    none = ana("notify:test")
    assert (none.code, none.stdout) == (0, "")
    assert "rules:update NAME --notify URL" in none.stderr


def test_the_operator_s_service_and_a_rule_s_are_told(bare_town: Town) -> None:
    with open_chat() as chat, open_chat() as other:
        bare_town.start(AUTOPROMOTE_NOTIFY=chat.url, AUTOPROMOTE_ALLOW_PRIVATE_CHECKS="1")
        bare_town.pair("acme-staging", "acme-prod", notify=other.url)
        assert [each["told"] for each in tried(bare_town, {})] == [True]
        assert [each["told"] for each in tried(bare_town, {"rule": "ship"})] == [True]
        said = "A test of autopromote"
        assert [each["title"] for each in chat.told if each["title"] == said] == [said]
        assert [each["title"] for each in other.told if each["title"] == said] == [said]


def test_nothing_inside_is_told(bare_town: Town) -> None:
    bare_town.start()
    with open_chat() as chat:
        [refused] = tried(bare_town, {"url": chat.url})
        assert chat.told == []
    assert not refused["told"]
    assert "leads to a loopback address" in refused["message"]


def tried(town: Town, body: dict[str, str]) -> list[dict[str, Any]]:
    """What the listener says of those who were told."""
    login = patient.post(f"{town.url}/api/tokens", json={"heroku_token": ADMIN_TOKEN})
    headers = {"Authorization": f"Bearer {login.json()['token']}"}
    answer = patient.post(f"{town.url}/api/notices/actions/test", json=body, headers=headers)
    found: list[dict[str, Any]] = answer.json()
    return found
