"""Rules as a file: exported, changed, checked, planned and applied."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.command_line.people import APPROVER_TOKEN, answer_of, apps
from tests.acceptance.town import Town
from tests.cli.program import BAR, Autopromote, barred

pytestmark = pytest.mark.acceptance

NOTHING = "Nothing to change."
LATE = barred(
    "Warning: Heroku does not tell the listener of f-staging's releases, so they are found late,"
    " by reconcile alone. Run `autopromote webhooks:add --app f-staging`."
)


@pytest.fixture
def rules(town: Town, ana: Autopromote) -> Iterator[Path]:
    """Two rules, and a file that says what they say; no others are there, and none stay."""
    for rule in answer_of(ana, "rules"):
        assert ana("rules:remove", rule["name"], "--confirm", rule["name"]).code == 0
    apps(town, *(a for a in ("f-staging", "f-prod", "f-eu") if not known(town, a)))
    assert ana("rules:add", "f", "--from", "f-staging", "--to", "f-prod", "--soak", "1h").code == 0
    assert ana("rules:add", "eu", "--from", "f-staging", "--to", "f-eu", "--mode", "off").code == 0
    file = ana.directory / "autopromote.toml"
    exported = ana("rules:export")
    assert (exported.stderr, exported.code) == ("", 0)
    file.write_text(exported.stdout)
    yield file
    for rule in answer_of(ana, "rules"):
        ana("rules:remove", rule["name"], "--confirm", rule["name"])


def known(town: Town, app: str) -> bool:
    """Whether an earlier test made the app."""
    return app in {one["name"] for one in town.heroku.control("state", method="GET")["apps"]}


def test_what_was_exported_changes_nothing(ana: Autopromote, rules: Path) -> None:
    assert rules.read_text().startswith('[rules.eu]\nfrom = "f-staging"\nto = ["f-eu"]\n')
    applied = ana("rules:apply", "--file", rules.name)
    assert applied.stderr == f"Applying {rules.name}... done\n{NOTHING}\n"
    assert (applied.stdout.splitlines()[1].split(), applied.code) == (["eu", "keep", "off"], 0)
    assert ana("rules:apply", "-f", "-", stdin=rules.read_text()).stderr.endswith(NOTHING + "\n")

    one = ana("rules:export", "f")
    assert one.stdout.startswith('[rules.f]\nfrom = "f-staging"\n')
    assert 'soak = "1h"' in one.stdout
    assert answer_of(ana, "rules:export")["rules"]["eu"]["mode"] == "off"
    unknown = ana("rules:export", "nowhere")
    assert (unknown.stdout, unknown.code) == ("", 1)


def test_a_changed_file_is_checked_planned_and_applied(ana: Autopromote, rules: Path) -> None:
    rules.write_text(
        rules.read_text().replace('"1h"', '"2h"')
        + '\n[rules.g]\nfrom = "f-staging"\nto = ["f-eu"]\n'
    )
    checked = ana("rules:check", "--file", rules.name)
    assert checked == (f"{rules.name} is right: 3 rules.\n", LATE, 0)
    assert (
        answer_of(ana, "rules:check", "--file", rules.name)["message"] == "1 to add, 1 to change."
    )

    planned = ana("rules:apply", "--file", rules.name, "--dry-run")
    assert planned.stderr == f"{LATE}1 to add, 1 to change. Nothing was saved.\n"
    assert "f     change  armed  soak: 1h → 2h\n" in planned.stdout
    assert "g     add     armed  from f-staging, to f-eu" in planned.stdout
    assert answer_of(ana, "rules:info", "f")["soak"] == "1h"

    applied = answer_of(ana, "rules:apply", "--file", rules.name)
    assert [one["action"] for one in applied["rules"]] == ["keep", "change", "add"]
    assert answer_of(ana, "rules:info", "f")["soak"] == "2h"
    assert ana("rules:apply", "--file", rules.name).stderr.endswith(NOTHING + "\n")


def test_rules_are_pruned_only_by_their_names(ana: Autopromote, rules: Path) -> None:
    rules.write_text(ana("rules:export", "f").stdout)
    left = ana("rules:apply", "--file", rules.name)
    assert left.stderr.endswith("Nothing to change. Not in the file, and left alone: eu.\n")

    asked = ana("rules:apply", "--file", rules.name, "--prune")
    assert (asked.stdout, asked.code) == ("", 2)
    assert "re-run this command with --confirm eu" in asked.stderr
    other = ana("rules:apply", "--file", rules.name, "--prune", "--confirm", "f")
    assert (other.code, "did not match eu" in other.stderr) == (1, True)
    assert len(answer_of(ana, "rules")) == 2
    done = ana("rules:apply", "--file", rules.name, "--prune", "--confirm", "eu")
    assert done.stderr.endswith("1 removed.\n")
    assert [rule["name"] for rule in answer_of(ana, "rules")] == ["f"]
    assert ana("rules:apply", "--file", rules.name, "--prune").stderr.endswith(NOTHING + "\n")


def test_everything_that_is_wrong_is_told_at_once(ana: Autopromote, rules: Path) -> None:
    rules.write_text(
        '[rules.f]\nfrom = "f-staging"\nto = ["nowhere"]\nsoak = "2h"\n'
        '[rules.x]\nfrom = "f-staging"\nto = ["f-prod"]\nsok = "1h"\n'
    )
    for command in ("rules:check", "rules:apply"):
        refused = ana(command, "--file", rules.name)
        assert (refused.stdout, refused.code) == ("", 1)
        assert f"{BAR}" in refused.stderr
        assert "x: sok is unknown; the nearest known is soak." in refused.stderr
        assert "f: Heroku knows no app nowhere" in refused.stderr
    assert answer_of(ana, "rules:info", "f")["soak"] == "1h"


@pytest.mark.usefixtures("rules")
def test_only_admins_apply_and_everybody_plans(town: Town, ana: Autopromote, rules: Path) -> None:
    assert ana("logout").code == 0
    assert ana("login", HEROKU_API_KEY=APPROVER_TOKEN).code == 0
    assert json.loads(ana("rules:apply", "--file", rules.name, "--dry-run", "--json").stdout)
    refused = ana("rules:apply", "--file", rules.name)
    assert "That needs the role admin" in refused.stderr
    assert ana("login").code == 0


FREEZES = """
[[freeze]]
apps = ["f-prod", "f-eu"]
from = "2120-12-24 18:00 Europe/London"
until = "9d"
reason = "fair week"

[[freeze]]
apps = "all"
from = 2121-06-01
until = 2121-06-02T00:00:00Z
reason = "move"
"""


def test_freezes_of_a_file_are_put_kept_exported_and_pruned(ana: Autopromote, rules: Path) -> None:
    only_rules = rules.read_text()
    rules.write_text(only_rules + FREEZES)
    checked = ana("rules:check", "--file", rules.name)
    assert (checked.stdout, checked.code) == (f"{rules.name} is right: 2 rules, 2 freezes.\n", 0)

    planned = ana("rules:apply", "--file", rules.name, "--dry-run")
    assert planned.stderr == "3 freezes to add. Nothing was saved.\n"
    assert "would add freeze on ⬢ f-prod from 2120-12-24 " in planned.stdout
    assert "would add freeze on every target from 2121-06-01 00:00:00 UTC " in planned.stdout
    assert [hold for hold in answer_of(ana, "holds") if hold["kind"] == "freeze"] == []
    applied = answer_of(ana, "rules:apply", "--file", rules.name)
    assert applied["message"] == "3 freezes added."
    ids = [freeze["id"] for freeze in applied["freezes"]]
    kinds = [hold["kind"] for hold in answer_of(ana, "holds")]
    assert kinds.count("freeze") == 3
    assert ana("rules:apply", "--file", rules.name).stderr.endswith(NOTHING + "\n")

    rules.write_text(ana("rules:export").stdout)
    assert '[[freeze]]\napps = ["f-eu", "f-prod"]\nfrom = "2120-12-24T18:00:00.000Z"\n' in (
        rules.read_text()
    )
    again = ana("rules:apply", "--file", rules.name, "--prune")
    assert (again.stderr.endswith(NOTHING + "\n"), again.code) == (True, 0)

    rules.write_text(only_rules)
    left = ana("rules:apply", "--file", rules.name)
    assert f"left alone: freeze-{ids[0]} on f-prod, freeze-{ids[1]} on f-eu," in left.stderr
    asked = ana("rules:apply", "--file", rules.name, "--prune")
    names = ",".join(f"freeze-{id}" for id in ids)
    assert (asked.stdout, asked.code) == ("", 2)
    assert f"re-run this command with --confirm {names}" in " ".join(asked.stderr.split())
    done = ana("rules:apply", "--file", rules.name, "--prune", "--confirm", names)
    assert f"ended freeze-{ids[0]} on ⬢ f-prod from " in done.stdout
    assert "fair week (not in the file)\n" in done.stdout
    assert done.stderr.endswith("3 freezes ended.\n")
    assert [hold for hold in answer_of(ana, "holds") if hold["kind"] == "freeze"] == []
