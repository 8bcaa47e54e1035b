"""Inside the Heroku CLI, commands are named as they are typed there; JSON stays as it is."""

from __future__ import annotations

import json

import pytest

from autopromote.calling import IN_HEROKU, as_called, as_typed, typed
from autopromote.commands.findings.view import show_finding
from autopromote.commands.login import unbound
from autopromote.resources import Finding
from tests.cli.answers import full
from tests.cli.program import Autopromote, barred
from tests.cli.stranger import answer, stranger

INSIDE = {IN_HEROKU: "1"}


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Heroku CLI runs it."""
    monkeypatch.setenv(IN_HEROKU, "1")


@pytest.mark.parametrize(
    ("words", "alone", "in_heroku"),
    [
        ("rules:add ship", "autopromote rules:add ship", "heroku autopromote:rules:add ship"),
        ("help rules:add", "autopromote help rules:add", "heroku help autopromote:rules:add"),
        ("help", "autopromote help", "heroku help autopromote"),
        ("--help", "autopromote --help", "heroku autopromote --help"),
        ("", "autopromote", "heroku autopromote"),
    ],
)
def test_a_command_is_told_as_it_is_typed(
    monkeypatch: pytest.MonkeyPatch, words: str, alone: str, in_heroku: str
) -> None:
    monkeypatch.delenv(IN_HEROKU, raising=False)
    assert typed(words) == alone
    monkeypatch.setenv(IN_HEROKU, "1")
    assert typed(words) == as_typed(alone) == in_heroku


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Run `autopromote doctor`.", "Run `heroku autopromote:doctor`."),
        (
            "`autopromote promotions:retry 4` or not",
            "`heroku autopromote:promotions:retry 4` or not",
        ),
        ("`heroku ps -a x`, by autopromote", "`heroku ps -a x`, by autopromote"),
        ("v4 by autopromote `autopromote", "v4 by autopromote `autopromote"),
        ("`autopromoted x`", "`autopromoted x`"),
    ],
)
def test_only_commands_between_backquotes_are_rewritten(text: str, shown: str) -> None:
    assert as_called(text) == shown


@pytest.mark.usefixtures("inside")
def test_what_mends_a_finding_is_as_typed(capsys: pytest.CaptureFixture[str]) -> None:
    mend = "autopromote holds:release -a example-app"
    show_finding(full(Finding, {"state": "warning", "message": "On hold.", "mend": mend}))
    assert capsys.readouterr().out == (
        "! On hold.\n  $ heroku autopromote:holds:release -a example-app\n"
    )


def test_help_and_errors_name_commands_as_they_are_typed(autopromote: Autopromote) -> None:
    shown = autopromote("holds:add", "--help", **INSIDE).stdout
    assert "USAGE\n  $ heroku autopromote:holds:add --reason TEXT\n" in shown
    assert "  $ heroku autopromote:holds:add --app example-app \\\n" in shown
    assert "$ autopromote" not in shown
    shown = autopromote(**INSIDE).stdout
    assert "  $ heroku autopromote:COMMAND\n" in shown
    assert "  $ heroku help autopromote:rules:add\n" in shown
    assert autopromote("nonsense", **INSIDE).stderr == barred(
        "Error: nonsense is not an autopromote command.",
        "Run `heroku help autopromote` for a list of commands.",
    )
    assert autopromote("holds:info", **INSIDE).stderr == barred(
        "Error: Missing argument 'ID'.",
        "See more help with `heroku autopromote:holds:info --help`.",
    )
    assert autopromote("rules", **INSIDE).stderr == barred(
        "Error: Not logged in. Run `heroku autopromote:login`."
    )


def test_json_stays_as_the_listener_said_it(autopromote: Autopromote) -> None:
    told = [full(Finding, {"state": "ok", "message": "Run `autopromote doctor`."})]
    with stranger(answer("200 OK", json.dumps(told))) as listener:
        env = {"AUTOPROMOTE_URL": listener.url, "AUTOPROMOTE_TOKEN": "t", **INSIDE}
        assert json.loads(autopromote("doctor", "--json", **env).stdout) == told
        assert autopromote("doctor", **env).stdout == "✓ Run `heroku autopromote:doctor`.\n"


@pytest.mark.parametrize(
    ("url", "app"),
    [
        ("https://acme-autopromote-0123456789ab.herokuapp.com", "acme-autopromote"),
        ("https://autopromote.acme.example", "APP"),
    ],
)
def test_the_listeners_own_app_is_named_where_its_address_tells_it(url: str, app: str) -> None:
    assert f"`autopromote login:client -a {app}`" in unbound(url)
