"""The plugin hands everything on as it is: words, login, streams, terminal, signals, exit code."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autopromote.main import ALIASES, COMMANDS
from tests.acceptance.town import ADMIN_TOKEN
from tests.cli.program import barred
from tests.heroku_cli import stand_in as script
from tests.heroku_cli.official import PATIENCE, OfficialCli, our_program

MUCH = "läuft\n" * 200_000


@dataclass(frozen=True)
class StandIn:
    """What the plugin takes for the program, and what that wrote down."""

    program: Path
    note: Path

    @property
    def env(self) -> dict[str, str]:
        """What has the plugin run it."""
        return {"AUTOPROMOTE_BIN": str(self.program), "STAND_IN_NOTE": str(self.note)}

    def noted(self, name: str) -> Any:
        """One of the things it wrote down."""
        return json.loads(self.note.read_text())[name]


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    """A program of the name that does little."""
    program = tmp_path / "program"
    command = shlex.join([sys.executable, script.__file__])
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    program.chmod(0o755)
    return StandIn(program, tmp_path / "note.json")


def test_every_command_is_one_of_the_heroku_clis(cli: OfficialCli) -> None:
    ours = [
        command["id"]
        for command in cli.json("commands")
        if command["pluginName"] == "heroku-autopromote"
    ]
    again = {
        name.replace(topic, alias, 1)
        for alias, topic in ALIASES.items()
        for name in COMMANDS
        if name.split(":")[0] == topic
    }

    assert set(ours) == {"autopromote", *(f"autopromote:{name}" for name in {*COMMANDS, *again})}


def test_words_streams_and_exit_code_go_through_as_they_are(
    cli: OfficialCli, stand_in: StandIn
) -> None:
    words = ("ship", "a b", "", "--to=*", "$HOME", "--", "--help", "-h")

    outcome = cli("autopromote:rules:add", *words, stdin=MUCH, **stand_in.env, STAND_IN_EXIT="7")

    assert stand_in.noted("argv") == ["rules:add", *words]
    assert stand_in.noted("terminals") == [False] * 3
    assert outcome == (MUCH, "said beside it\n", 7)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("autopromote", "rules", "add", "ship"), ["rules", "add", "ship"]),
        (("autopromote:subscriptions:add", "-a", "x"), ["webhooks:add", "-a", "x"]),
    ],
)
def test_a_command_is_found_in_every_spelling(
    cli: OfficialCli, stand_in: StandIn, said: tuple[str, ...], told: list[str]
) -> None:
    cli.says(*said, **stand_in.env)

    assert stand_in.noted("argv") == told


def test_the_stored_login_is_handed_over_for_its_own_heroku_only(
    cli: OfficialCli, stand_in: StandIn, tmp_path: Path
) -> None:
    machine = cli.url.removeprefix("http://")
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine {machine}\n  login ana@example.com\n  password HRKU-of-netrc\n")
    netrc.chmod(0o600)
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(cli.home / ".local" / "share")}

    cli.says(
        "autopromote:whoami",
        **home,
        **stand_in.env,
        HEROKU_API_KEY="",
        HEROKU_API_URL="https://heroku.example.com",
        HEROKU_APP="acme-staging",
    )

    assert stand_in.noted("argv") == ["whoami"]
    assert stand_in.noted("env") == {
        "HEROKU_API_KEY": "HRKU-of-netrc",
        "HEROKU_API_URL": None,
        "HEROKU_APP": "acme-staging",
        "HEROKU_HOST": cli.url,
        "AUTOPROMOTE_IN_HEROKU": "1",  # so that hints name commands as they are typed there
    }


def test_the_terminal_is_the_programs(cli: OfficialCli, stand_in: StandIn) -> None:
    ours, theirs = pty.openpty()
    try:
        os.write(ours, b"typed\n\x04")
        ended = subprocess.run(
            [str(cli.program), "autopromote:login"],
            cwd=cli.directory,
            env=cli.environment(**stand_in.env),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            timeout=PATIENCE,
            check=True,
        )
        shown = os.read(ours, 10_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)

    assert ended.returncode == 0
    assert stand_in.noted("terminals") == [True] * 3
    assert shown.endswith("typed\r\nsaid beside it\r\n")


def test_an_interrupt_leaves_the_program_its_last_word(
    cli: OfficialCli, stand_in: StandIn, tmp_path: Path
) -> None:
    # With telemetry, which these tests do without, the CLI itself ends in this way.
    hasty = tmp_path / "hasty.js"
    hasty.write_text("process.on('SIGINT', () => process.exit(1))\n")
    env = {"NODE_OPTIONS": f"--require={hasty}", "STAND_IN_WAITS": "1", **stand_in.env}

    with cli.started("autopromote:promote", **env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)  # a terminal tells all who run in it
        stdout, _ = process.communicate(timeout=PATIENCE)

    assert (stdout, process.returncode) == ("the last word\n", 5)
    assert stand_in.noted("told") == "SIGINT"


@pytest.mark.parametrize(
    ("number", "stdout", "code"),
    [(signal.SIGTERM, "the last word\n", 5), (signal.SIGHUP, "", 128 + signal.SIGHUP)],
)
def test_a_signal_to_the_cli_is_one_to_the_program(
    cli: OfficialCli, stand_in: StandIn, number: signal.Signals, stdout: str, code: int
) -> None:
    with cli.started("autopromote:promote", STAND_IN_WAITS="1", **stand_in.env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        said, _ = process.communicate(timeout=PATIENCE)

    assert (said, process.returncode) == (stdout, code)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (("autopromote:rules:add", "--help"), ("rules:add", "--help")),
        (("autopromote", "rules", "add", "ship", "-h"), ("rules:add", "--help")),
        (("help", "autopromote:webhooks"), ("webhooks", "--help")),
        (("help", "autopromote", "holds", "release"), ("holds:release", "--help")),
        (("autopromote",), ()),
    ],
)
def test_help_is_the_programs_own(
    cli: OfficialCli, said: tuple[str, ...], meant: tuple[str, ...]
) -> None:
    own = subprocess.run(
        [our_program(), *meant],
        env=cli.environment() | {"AUTOPROMOTE_IN_HEROKU": "1"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert "heroku autopromote" in own.stdout
    assert cli(*said) == (own.stdout, "", 0)


def test_without_the_program_it_says_what_to_install(cli: OfficialCli, tmp_path: Path) -> None:
    for name in ("node", "git", "env"):
        found = cli.environment()["PATH"].split(os.pathsep)
        (tmp_path / name).symlink_to(next(p for f in found if (p := Path(f, name)).exists()))

    assert cli("autopromote:rules", PATH=str(tmp_path)) == (
        "",
        barred(
            "Error: The autopromote program is not on the PATH."
            " Run `pipx install .` in a checkout of it."
        ),
        1,
    )


def test_a_program_that_cannot_be_run_is_named(cli: OfficialCli, tmp_path: Path) -> None:
    assert cli("autopromote:rules", AUTOPROMOTE_BIN=str(tmp_path)) == (
        "",
        barred(
            f"Error: AUTOPROMOTE_BIN is {tmp_path}, which cannot be run."
            " Unset it, or let it name the autopromote program."
        ),
        1,
    )


@pytest.mark.parametrize("version", ["autopromote/0.0.99 linux python-3.11.0", "another/7.0.0"])
def test_a_program_too_old_says_what_to_upgrade(
    cli: OfficialCli, stand_in: StandIn, version: str
) -> None:
    assert cli("autopromote:rules", **stand_in.env, STAND_IN_VERSION=version) == (
        "",
        barred(
            f"Error: {stand_in.program} is not autopromote 0.1 or newer."
            " Run `pipx install --force .` in a newer checkout."
        ),
        1,
    )
    assert not stand_in.note.exists()


def test_no_token_goes_where_the_heroku_cli_sends_none(cli: OfficialCli) -> None:
    host = "heroku.example.com"

    outcome = cli("autopromote:login", HEROKU_HOST=host, AUTOPROMOTE_URL="http://127.0.0.1:1")

    assert (outcome.stdout, outcome.code) == ("", 2)
    assert outcome.stderr.endswith(
        barred(
            f"Error: HEROKU_HOST {host} is not one the Heroku CLI accepts, so no token is sent"
            " there. Unset it, or run the autopromote program itself with HEROKU_API_URL, the API's"
            " full URL."
        )
    )
    assert ADMIN_TOKEN not in outcome.stderr
