"""A shell is told what a word may become, in a moment; whatever goes wrong, it is told nothing."""

from __future__ import annotations

import json
import shutil
import socket
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from autopromote.completion.shells import SCRIPTS, behind_break, words_of_line
from autopromote.main import COMMANDS
from autopromote.resources import MachineToken, Promotion, Rule, Subscription, Wall
from tests.cli.answers import full
from tests.cli.program import Autopromote, Outcome
from tests.cli.stranger import Stranger, answer, stranger
from tests.cli.test_imports import OURS_ONLY, SLOW, loaded_by

NOTHING = Outcome("", "", 0)
SHIP: dict[str, Any] = {
    "id": "1",
    "name": "ship",
    "mode": "armed",
    "source": {"id": "a", "name": "example-app-staging"},
    "targets": [{"id": "b", "name": "example-app"}, {"id": "c", "name": "example-app-eu"}],
    # The same answer is given to whoever asks for webhooks.
    "app": {"id": "d", "name": "other-app"},
    "url": "https://example-app.herokuapp.com",
    "level": "sync",
    "healthy": True,
    "last_delivery_at": None,
}
SHIP = {**full(Subscription, SHIP), **full(Rule, SHIP)}
PROMOTION = full(
    Promotion,
    {
        "id": "42",
        "status": "waiting",
        "reason": None,
        "due_at": None,
        "rule": None,
        "source": {"app": SHIP["source"], "release": {"id": "r", "version": 7}, "slug": None},
        "target": {"app": {"id": "b", "name": "example-app"}, "release": None},
        "gates": [],
        "created_at": "noon",
        "updated_at": "noon",
    },
)
RULES = "ship\tarmed: example-app-staging to example-app, example-app-eu\n"


def complete(autopromote: Autopromote, *words: str, **env: str) -> list[str]:
    """Return what fish is told, without the meanings."""
    outcome = autopromote("__complete", "fish", *words, **env)
    assert (outcome.stderr, outcome.code) == ("", 0)
    return [line.partition("\t")[0] for line in outcome.stdout.splitlines()]


def listening(*answers: object, status: str = "200 OK") -> bytes:
    """Return the answer of a listener."""
    return answer(status, json.dumps(list(answers)))


def at(listener: Stranger, token: str = "t") -> dict[str, str]:
    """Return the environment in which the listener is ours."""
    return {"AUTOPROMOTE_URL": listener.url, "AUTOPROMOTE_TOKEN": token}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), [*COMMANDS, "help"]),
        (("",), [*COMMANDS, "help"]),
        (("ru",), [name for name in COMMANDS if name.startswith("rules")]),
        (("rules:i",), ["rules:info"]),
        (("subs",), [n.replace("webhooks", "subscriptions") for n in COMMANDS if "webhooks" in n]),
        (("subscriptions:ro",), ["subscriptions:rotate"]),
        (("-",), ["--help", "--version"]),
        (("rules", ""), [n.partition(":")[2] for n in COMMANDS if n.startswith("rules:")]),
        (("subscriptions", "ro"), ["rotate"]),
        (("rules", "--n"), ["--num"]),
        (("help", "rules:a"), ["rules:add", "rules:apply"]),
        (("help", "rules", "a"), ["add", "apply"]),
        (("promotions", "--status", "s"), ["succeeded", "superseded", "skipped", "shadowed"]),
        (("promotions", "-s", "wait"), ["waiting"]),
        (("promotions", "--status=wait"), ["--status=waiting"]),
        (("rules:add", "x", "--mode", ""), ["armed", "shadow", "off"]),
        (("rules", "add", "x", "--on-newer", ""), ["supersede", "keep"]),
        (("rules:add", "x", "--strategy", "p"), ["pipeline"]),
        (("promote", "--w"), ["--wait"]),
        (("promote", "--n"), ["--no-wait"]),
        (("promote", "--wait", "--w"), []),
        (("promote", "--no-wait", "--w"), []),
        (("promote", "--to", "a", "--t"), ["--to", "--timeout"]),
        (("promote", "--timeout", ""), []),
        (("promote", "-r", "heroku", "--re"), ["--release", "--reason"]),
        (("promote", "--remote=heroku", "--re"), ["--release", "--reason"]),
        (("promote", "--release", "--"), []),
        (("promotions", "--num", ""), []),
        (("promotions:info", "--h"), ["--help"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
        (("completion", "bash", ""), []),
        (("nonsense", ""), []),
        (("rules:remove", "ship", "--confirm", ""), []),
        (("rules:add", ""), []),
        (("rollback", "--to", ""), []),
    ],
)
def test_words_that_are_known_need_no_listener(
    autopromote: Autopromote, words: tuple[str, ...], found: list[str]
) -> None:
    assert complete(autopromote, *words) == found


def test_each_word_has_its_meaning(autopromote: Autopromote) -> None:
    line = COMMANDS["rules:info"][1]
    assert autopromote("__complete", "fish", "rules:i").stdout == f"rules:info\t{line}\n"
    assert autopromote("__complete", "zsh", "rules:i").stdout == f"rules\\:info:{line}\n"
    flag = "--now\trefuse the old secret at once, as after a leak\n"
    assert autopromote("__complete", "fish", "webhooks:rotate", "--n").stdout == flag


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("rules:info", ""), ["ship"]),
        (("rules", "update", "s"), ["ship"]),
        (("rules:info", "x"), []),
        (("rules:info", "ship", ""), []),
        (("promote", "--app", "example-app-"), ["example-app-staging", "example-app-eu"]),
        (("promote", "-a", "o"), ["other-app"]),
        (("promote", "--app=o"), ["--app=other-app"]),
        (("promote", "--to", "other-app,example-app-e"), ["other-app,example-app-eu"]),
        (("promote", "--to", "example-app,example-app"), ["example-app,example-app-staging"]),
        (("rules:add", "x", "--from", "o"), ["other-app"]),
    ],
)
def test_names_of_rules_and_apps_come_from_the_listener(
    autopromote: Autopromote, words: tuple[str, ...], found: list[str]
) -> None:
    with stranger(listening(SHIP)) as listener:
        completed = complete(autopromote, *words, **at(listener))
    assert completed[: len(found)] == found if found else completed == []


def test_promotions_come_with_how_they_stand(autopromote: Autopromote) -> None:
    with stranger(listening(PROMOTION)) as listener:
        outcome = autopromote("__complete", "fish", "promotions:info", "", **at(listener))
    assert outcome == ("42\twaiting: example-app-staging v7 to example-app\n", "", 0)


def test_tokens_come_with_their_role_where_one_is_ended(autopromote: Autopromote) -> None:
    token = full(MachineToken, {"name": "ci", "role": "promoter", "made_by": "ana@example.com"})
    with stranger(listening(token)) as listener:
        outcome = autopromote("__complete", "fish", "tokens:revoke", "", **at(listener))
        assert complete(autopromote, "tokens:create", "", **at(listener)) == []
    assert outcome == ("ci\tpromoter, made by ana@example.com\n", "", 0)


def test_walls_come_with_who_made_them_where_one_is_removed(autopromote: Autopromote) -> None:
    wall = full(Wall, {"name": "lobby", "made_by": "ana@example.com"})
    with stranger(listening(wall)) as listener:
        outcome = autopromote("__complete", "fish", "wall:remove", "", **at(listener))
        assert complete(autopromote, "wall:create", "", **at(listener)) == []
    assert outcome == ("lobby\tmade by ana@example.com\n", "", 0)


def cache(autopromote: Autopromote) -> Path:
    return autopromote.home / ".cache" / "autopromote" / "completion.json"


def test_names_are_kept_for_a_moment_and_for_nobody_else(autopromote: Autopromote) -> None:
    with stranger(listening(SHIP)) as listener:
        for _ in range(2):
            assert complete(autopromote, "rules:info", "", **at(listener)) == ["ship"]
        assert len(listener.heard) == 1
        file = cache(autopromote)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        assert '"t"' not in file.read_text()

        complete(autopromote, "promote", "--app", "", **at(listener))
        assert len(listener.heard) == 3, "rules and webhooks name the apps"
        assert complete(autopromote, "rules:info", "", **at(listener)) == ["ship"]
        assert len(listener.heard) == 3, "and the rules are still known"

        complete(autopromote, "rules:info", "", **at(listener, token="another"))
        assert len(listener.heard) == 4


@pytest.mark.parametrize("age", [31.0, -5.0])
def test_names_that_are_old_or_of_tomorrow_are_asked_for_again(
    autopromote: Autopromote, age: float
) -> None:
    with stranger(listening(SHIP)) as listener:
        complete(autopromote, "rules:info", "", **at(listener))
        kept = json.loads(cache(autopromote).read_text())
        kept["kinds"]["rules"]["at"] -= age
        cache(autopromote).write_text(json.dumps(kept))
        complete(autopromote, "rules:info", "", **at(listener))
        assert len(listener.heard) == 2


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"whose": 1}', "\ud800"])
def test_a_spoilt_cache_is_none(autopromote: Autopromote, content: str) -> None:
    cache(autopromote).parent.mkdir(parents=True)
    cache(autopromote).write_bytes(content.encode(errors="surrogatepass"))
    with stranger(listening(SHIP)) as listener:
        assert complete(autopromote, "rules:info", "", **at(listener)) == ["ship"]


def test_a_cache_that_cannot_be_written_is_none(autopromote: Autopromote) -> None:
    env = {"XDG_CACHE_HOME": str(autopromote.bin / "git")}  # which is a file
    with stranger(listening(SHIP)) as listener:
        assert complete(autopromote, "rules:info", "", **at(listener), **env) == ["ship"]
    assert autopromote("logout", **env) == ("", "Not logged in.\n", 0)


def test_logging_out_forgets_the_names(autopromote: Autopromote) -> None:
    with stranger(listening(SHIP)) as listener:
        complete(autopromote, "rules:info", "", **at(listener))
    assert cache(autopromote).exists()
    autopromote("logout")
    assert not cache(autopromote).exists()


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"nonsense",
        answer("401 Unauthorized", '{"id": "unauthorized", "message": "Log in first."}'),
        answer("503 Service Unavailable", "<html>"),
        answer("200 OK", '{"not": "a list"}'),
        answer("302 Found", headers="Location: https://elsewhere.example\r\n"),
    ],
)
def test_trouble_completes_nothing_and_says_nothing(autopromote: Autopromote, reply: bytes) -> None:
    with stranger(reply) as listener:
        assert autopromote("__complete", "fish", "rules:info", "", **at(listener)) == NOTHING
    assert not cache(autopromote).exists()


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"AUTOPROMOTE_URL": "http://127.0.0.1:1", "AUTOPROMOTE_TOKEN": "t"},
        {"AUTOPROMOTE_URL": "not a url", "AUTOPROMOTE_TOKEN": "t"},
        {"AUTOPROMOTE_TOKEN": "t"},
    ],
)
def test_without_a_listener_names_are_not_completed(
    autopromote: Autopromote, env: dict[str, str]
) -> None:
    assert autopromote("__complete", "fish", "rules:info", "", **env) == NOTHING


def test_a_listener_that_keeps_silent_is_not_waited_for(autopromote: Autopromote) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        env = {
            "AUTOPROMOTE_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "AUTOPROMOTE_TOKEN": "t",
        }
        outcome = autopromote("__complete", "fish", "rules:info", "", **env)
        # On a slow machine the program ends itself first, which is an exit code of its own.
        assert (outcome.stdout, outcome.stderr) == ("", "")


def test_a_name_that_a_shell_might_obey_is_not_offered(autopromote: Autopromote) -> None:
    names = ["$(reboot)", "a b", "`id`", "x;y", "fine_1.0-a@b+c", "\x1b[31m", "a\nb"]
    rules = [{**SHIP, "name": name} for name in names]
    with stranger(listening(*rules)) as listener:
        assert complete(autopromote, "rules:info", "", **at(listener)) == ["fine_1.0-a@b+c"]


@pytest.mark.parametrize("words", [("fish", "rul"), ("zsh", "rules", ""), ("bash", " :", "a r")])
def test_names_of_commands_load_nothing(autopromote: Autopromote, words: tuple[str, ...]) -> None:
    loaded = loaded_by(autopromote, "__complete", *words)
    assert not loaded & (OURS_ONLY | SLOW | {"click", "httpx", "autopromote.program"})
    assert not [name for name in loaded if name.startswith("autopromote.commands")]


def test_flags_load_their_command_and_no_http(autopromote: Autopromote) -> None:
    loaded = loaded_by(autopromote, "__complete", "fish", "rules:add", "--")
    assert not loaded & (OURS_ONLY | SLOW | {"httpx", "autopromote.api"})
    assert {name for name in loaded if name.startswith("autopromote.commands.")} == {
        "autopromote.commands.rules",
        "autopromote.commands.rules.add",
        "autopromote.commands.rules.trial_view",
        "autopromote.commands.rules.view",
    }


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_script_of_a_shell_is_printed(autopromote: Autopromote, shell: str) -> None:
    assert autopromote("completion", shell) == (SCRIPTS[shell], "", 0)
    assert f"__complete {shell} " in SCRIPTS[shell]


@pytest.mark.parametrize("words", [(), ("tcsh", "a"), ("bash",), ("bash", " ")])
def test_what_no_shell_of_ours_asks_is_not_answered(
    autopromote: Autopromote, words: tuple[str, ...]
) -> None:
    assert autopromote("__complete", *words) == ("", "", 1)


BREAKS = " \t\n\"'><=;|&(:"
ASK = """
source "$1"
COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDBREAKS=$3
_autopromote autopromote
printf '%s\\n' "${COMPREPLY[@]}"
complete -p autopromote
"""


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("autopromote holds", ["holds", "holds:add", "holds:info", "holds:release"]),
        ("autopromote holds:", ["add", "info", "release"]),
        ("autopromote rules:i", ["info"]),
        ("autopromote rules:info ", ["ship"]),
        ("autopromote promote --app=example-app-e", ["example-app-eu"]),
        ("autopromote promote --to 'example-app,example-app-e", ["example-app,example-app-eu"]),
        ("autopromote non", [""]),
    ],
)
def test_bash_completes_though_a_colon_breaks_its_words(
    autopromote: Autopromote, tmp_path: Path, line: str, found: list[str]
) -> None:
    bash = shutil.which("bash")
    assert bash is not None, "these tests use bash"
    program = autopromote.bin / "autopromote"
    program.write_text(f'#!{bash}\nexec {" ".join(autopromote.command())} "$@"\n')
    program.chmod(0o755)
    script = tmp_path / "completion.bash"
    script.write_text(autopromote("completion", "bash").stdout)
    with stranger(listening(SHIP)) as listener:
        done = subprocess.run(
            [bash, "--norc", "-c", ASK, "bash", str(script), line, BREAKS],
            env=autopromote.environment(**at(listener)),
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
    assert done.stdout.splitlines() == [*found, "complete -F _autopromote autopromote"]
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("autopromote", ["autopromote"]),
        ("autopromote ", ["autopromote", ""]),
        ("autopromote rules:add  x", ["autopromote", "rules:add", "x"]),
        ("autopromote 'a b", ["autopromote", "a b"]),
        ('autopromote "a b" ', ["autopromote", "a b", ""]),
        ('autopromote "a ', ["autopromote", "a "]),
        ('autopromote "a\\', [""]),
        ("", []),
    ],
)
def test_a_line_may_end_in_the_middle(line: str, words: list[str]) -> None:
    assert words_of_line(line) == words


@pytest.mark.parametrize(
    ("word", "breaks", "rest"),
    [
        ("rules:ad", BREAKS, "ad"),
        ("rules:", BREAKS, ""),
        ("rules:ad", " ", "rules:ad"),
        ("--app=ac", BREAKS, "ac"),
        ("--app=ac", ":", "--app=ac"),
        ("word", BREAKS, "word"),
    ],
)
def test_bash_replaces_what_is_behind_its_last_break(word: str, breaks: str, rest: str) -> None:
    assert behind_break(word, breaks) == rest
