"""Who has logged in, and who is thrown out: at every process, from the next request on."""

from __future__ import annotations

import json
import re

import pytest

from tests.acceptance.command_line.people import ROLES, VIEWER_TOKEN, answer_of, login_file
from tests.acceptance.command_line.test_login import whoami
from tests.acceptance.town import Town
from tests.cli.program import Autopromote

pytestmark = pytest.mark.acceptance

VIC = "vic@viewers.example"


def logged_in(person: Autopromote) -> str:
    """Log a viewer in with this program; return the token."""
    assert person("login", HEROKU_API_KEY=VIEWER_TOKEN).code == 0
    return str(json.loads(login_file(person).read_text())["token"])


def test_who_has_logged_in_is_listed(ana: Autopromote) -> None:
    people = {one["email"]: one for one in answer_of(ana, "people")}
    assert people["ana@example.com"]["role"] == "admin"
    assert {one["made_from"] for one in people["ana@example.com"]["tokens"]} == {"127.0.0.1"}
    assert people["ana@example.com"]["tokens"][0]["last_used_at"] is not None

    shown = ana("people")
    assert (shown.stderr, shown.code) == ("", 0)
    assert shown.stdout.split("\n", 1)[0].split() == [
        *("Email", "Role", "Kind", "Since", "From", "Last", "used", "Until")
    ]
    assert "ana@example.com" in shown.stdout


def test_who_is_revoked_is_refused_by_every_process(
    town: Town, ana: Autopromote, person: Autopromote
) -> None:
    token = logged_in(person)
    assert ana("login").code == 0  # both have one home, and the token of before is kept
    with town.beside(**ROLES) as second:
        assert [whoami(url, token).status_code for url in (town.url, second.url)] == [200, 200]
        done = ana("people:revoke", VIC.upper())
        assert done.code == 0
        assert done.stderr == f"Logging out {VIC.upper()}... done\n"
        assert re.fullmatch(
            r"Ended \d+ tokens?, \d+ browser sessions? and \d+ one-time codes?\."
            rf" {VIC.upper()} is viewer, and can log in again: put !{VIC.upper()} into"
            r" AUTOPROMOTE_ADMINS, _APPROVERS or _VIEWERS to prevent it\.\n",
            done.stdout,
        )
        assert [whoami(url, token).status_code for url in (second.url, town.url)] == [401, 401]
    entries = answer_of(ana, "audit", "--num", "5")
    told = [(one["action"], one["by"]) for one in entries]
    # The second one has told of no other; the first may have told of ten within this minute.
    assert ("login.refused", VIC) in told[:2]
    assert ("person.revoked", "ana@example.com") in told[1:3]
    assert "person.revoked" in ana("audit", "--num", "5").stdout


def test_only_an_admin_may(person: Autopromote) -> None:
    logged_in(person)
    everybody = ("people:revoke", "--all", "--confirm", "all")
    for words in (("people",), ("people:revoke", VIC), everybody):
        refused = person(*words)
        assert (refused.stdout, refused.code) == ("", 1)
        assert "That needs the role admin" in refused.stderr
