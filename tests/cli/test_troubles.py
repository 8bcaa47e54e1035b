"""Troubles: said beside what is asked for, and by a listener that knows of none, not at all."""

from __future__ import annotations

import pytest

from autopromote.commands.promotions.trouble_view import show_troubles, tell_troubles
from autopromote.errors import Refused
from autopromote.resources import Trouble
from tests.cli.answers import full

REVOKED = full(
    Trouble,
    {
        "title": "Heroku does not accept the listener's key",
        "message": "Invalid credentials.",
        "mend": "autopromote doctor",
        "since": "noon",
    },
)
SAID = "Heroku does not accept the listener's key since noon: Invalid credentials."


def test_each_is_told_on_stderr_with_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    tell_troubles(lambda: [REVOKED])
    said = capsys.readouterr()
    assert said.out == ""
    words = " ".join(said.err.replace("›", "").replace("Warning:", "").split())
    assert words == f"{SAID} Use `autopromote doctor`."


def test_each_is_shown_beside_a_release(capsys: pytest.CaptureFixture[str]) -> None:
    show_troubles([REVOKED])
    assert capsys.readouterr().out == f"{SAID}\nUse `autopromote doctor`.\n"


def test_an_older_listener_is_not_complained_of(capsys: pytest.CaptureFixture[str]) -> None:
    def ask() -> list[Trouble]:
        raise Refused("There is nothing at this address.", id="not_found", status=404)

    tell_troubles(ask)
    assert capsys.readouterr().err == ""


def test_any_other_no_is_the_commands_own() -> None:
    def ask() -> list[Trouble]:
        raise Refused("Not now.", id="database_unavailable", status=503)

    with pytest.raises(Refused):
        tell_troubles(ask)
