"""Results on stdout, words about them on stderr, colours only for those who see them."""

from __future__ import annotations

import json

import pytest

from autopromote.output import action, block, complain, paint, say_json, warn
from tests.cli.program import BAR, Autopromote, barred
from tests.cli.terminal import on_a_terminal

SHOW = """
from autopromote.output import complain, paint, warn
from autopromote.tables import table
table(("Name", "Reason"), [("ship", "w" * 200)])
warn("careful")
complain("broken")
"""


def test_an_action_says_how_it_ended(capsys: pytest.CaptureFixture[str]) -> None:
    with action("Adding rule ship"):
        assert capsys.readouterr() == ("", "Adding rule ship... ")
    assert capsys.readouterr() == ("", "done\n")


def test_an_action_can_end_in_other_words(capsys: pytest.CaptureFixture[str]) -> None:
    with action("Adding \x1b[31mrule") as doing:
        doing.end = "done, it was\nthere"
    assert capsys.readouterr() == ("", "Adding rule... done, it was there\n")


def test_an_action_that_fails_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="why"), action("Adding rule ship"):
        raise ValueError("why")
    assert capsys.readouterr() == ("", "Adding rule ship... !\n")


def test_a_block_leaves_out_what_has_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    block(
        "ship",
        [
            ("Source", "example-app-staging"),
            ("By", None),
            ("Targets", "one\ntwo \x1b[31mred"),
            ("Note", ""),
        ],
    )
    assert capsys.readouterr() == (
        "=== ship\n\nSource:   example-app-staging\nTargets:  one\n          two red\n",
        "",
    )


def test_an_empty_block_is_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    block("ship", [])
    assert capsys.readouterr() == ("=== ship\n\n", "")


def test_every_line_of_an_error_is_behind_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    complain("one\n\ntwo\x1b[2J")
    warn("three")
    assert capsys.readouterr() == ("", barred("Error: one", "", "two", "Warning: three"))


def test_json_is_the_answer_and_nothing_a_terminal_acts_upon(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = {"name": "ünï \x1b[31m\x9b1m\u202e\ud800", "list": [1, None]}
    say_json(answer)
    printed = capsys.readouterr()
    assert printed.err == ""
    assert json.loads(printed.out) == answer
    assert printed.out == (
        '{\n  "name": "ünï \\u001b[31m\\u009b1m\\u202e\\ud800",\n'
        '  "list": [\n    1,\n    null\n  ]\n}\n'
    )


def test_a_terminal_sees_colours_and_no_line_too_long(autopromote: Autopromote) -> None:
    cut = f"{'w' * 16}…{'w' * 17}"
    assert on_a_terminal(autopromote, SHOW, TERM="xterm") == (
        f"\x1b[1mName  Reason\x1b[0m\nship  {cut}\n"
        f"\x1b[38;5;214m{BAR}\x1b[0mWarning: careful\n"
        f"\x1b[31m{BAR}\x1b[0mError: broken\n"
    )


@pytest.mark.parametrize("env", [{"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb"}])
def test_colours_can_be_turned_off(autopromote: Autopromote, env: dict[str, str]) -> None:
    cut = f"{'w' * 16}…{'w' * 17}"
    assert on_a_terminal(autopromote, SHOW, **env) == (
        f"Name  Reason\nship  {cut}\n{barred('Warning: careful', 'Error: broken')}"
    )


def test_a_pipe_sees_no_colours() -> None:
    assert paint("text", "bad", bold=True) == "text"


FOLDED = """
from autopromote.commands.promotions.view import show_gates
from autopromote.output import block, copy, say, warn
say("It goes to ⬢ example-app v4 as soon as nobody releases there.")
warn("It goes to https://example-app-0123456789ab.herokuapp.com/.")
block("ship", [("Reason", "one two three four five six seven eight")])
message = "on hold by Ana since the day of 2015-11-17"
show_gates([{"name": "hold", "verdict": "wait", "message": message}])
copy("x" * 50)
"""


def test_on_a_terminal_no_word_is_cut(autopromote: Autopromote) -> None:
    assert on_a_terminal(autopromote, FOLDED, TERM="dumb") == (
        "It goes to ⬢ example-app v4 as soon as\nnobody releases there.\n"
        f"{BAR}Warning: It goes to\n{BAR}https://example-app-0123456789ab.herokuapp.com/.\n"
        "=== ship\n\nReason:  one two three four five six\n         seven eight\n"
        f"◷ hold  on hold by Ana since the day of\n        2015-11-17\n{'x' * 50}\n"
    )


COLOURS = """
from autopromote.output import block, say, tell
from autopromote.tables import table
say("From ⬢ example-app v4 on.")
tell("⬢ example-app is on hold.")
block("⬢ example-app v4", [("Status", "failed"), ("Target", "⬢ example-app")])
table(("ID", "Status", "Target"), [("1", "succeeded", "⬢ example-app v4"), ("2", "new", "")])
"""


def test_apps_and_statuses_have_the_colours_of_the_heroku_cli(autopromote: Autopromote) -> None:
    app = "\x1b[38;5;147m⬢ example-app\x1b[0m"
    assert on_a_terminal(autopromote, COLOURS, TERM="xterm") == (
        f"From {app} v4 on.\n"
        f"{app} is on hold.\n"
        "\x1b[38;5;248m===\x1b[0m \x1b[38;5;147m\x1b[1m⬢ example-app\x1b[0m\x1b[1m v4\x1b[0m\n\n"
        "\x1b[38;5;248mStatus:\x1b[0m  \x1b[38;2;255;135;135mfailed\x1b[0m\n"
        f"\x1b[38;5;248mTarget:\x1b[0m  {app}\n"
        "\x1b[1mID  Status     Target\x1b[0m\n"
        f"1   \x1b[38;5;40msucceeded\x1b[0m  {app} v4\n"
        "2   new\n"
    )


def test_without_colours_an_app_is_still_marked(autopromote: Autopromote) -> None:
    printed = on_a_terminal(autopromote, COLOURS, TERM="xterm", NO_COLOR="1")
    assert "\x1b" not in printed
    assert printed.count("⬢ example-app") == 5
