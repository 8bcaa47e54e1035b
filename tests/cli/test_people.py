"""People: what is shown of who has logged in, and of who is logged out."""

from __future__ import annotations

import json

import pytest

from tests.cli.program import Autopromote, Outcome, barred, misused
from tests.cli.stranger import answer, stranger

ENDED = {"tokens": 1, "sessions": 0, "codes": 2, "machine_tokens": [], "message": "All out."}
SAID = "Ended 1 token, 0 browser sessions and 2 one-time codes. All out.\n"


def asked(autopromote: Autopromote, said: object, *words: str) -> tuple[Outcome, list[bytes]]:
    """Run a command before a listener that answers this; return the outcome, and what it heard."""
    with stranger(answer("200 OK", json.dumps(said))) as met:
        outcome = autopromote(*words, AUTOPROMOTE_URL=met.url, AUTOPROMOTE_TOKEN="t")
    return outcome, met.heard


def test_everybody_is_logged_out_when_that_is_confirmed(autopromote: Autopromote) -> None:
    words = ("people:revoke", "--all", "--confirm", "all")
    outcome, [heard] = asked(autopromote, ENDED, *words)
    assert outcome == (SAID, "Logging out everybody... done\n", 0)
    assert heard.startswith(b"POST /api/people/actions/revoke ")
    assert heard.endswith(b'{"all":true}')


def test_nobody_is_logged_out_when_it_is_not(autopromote: Autopromote) -> None:
    warning = "This logs everybody out."
    again = "To proceed, re-run this command with --confirm all"
    assert asked(autopromote, ENDED, "people:revoke", "--all") == (
        misused(f"Error: {warning}", again),
        [],
    )


def test_tokens_of_machines_that_somebody_may_know_are_named(autopromote: Autopromote) -> None:
    said = ENDED | {"machine_tokens": ["ci", "nightly"]}
    outcome, [heard] = asked(autopromote, said, "people:revoke", "leaver@example.com")
    assert heard.endswith(b'{"email":"leaver@example.com"}')
    assert outcome == (
        SAID,
        "Logging out leaver@example.com... done\n"
        + barred(
            "Warning: leaver@example.com made tokens of machines, which go on. To end them,"
            " run `autopromote tokens:revoke ci`, `autopromote tokens:revoke nightly`."
        ),
        0,
    )


@pytest.mark.parametrize("words", [(), ("ana@example.com", "--all")])
def test_whose_logins_end_is_said(autopromote: Autopromote, words: tuple[str, ...]) -> None:
    outcome = autopromote("people:revoke", *words)
    assert outcome == misused("Error: Say whose logins end: an email, or --all.")


def test_who_is_logged_out_has_a_line_as_well(autopromote: Autopromote) -> None:
    person: dict[str, object] = {
        "email": "ana@example.com",
        "role": None,
        "roles": [],
        "logged_in_at": "2020-01-31T18:00:00Z",
        "last_used_at": None,
        "tokens": [],
    }
    bound = {"role": "viewer", "apps": ["pay-*", "shop"]}
    login = {
        "kind": "browser",
        "created_at": "2020-02-01T18:00:00Z",
        "made_from": "192.0.2.7",
        "last_used_at": None,
        "expires_at": "2020-02-02T18:00:00Z",
    }
    other = person | {"email": "bo@example.com", "roles": [bound], "tokens": [login, login]}
    outcome, _ = asked(autopromote, [person, other], "people")
    lines = outcome.stdout.splitlines()
    assert [line.split()[:2] for line in lines if "example.com" in line] == [
        ["ana@example.com", "none"],
        ["bo@example.com", "viewer"],
        ["bo@example.com", "viewer"],
    ]
    assert all("viewer of pay-*+shop" in line and "192.0.2.7" in line for line in lines[-2:])
    assert asked(autopromote, [], "people")[0] == (
        "",
        "Nobody has logged in within 90 days.\n",
        0,
    )
