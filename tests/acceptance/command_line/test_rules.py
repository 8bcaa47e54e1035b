"""Rules, from their first day to their last."""

from __future__ import annotations

import re

import pytest

from tests.acceptance.command_line.people import TIME, answer_of, apps, timeless
from tests.acceptance.town import Town
from tests.cli.program import BAR, Autopromote, barred

pytestmark = pytest.mark.acceptance


def test_a_rule_from_its_first_day_to_its_last(town: Town, ana: Autopromote) -> None:
    apps(town, "r-staging", "r-prod", "r-prod-eu")
    town.heroku.deploy("r-staging")
    first = town.heroku.current("r-staging")["version"] + 1

    added = ana("rules:add", "r", "--from", "r-staging", "--to", "r-prod", "--mode", "shadow")
    late = barred(
        "Warning: Heroku does not tell the listener of r-staging's releases, so they are found"
        " late, by reconcile alone. Run `autopromote webhooks:add --app r-staging`."
    )
    assert (added.stderr, added.code) == (f"Adding rule r... done\n{late}", 0)
    now = f"shadow: acts from r-staging v{first} on, and promotes nothing"
    assert re.fullmatch(
        rf"{now}; `autopromote rules:update r --mode armed` lets it\n\n"
        rf"=== r\n\nSource: +⬢ r-staging\n"
        rf"Targets: +⬢ r-prod \(acts from source v{first} on\)\n"
        rf"Mode: +shadow\nStrategy: +slug\nOn newer: +supersede\nRevision: +1\n"
        rf"Created: +{TIME}\nUpdated: +{TIME}\nBy: +ana@example\.com\nID: +\d+\n",
        added.stdout,
    )

    words = ("--to", "r-prod,r-prod-eu", "--mode", "armed", "--with-webhook")
    updated = ana("rules", "update", "r", *words)
    assert (updated.stderr, updated.code) == (
        "Adding webhook to ⬢ r-staging... done\nUpdating rule r... done\n",
        0,
    )
    armed, empty, *block = updated.stdout.splitlines(keepends=True)
    assert armed == (
        f"armed: acts from r-staging v{first} on;"
        " `autopromote rules:update r --mode shadow` to watch first\n"
    )
    assert empty == "\n"
    assert f"⬢ r-prod-eu (acts from source v{first} on)\n" in updated.stdout
    shown = ana("rules:info", "r")
    assert timeless(shown.stdout) == timeless("".join(block))
    assert (shown.stderr, shown.code) == ("", 0)

    again = ana("rules:update", "r", *words, "--reason", "to be sure")
    assert again.stderr == (
        "Adding webhook to ⬢ r-staging... done, it was there already\nUpdating rule r... done\n"
        + barred(
            "Warning: The rule was so already: no revision was saved, and the reason is not kept."
        )
    )

    listed = ana("rules", "--app", "r-staging")
    assert (listed.stderr, listed.code) == ("", 0)
    header, row = listed.stdout.splitlines()
    assert header.split() == ["Name", "Mode", "Source", "Targets", "Conditions"]
    targets = "(⬢ r-prod, ⬢ r-prod-eu|⬢ r-prod-eu, ⬢ r-prod)"
    assert re.fullmatch(rf"r +armed +⬢ r-staging +{targets}", row)
    assert answer_of(ana, "rules", "-a", "r-staging") == [answer_of(ana, "rules:info", "r")]

    assert ana("rules:remove", "r", "--confirm", "r") == ("", "Removing rule r... done\n", 0)
    assert ana("rules", "-a", "r-staging") == (
        "",
        "There are no rules.\nUse `autopromote rules:add` to add one.\n",
        0,
    )
    assert answer_of(ana, "rules", "-a", "r-staging") == []


def test_a_rule_arms_at_once_and_says_so_first(town: Town, ana: Autopromote) -> None:
    """It armed without a word, and nobody told that no webhook was there."""
    apps(town, "y-staging", "y-prod")
    added = ana("rules:add", "ya", "--from", "y-staging", "--to", "y-prod", "--approvals", "1")
    assert added.stdout.splitlines()[0] == (
        "armed: acts from y-staging v4 on;"
        " `autopromote rules:update ya --mode shadow` to watch first"
    )
    assert "`autopromote webhooks:add --app y-staging`" in added.stderr
    assert answer_of(ana, "webhooks", "-a", "y-staging") == []

    words = ("--from", "y-staging", "--to", "y-prod", "--with-webhook")
    second = ana("rules:add", "yb", *words)
    assert second.stderr == (
        "Adding rule yb... done\nAdding webhook to ⬢ y-staging... done\n"
        + barred(
            "Warning: Rules yb and ya both promote y-staging to y-prod: a release goes as soon as"
            " one of them lets it, whatever the other asks."
        )
    )
    assert len(answer_of(ana, "webhooks", "-a", "y-staging")) == 1
    [warning] = answer_of(ana, "rules:info", "ya")["warnings"]
    assert warning.startswith("Rules ya and yb both promote y-staging to y-prod: ")
    off = ana("rules:update", "yb", "--mode", "off")
    assert off.stdout.startswith(
        "off: no deploy of ⬢ y-staging goes anywhere; `autopromote rules:update yb --mode armed` "
    )
    assert off.stderr == "Updating rule yb... done\n"
    for name in ("ya", "yb"):
        ana("rules:remove", name, "--confirm", name)
    ana("webhooks:remove", "-a", "y-staging", "--confirm", "y-staging")


def test_a_change_with_json_is_the_rule(town: Town, ana: Autopromote) -> None:
    apps(town, "j-staging", "j-prod")
    rule = answer_of(ana, "rules:add", "j", "--from", "j-staging", "--to", "j-prod")
    assert (rule["name"], rule["mode"], rule["source"]["name"]) == ("j", "armed", "j-staging")
    assert [target["name"] for target in rule["targets"]] == ["j-prod"]
    assert isinstance(rule["id"], str)

    assert answer_of(ana, "rules:update", "j", "--name", "k")["name"] == "k"
    assert answer_of(ana, "rules:remove", "k", "--confirm", "k")["id"] == rule["id"]


@pytest.mark.parametrize(
    ("words", "error_id"),
    [
        (("rules:info", "nowhere"), "rule_not_found"),
        (("rules:add", "x", "--from", "itself", "--to", "itself"), "invalid_params"),
        (("rules:add", "x", "--from", "a", "--to", "b", "--mode", "q"), "invalid_params"),
    ],
)
def test_the_listeners_own_words_are_shown(
    town: Town, ana: Autopromote, words: tuple[str, ...], error_id: str
) -> None:
    outcome = ana(*words)
    assert (outcome.stdout, outcome.code) == ("", 1)
    assert f"{BAR}Error: " in outcome.stderr
    assert outcome.stderr.endswith(barred("", f"Error ID: {error_id}"))


def test_a_rule_is_tried_over_the_past(town: Town, ana: Autopromote) -> None:
    apps(town, "past-staging", "past-prod")
    version = town.heroku.deploy("past-staging")["version"]
    added = ana("rules:add", "b", "--from", "past-staging", "--to", "past-prod", "--mode", "shadow")
    assert added.code == 0

    tried = ana("rules:backtest", "b", "-n", "1")
    assert (tried.stderr, tried.code) == ("", 0)
    header, row = tried.stdout.splitlines()
    assert re.split(r"  +", header) == [
        "Release",
        "Kind",
        "Released",
        "Target",
        "Would be",
        "At",
        "Went as",
        "Asks",
        "Why",
    ]
    shown = rf"v{version} +deploy +{TIME} +⬢ past-prod +promoted +It would have gone to target\."
    assert re.fullmatch(shown, row)
    (told,) = answer_of(ana, "rules:backtest", "b", "--num", "1")
    assert (told["release"]["version"], told["status"]) == (version, "shadowed")
    assert (told["has_waited"], told["unanswered"]) == (False, [])
    assert ana("rules:update", "b", "--soak", "90d", "--approvals", "1").code == 0
    (told,) = answer_of(ana, "rules:backtest", "b", "--num", "1")
    assert (told["status"], told["message"]) == (
        "waiting",
        f"past-staging v{version} soaks for 90d.",
    )
    assert ana("rules:update", "b", "--soak", "none").code == 0
    said = r"It would have gone to target, had approvals passed\."
    asks = rf"v{version} .* promoted +approvals +{said}"
    assert re.search(asks, ana("rules:backtest", "b", "-n", "1").stdout)
    unknown = ana("rules", "backtest", "nowhere")
    assert (unknown.stdout, unknown.code) == ("", 1)
    assert "Error ID: rule_not_found" in unknown.stderr


def test_conditions_are_shown_as_they_were_typed(town: Town, ana: Autopromote) -> None:
    apps(town, "cond-staging", "cond-prod")
    added = ana(
        *("rules:add", "cond", "--from", "cond-staging", "--to", "cond-prod", "--mode", "shadow"),
        *("--soak", "1h", "--window", "Mon-Fri 09:00-16:30 Europe/London", "--approvals", "1"),
        *("--no-self-approval", "--not-commit-message", "*[no promote]*", "--brake", "2/24h"),
    )
    assert added.stderr.startswith("Adding rule cond... done\n")
    assert added.code == 0
    for line in (
        r"--soak: +1h",
        r"--window: +Mon-Fri 09:00-16:30 Europe/London",
        r"--approvals: +1",
        r"--no-self-approval: +yes",
        r"--not-commit-message: +\*\[no promote\]\*",
        r"--brake: +2/1d",
    ):
        assert re.search(rf"^{line}$", added.stdout, re.MULTILINE), line

    updated = ana(
        "rules:update", "cond", "--soak", "none", "--max-per-day", "4", "--window", "none"
    )
    assert updated.code == 0
    assert "--soak" not in updated.stdout
    assert "--window" not in updated.stdout
    assert re.search(r"^--max-per-day: +4$", updated.stdout, re.MULTILINE)

    refused = ana("rules:update", "cond", "--soak", "30")
    assert refused.code == 1
    assert "write a number with s, m, h or d, like 30m." in refused.stderr


def test_a_change_is_tried_before_it_is_made(town: Town, ana: Autopromote) -> None:
    apps(town, "t-staging", "t-prod")
    version = town.heroku.deploy("t-staging")["version"]
    words = ("rules:add", "t", "--from", "t-staging", "--to", "t-prod", "--mode", "shadow")
    new = ana(*words, "--dry-run")
    assert (new.stderr, new.code) == ("Nothing was saved.\n", 0)
    assert "from: not asked for → t-staging\n" in new.stdout
    assert f"v{version} to t-prod: would go at once\n" in new.stdout
    assert answer_of(ana, *words, "--dry-run")["rule"] == {"id": None, "name": "t"}
    assert ana("rules:info", "t").code == 1
    assert ana(*words).code == 0

    tried = ana("rules:update", "t", "--soak", "90d", "--approvals", "1", "--dry-run")
    assert (tried.stderr, tried.code) == ("Nothing was saved.\n", 0)
    assert re.fullmatch(
        r"=== t\n\nsoak: not asked for → 90d\napprovals: not asked for → 1\n\n"
        r"=== \d of the \d newest releases would have fared otherwise\n\n"
        rf"v{version} to t-prod: went at once → would wait until {TIME}\n(v.*\n)*",
        tried.stdout,
    )
    told = answer_of(ana, "rules:update", "t", "--soak", "90d", "--dry-run")
    assert told["changes"] == [{"field": "soak", "before": None, "after": "90d"}]
    assert answer_of(ana, "rules:info", "t")["revision"] == 1
