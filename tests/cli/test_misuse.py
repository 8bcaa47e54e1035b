"""What makes no sense ends with exit code 2, and says how it would make sense."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.program import BAR, Autopromote, barred, failed, misused

NO_APP = misused(
    "Error: Missing required flag app."
    " Say --app, set HEROKU_APP, or run this where a git remote is a Heroku app."
)


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ("rules:ad",),
            ("Error: rules:ad is not an autopromote command. Did you mean rules:add?",),
        ),
        (
            ("rules", "ad"),
            ("Error: rules ad is not an autopromote command. Did you mean rules:add?",),
        ),
        (("promot",), ("Error: promot is not an autopromote command. Did you mean promote?",)),
        (
            ("subscriptions:ad",),
            ("Error: subscriptions:ad is not an autopromote command. Did you mean webhooks:add?",),
        ),
        (
            ("help", "rolback"),
            ("Error: rolback is not an autopromote command. Did you mean rollback?",),
        ),
        (("qqqqq",), ("Error: qqqqq is not an autopromote command.",)),
        (("rules:",), ("Error: rules: is not an autopromote command. Did you mean rules?",)),
    ],
)
def test_an_unknown_command_names_the_nearest(
    autopromote: Autopromote, words: tuple[str, ...], lines: tuple[str, ...]
) -> None:
    assert autopromote(*words) == misused(*lines, "Run `autopromote help` for a list of commands.")


def test_a_line_break_in_a_word_stays_behind_the_bar(autopromote: Autopromote) -> None:
    assert autopromote("a\nError\x1b[31m") == misused(
        "Error: a",
        "Error is not an autopromote command.",
        "Run `autopromote help` for a list of commands.",
    )


@pytest.mark.parametrize(
    ("words", "error", "command"),
    [
        (("rules:add", "ship", "--to", "b"), "Missing option '-f' / '--from'.", "rules:add"),
        (("rules", "add", "--from", "a", "--to", "b"), "Missing argument 'NAME'.", "rules:add"),
        (("promotions:info", "1", "2"), "Got unexpected extra argument (2)", "promotions:info"),
        (("whoami", "me"), "Got unexpected extra argument (me)", "whoami"),
        (
            ("promotions", "-n", "0"),
            "Invalid value for '-n' / '--num': 0 is not in the range 1<=x<=1000.",
            "promotions",
        ),
        (
            ("holds:add", "--all", "-a", "x", "--reason", "y"),
            "Say --app or --all, not both.",
            "holds:add",
        ),
    ],
)
def test_bad_flags_point_to_the_commands_help(
    autopromote: Autopromote, words: tuple[str, ...], error: str, command: str
) -> None:
    assert autopromote(*words) == misused(
        f"Error: {error}", f"See more help with `autopromote {command} --help`."
    )


def test_an_unknown_flag_names_the_nearest(autopromote: Autopromote) -> None:
    outcome = autopromote("promote", "--relese", "v42")
    assert (outcome.stdout, outcome.code) == ("", 2)
    assert outcome.stderr.startswith(f"{BAR}Error: No such option '--relese'. (Did you mean")
    assert "'--release'" in outcome.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("webhooks:add",),
        ("webhooks:remove", "--confirm", "x"),
        ("promote", "--to", "example-app"),
        ("diff", "--to", "example-app"),
        ("rollback", "--reason", "x"),
        ("explain",),
        ("holds:add", "--reason", "x"),
        ("holds:release",),
    ],
)
def test_an_app_is_needed_and_not_guessed(autopromote: Autopromote, words: tuple[str, ...]) -> None:
    assert autopromote(*words) == NO_APP


@pytest.mark.parametrize("words", [(), ("--to", ""), ("--to", " , "), ("--json",)])
def test_an_update_changes_something(autopromote: Autopromote, words: tuple[str, ...]) -> None:
    assert autopromote("rules:update", "ship", *words) == misused(
        "Error: Nothing to change. Say what: see --help for what there is."
    )


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--timeout", "10"), "Couldn't read the time 10. Write a duration like 10m, 2h or 1d12h."),
        (("--timeout", "0m"), "Couldn't read the time 0m. Write a duration like 10m, 2h or 1d12h."),
        (("--timeout", ""), "Couldn't read the time . Write a duration like 10m, 2h or 1d12h."),
        (("--timeout", "9999999999d"), "9999999999d is too far away."),
    ],
)
@pytest.mark.parametrize("command", [("promote", "--to", "b"), ("rollback", "--reason", "x")])
def test_how_long_to_follow_is_a_duration(
    autopromote: Autopromote, command: tuple[str, ...], words: tuple[str, ...], complaint: str
) -> None:
    assert autopromote(*command, "-a", "a", *words) == misused(f"Error: {complaint}")


def test_nobody_follows_for_a_time_and_not_at_all(autopromote: Autopromote) -> None:
    outcome = autopromote("promote", "-a", "a", "--to", "b", "--no-wait", "--timeout", "1m")
    assert outcome == misused(
        "Error: Say --timeout or --no-wait, not both.",
        "See more help with `autopromote promote --help`.",
    )


@pytest.mark.parametrize("flag", ["--from", "--until"])
def test_a_time_without_a_zone_is_not_guessed(autopromote: Autopromote, flag: str) -> None:
    assert autopromote(
        "holds:add", "--all", "--reason", "sale", flag, "2030-01-31T18:00"
    ) == misused(
        "Error: The time 2030-01-31T18:00 has no zone."
        " Write it like 2030-01-31T18:00Z, or with +01:00 for Z."
    )


@pytest.mark.parametrize(
    ("words", "warning", "name"),
    [
        (
            ("rules:remove", "ship"),
            "This removes rule ship and cancels the promotions that wait under it.",
            "ship",
        ),
        (
            ("webhooks:remove", "-a", "example-app"),
            "The listener will no longer hear of releases of ⬢ example-app.",
            "example-app",
        ),
    ],
)
def test_without_a_terminal_nothing_is_asked(
    autopromote: Autopromote, words: tuple[str, ...], warning: str, name: str
) -> None:
    assert autopromote(*words, stdin=f"{name}\n") == misused(
        f"Error: {warning}", f"To proceed, re-run this command with --confirm {name}"
    )
    assert autopromote(*words, "--confirm", "other") == failed(
        f"Confirmation other did not match {name}. Aborted."
    )


@pytest.mark.parametrize("words", [("login",), ("login", "--send-full-token")])
def test_a_login_needs_to_know_where(autopromote: Autopromote, words: tuple[str, ...]) -> None:
    assert autopromote(*words) == misused(
        "Error: Which listener? Run `autopromote login --url https://example-app.herokuapp.com`."
    )


@pytest.mark.parametrize(
    ("env", "line"),
    [
        (
            {"AUTOPROMOTE_URL": "http://example.com", "AUTOPROMOTE_TOKEN": "t"},
            "Error: AUTOPROMOTE_URL must be https, so that nobody on the way reads the token: http://example.com",
        ),
        (
            {"AUTOPROMOTE_TOKEN": "t"},
            "Error: AUTOPROMOTE_TOKEN is set, but not for which listener. Set AUTOPROMOTE_URL.",
        ),
        (
            {"AUTOPROMOTE_URL": "https://ex\u00e4mple..com", "AUTOPROMOTE_TOKEN": "t"},
            (
                "Error: AUTOPROMOTE_URL is not a URL: https://ex\u00e4mple..com."
                " Write it like https://example-app.herokuapp.com."
            ),
        ),
        (
            {"AUTOPROMOTE_URL": "https://\u2603\u200d.com", "AUTOPROMOTE_TOKEN": "t"},
            "Error: Not a URL: https://\u2603\u200d.com",
        ),
        (
            {"AUTOPROMOTE_URL": "https://example.com", "AUTOPROMOTE_TOKEN": "a\nb"},
            "Error: The token holds characters that no token has.",
        ),
    ],
)
def test_settings_that_make_no_sense_are_named(
    autopromote: Autopromote, env: dict[str, str], line: str
) -> None:
    assert autopromote("whoami", **env) == misused(line)


@pytest.mark.parametrize(
    "words", [("promotions:info", ".."), ("rules:info", ""), ("webhooks:info", "-a", ".")]
)
def test_a_name_is_not_a_way_to_another_path(
    autopromote: Autopromote, words: tuple[str, ...]
) -> None:
    assert autopromote(
        *words, AUTOPROMOTE_URL="http://127.0.0.1:1", AUTOPROMOTE_TOKEN="t"
    ) == misused(f"Error: Not a name or id: '{words[-1]}'")


@pytest.mark.parametrize("words", [("promote", "-a", "web\udcff"), ("\udcff",)])
def test_an_argument_that_is_no_text_is_misuse(
    autopromote: Autopromote, words: tuple[str, ...]
) -> None:
    shown = words[-1].replace("\udcff", "\N{REPLACEMENT CHARACTER}")
    assert autopromote(*words) == misused(f"Error: {shown} is not UTF-8.")


@pytest.mark.parametrize(
    "words", [("--version",), ("--help",), ("help", "holds"), ("completion", "bash")]
)
def test_a_full_disk_is_told_in_a_line(autopromote: Autopromote, words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            autopromote.command(*words),
            env=autopromote.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
    message = barred("Error: Couldn't write all of it: No space left on device.")
    assert (done.returncode, done.stderr) == (1, message)
