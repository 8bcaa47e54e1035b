"""A file of rules: what is wrong with it is told before anybody is asked, and without a login."""

from __future__ import annotations

import tomllib

import pytest

from autopromote.commands.rules.plan_view import show_plan
from autopromote.resources import Plan, Rule
from autopromote.rulesfile import as_toml, said_of
from tests.cli.answers import full
from tests.cli.program import Autopromote, barred, failed

BARE = full(
    Rule,
    {
        "id": "1",
        "name": "ship",
        "mode": "armed",
        "strategy": "slug",
        "on_newer": "supersede",
        "source": {"id": "a", "name": "example-app-staging"},
        "targets": [{"id": "b", "name": "example-app"}],
    },
)
RULE = full(
    Rule,
    {
        **BARE,
        "on_newer": "keep",
        "soak": "1h",
        "windows": ["Mon-Fri 09:00-16:30 Europe/London"],
        "approvals": None,
        "self_approval": False,
    },
)
WRITTEN = """[rules.ship]
from = "example-app-staging"
to = ["example-app"]
mode = "armed"
strategy = "slug"
on_newer = "keep"
soak = "1h"
windows = ["Mon-Fri 09:00-16:30 Europe/London"]
self_approval = false

[rules."to europe"]
from = "example-app-staging"
to = ["example-app"]
mode = "armed"
strategy = "slug"
on_newer = "supersede\""""


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("ship\u202egnp", '"ship\\u202egnp"'),
        ("a\x1b[2J", '"a\\u001b[2J"'),
        ("b\x9b31m", '"b\\u009b31m"'),
        ("c\x7f", '"c\\u007f"'),
        ("line\u2028", '"line\\u2028"'),
        ("half\ud800", '"half\N{REPLACEMENT CHARACTER}"'),
        ("⬢ 日本", '"⬢ 日本"'),
    ],
)
def test_what_a_terminal_would_act_upon_is_escaped_in_a_file(name: str, written: str) -> None:
    text = as_toml({name: {"reason": name}})
    assert text == f"[rules.{written}]\nreason = {written}"
    said = tomllib.loads(text)["rules"]
    whole = name.replace("\ud800", "\N{REPLACEMENT CHARACTER}")
    assert said == {whole: {"reason": whole}}


def test_rules_are_written_as_one_would_write_them() -> None:
    written = as_toml({"ship": said_of(RULE), "to europe": said_of(BARE)})
    assert written == WRITTEN
    assert tomllib.loads(written)["rules"]["ship"]["self_approval"] is False


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[rules.ship", ("{file} is not TOML: ",)),
        ("[rules.a]\n[rules.a]", ("{file} is not TOML: ",)),
        ('[rule.ship]\nfrom = "a"', ("rule is unknown: there are tables like [rules.ship]",)),
        (
            "colour = 1",
            ("colour is unknown: there are tables like [rules.ship] and [[freeze]],",),
        ),
        ("freezes = 1", ("freezes is unknown: ", "and nothing else. Did you mean freeze?")),
        ("freeze = 1", ("freeze is no list of tables: write [[freeze]], and below it what it",)),
        ("[freeze]\nreason = 'fair'", ("freeze is no list of tables: write [[freeze]]",)),
        (
            "[[freeze]]\nfrom = 2120-12-24T18:00:00\n[[freeze]]\nuntil = '2120-02-30'\nx = inf",
            (
                "freeze 1: from: The time 2120-12-24T18:00:00 has no zone.",
                "freeze 2: until: There is no day 2120-02-30.",
                "freeze 2: x: write a text, a number, true, false or a list.",
            ),
        ),
        ("rules = 1", ("rules is no table: write [rules.ship], and below it what the rule says.",)),
        (
            '[rules.ship]\nnotify = ["slack://token"]',
            ("ship: notify: its URLs are secrets: use `rules:update ship --notify URL`.",),
        ),
        (
            '[rules]\nship = 1\n[rules.a]\nname = "b"\n[rules.b]\nsoak = 10:00:00\nx = [inf]',
            (
                "ship is no table: write [rules.ship]",
                "a: name is unknown: a rule's name stands in its heading.",
                "b: soak, x: write a text, a number, true, false or a list.",
            ),
        ),
    ],
)
@pytest.mark.parametrize("command", ["rules:check", "rules:apply"])
def test_what_is_no_file_of_rules_is_told_without_a_login(
    autopromote: Autopromote, command: str, text: str, lines: tuple[str, ...]
) -> None:
    file = autopromote.directory / "autopromote.toml"
    file.write_text(text)
    outcome = autopromote(command, "--file", file.name)

    assert (outcome.stdout, outcome.code) == ("", 1)
    for line in lines:
        assert line.format(file=file.name) in outcome.stderr


def test_a_file_that_cannot_be_read_says_so(autopromote: Autopromote) -> None:
    missing = autopromote("rules:check", "-f", "nowhere.toml")
    assert missing == failed("Couldn't read nowhere.toml: No such file or directory.")
    (autopromote.directory / "latin.toml").write_bytes(b"# \xe4")
    latin = autopromote("rules:check", "-f", "latin.toml")
    assert latin == failed("Couldn't read latin.toml: it is not UTF-8.")


def test_a_good_file_needs_a_login(autopromote: Autopromote) -> None:
    outcome = autopromote("rules:check", "-f", "-", stdin='[rules.ship]\nfrom = "a"\nto = ["b"]\n')
    assert outcome == failed("Not logged in. Run `autopromote login`.")


def test_a_plan_has_a_row_for_each_change(capsys: pytest.CaptureFixture[str]) -> None:
    plan = full(
        Plan,
        {
            "plan": "x",
            "applied": False,
            "message": "1 to add, 1 to change, 1 to remove.",
            "rules": [
                {
                    "id": None,
                    "name": "new",
                    "action": "add",
                    "mode": "armed",
                    "changes": [
                        {"field": "name", "before": None, "after": "new"},
                        {"field": "from", "before": None, "after": "example-app-staging"},
                        {"field": "to", "before": None, "after": ["example-app"]},
                        {"field": "mode", "before": None, "after": "armed"},
                    ],
                },
                {
                    "id": "1",
                    "name": "ship",
                    "action": "change",
                    "mode": "shadow",
                    "changes": [
                        {"field": "soak", "before": "30m", "after": "2h"},
                        {"field": "approvals", "before": 1, "after": None},
                    ],
                },
                {"id": "2", "name": "old", "action": "remove", "changes": []},
            ],
        },
    )
    show_plan(plan)
    shown = capsys.readouterr()
    assert shown.out == (
        "Rule  Plan    Mode    What\n"
        "new   add     armed   from example-app-staging, to example-app\n"
        "ship  change  shadow  soak: 30m → 2h\n"
        "ship  change  shadow  approvals: 1 → not asked for\n"
        "old   remove\n"
    )
    assert shown.err == "1 to add, 1 to change, 1 to remove. Nothing was saved.\n"
    show_plan({**plan, "rules": [], "warnings": ["Two rules both promote."]})
    assert capsys.readouterr().err.startswith(barred("Warning: Two rules both promote."))
    show_plan({**plan, "applied": True, "rules": [], "message": "Nothing to change."})
    assert capsys.readouterr() == ("", "Nothing to change.\n")
