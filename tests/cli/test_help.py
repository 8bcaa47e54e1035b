"""Every command says what it is for, in the Heroku manner, with an example."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from autopromote.command import Command
from autopromote.main import ALIASES, COMMANDS
from tests.cli.program import Autopromote

NAMES = sorted(COMMANDS)
FLAG = re.compile(r"(?<!\S)--[a-z-]+")


def help_of(autopromote: Autopromote, *words: str) -> str:
    outcome = autopromote(*words)
    assert (outcome.stderr, outcome.code) == ("", 0)
    return outcome.stdout


def find(name: str) -> Command:
    """Return the command's object, as the program does."""
    path = COMMANDS[name][0]
    found: Command = getattr(import_module(f"autopromote.commands.{path}"), path.rpartition(".")[2])
    return found


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--help",),
        ("-h",),
        ("help",),
        ("--help", "rules"),
        ("help", "--help"),
        ("help", "-h"),
        ("help", "help"),
        ("help", "help", "--help"),
    ],
)
def test_the_program_lists_its_commands(autopromote: Autopromote, words: tuple[str, ...]) -> None:
    printed = help_of(autopromote, *words)

    assert printed.startswith(
        "promote Heroku releases from a source app to its targets by themselves\n\nUSAGE\n"
    )
    for name, (_, line) in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(line)}$", printed, re.MULTILINE)


def test_a_commands_help_is_exactly_this(autopromote: Autopromote) -> None:
    assert help_of(autopromote, "webhooks:rotate", "--help") == (
        "give an app's webhook a new secret\n"
        "\n"
        "USAGE\n"
        "  $ autopromote webhooks:rotate\n"
        "\n"
        "FLAGS\n"
        "  -a, --app APP        app to run command against\n"
        "  -r, --remote REMOTE  git remote of app to use\n"
        "  --now                refuse the old secret at once, as after a leak\n"
        "  --json               print the answer as JSON\n"
        "  -h, --help           show this help\n"
        "\n"
        "DESCRIPTION\n"
        "  The old secret stays valid until a delivery has proved the new one and 72\n"
        "  hours have passed, because what Heroku has queued may still be signed with\n"
        "  it. With --now those are refused.\n"
        "\n"
        "EXAMPLES\n"
        "  $ autopromote webhooks:rotate --app example-app-staging\n"
        "  $ autopromote webhooks:rotate --app example-app-staging --now\n"
    )


@pytest.mark.parametrize(
    "words",
    [
        ("rules:add", "-h"),
        ("rules", "add", "--help"),
        ("help", "rules:add"),
        ("help", "rules", "add"),
        ("help", "--help", "rules:add"),
        ("rules:add", "ship", "--help"),
    ],
)
def test_help_is_found_in_every_spelling(autopromote: Autopromote, words: tuple[str, ...]) -> None:
    assert help_of(autopromote, *words) == help_of(autopromote, "rules:add", "--help")


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("webhooks")])
def test_subscriptions_is_another_word_for_webhooks(autopromote: Autopromote, name: str) -> None:
    assert ALIASES == {"subscriptions": "webhooks"}
    alias = name.replace("webhooks", "subscriptions")
    assert help_of(autopromote, "help", alias) == help_of(autopromote, "help", name)


def test_a_topic_names_its_commands(autopromote: Autopromote) -> None:
    printed = help_of(autopromote, "rules", "--help")
    assert re.findall(r"^  (rules:\w+) ", printed, re.MULTILINE) == [
        "rules:add",
        "rules:info",
        "rules:update",
        "rules:remove",
        "rules:calendar",
        "rules:backtest",
        "rules:export",
        "rules:check",
        "rules:apply",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_command_says_the_same_as_the_list(name: str) -> None:
    assert (find(name).help or "").split("\n")[0] == COMMANDS[name][1]


@pytest.mark.parametrize("name", NAMES)
def test_a_line_of_help_is_a_short_fragment(name: str) -> None:
    line = COMMANDS[name][1]
    assert line[0].islower()
    assert not line.endswith(".")
    assert len(f"  {'webhooks:deliveries'}  {line}") <= 80


@pytest.mark.parametrize("name", NAMES)
def test_flags_are_explained_in_fragments(name: str) -> None:
    for param in find(name).params:
        if text := getattr(param, "help", None):
            assert text[0].islower() or text.startswith("JSON")
            assert not text.endswith(".")
        else:
            assert param.param_type_name == "argument"


@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_of_the_command_and_of_its_flags(name: str) -> None:
    command = find(name)
    known = {flag for param in command.params for flag in param.opts}

    assert command.examples
    for example in command.examples:
        assert example.split()[0] == name
        assert set(FLAG.findall(example)) <= known
        assert not re.search(r"(?<!\S)-[a-z]\b", example), "examples use long flags"
        assert not re.search(r"acme|my-app", example), "examples are of example-app"


@pytest.mark.parametrize("name", NAMES)
def test_a_commands_help_fits_a_terminal(autopromote: Autopromote, name: str) -> None:
    printed = help_of(autopromote, name, "--help")
    assert max(len(line) for line in printed.splitlines()) <= 80


def test_a_long_example_is_broken_before_a_flag(autopromote: Autopromote) -> None:
    printed = help_of(autopromote, "promote", "--help")
    assert (
        "  $ autopromote promote --app example-app-staging --to example-app\n"
        "  $ autopromote promote --app example-app-staging \\\n"
        "      --to example-app,example-app-eu --release v42\n"
    ) in printed


def test_every_file_is_in_the_table(request: pytest.FixtureRequest) -> None:
    root = request.config.rootpath / "cli" / "autopromote" / "commands"
    files = {".".join(path.relative_to(root).with_suffix("").parts) for path in root.rglob("*.py")}
    not_commands = {
        name for name in files if name.endswith(("__init__", "view", "outcome", "watch"))
    }
    assert files - not_commands == {path for path, _ in COMMANDS.values()}
