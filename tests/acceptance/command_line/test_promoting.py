"""Promoting, rolling back and explaining, as a person does it."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import threading

import pytest

from tests.acceptance.command_line.people import TIME, answer_of, apps
from tests.acceptance.town import Town, wait_until
from tests.cli.program import Autopromote, barred

pytestmark = pytest.mark.acceptance


def test_it_is_followed_to_its_end_and_tells_each_change(town: Town, ana: Autopromote) -> None:
    """A job that came from `heroku pipelines:promote`, which waits, went green too early."""
    apps(town, "p-staging", "p-prod")
    version = town.heroku.current("p-staging")["version"]

    outcome = ana("promote", "-a", "p-staging", "--to", "p-prod")
    assert outcome.code == 0
    assert re.fullmatch(r"⬢ p-prod v\d+: succeeded( \(.*\))?\n", outcome.stdout)
    first, *changes, see = outcome.stderr.splitlines()
    assert re.fullmatch(rf"See {re.escape(town.url)}/promotions/\d+", see)
    assert first == "Promoting ⬢ p-staging to ⬢ p-prod... done"
    assert all(f" of ⬢ p-staging v{version} to ⬢ p-prod" in change for change in changes)
    assert re.search(r"v\d+: succeeded\b", changes[-1])
    assert town.heroku.current("p-prod")["slug"] == town.heroku.current("p-staging")["slug"]


def test_what_is_there_already_is_skipped_which_is_fine(town: Town, ana: Autopromote) -> None:
    apps(town, "k-staging", "k-prod")
    words = ("promote", "-a", "k-staging", "--to", "k-prod", "--wait", "--json")
    assert ana(*words).code == 0
    again = ana(*words)
    assert again.code == 0
    assert [one["status"] for one in json.loads(again.stdout)] == ["skipped"]


def test_a_failed_release_phase_ends_with_1_and_has_its_say(town: Town, ana: Autopromote) -> None:
    apps(town, "f-staging")
    town.heroku.app("f-prod", release_phase={"seconds": 0.1, "fails": True})
    outcome = ana("promote", "-a", "f-staging", "--to", "f-prod")
    assert outcome.code == 1
    assert "\nRunning release command...\nRelease command failed.\n" in outcome.stderr
    [promotion] = answer_of(ana, "promotions", "-a", "f-prod")
    said = "Running release command...\nRelease command failed.\n"
    assert ana("promotions:output", promotion["id"]) == (said, "", 0)
    assert answer_of(ana, "promotions:output", promotion["id"], "--offset", "27") == {
        "offset": 51,
        "text": "Release command failed.\n",
        "is_over": True,
        "release": promotion["target"]["release"],
        "message": None,
    }
    assert re.match(r"⬢ f-prod v\d+: failed\b", outcome.stdout)


def test_without_waiting_it_says_how_to_look(town: Town, ana: Autopromote) -> None:
    apps(town, "n-staging", "n-prod")
    outcome = ana("promote", "-a", "n-staging", "--to", "n-prod", "--no-wait")
    assert outcome.code == 0
    found = re.match(r"Promotion (\d+) of ⬢ n-staging v\d+ to ⬢ n-prod: \w+", outcome.stdout)
    assert found is not None
    look = f"Use `autopromote promotions:info {found[1]}` to see how it goes.\n"
    see = f"See {town.url}/promotions/{found[1]}\n"
    assert outcome.stderr == f"Promoting ⬢ n-staging to ⬢ n-prod... done\n{look}{see}"


def interrupted_at(said: str, person: Autopromote, *words: str) -> tuple[str, str, int]:
    """Run a command and press Ctrl-C once it has said this; return what it says then."""
    with subprocess.Popen(
        person.command(*words),
        env=person.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as child:
        too_late = threading.Timer(60, child.kill)
        too_late.start()
        try:
            assert child.stderr is not None
            assert any(said in line for line in child.stderr), f"it never said {said}"
            child.send_signal(signal.SIGINT)
            stdout, stderr = child.communicate()
        finally:
            too_late.cancel()
            child.kill()
    return stdout, stderr, child.returncode


def test_an_interrupt_stops_the_waiting_and_not_the_promotion(town: Town, ana: Autopromote) -> None:
    apps(town, "i-staging")
    town.heroku.app("i-prod", release_phase={"seconds": 3600})
    stdout, stderr, code = interrupted_at(
        ": releasing", ana, "promote", "-a", "i-staging", "--to", "i-prod"
    )

    assert (stdout, code) == ("", 130)
    [promotion] = answer_of(ana, "promotions", "-a", "i-prod")
    assert stderr.endswith(
        "No longer waiting; what was begun goes on by itself.\n"
        f"Run `autopromote promotions:info {promotion['id']}` to look again.\n"
        f"See {promotion['page_url']}\n"
    )
    assert promotion["status"] == "releasing"

    version = promotion["target"]["release"]["version"]
    town.heroku.control(f"apps/i-prod/releases/{version}", {"status": "succeeded"})
    words = ("promote", "-a", "i-staging", "--to", "i-prod", "--wait", "--json")
    assert json.loads(ana(*words).stdout)[0]["status"] in {"succeeded", "skipped"}


@pytest.mark.parametrize(
    ("name", "flags", "gate"),
    [("ripe", ("--soak", "2h"), r"soak: ripe-staging v\d+ soaks for 2h\. Until .*\(in ~ 2h\)\."),
     ("ask", ("--approvals", "2"), "approvals: 1 of 2 approvals for ask-staging .*")],
)  # fmt: skip
def test_the_end_of_the_following_is_not_the_end_of_the_promotion(
    town: Town, ana: Autopromote, name: str, flags: tuple[str, ...], gate: str
) -> None:
    source, target = f"{name}-staging", f"{name}-prod"
    apps(town, source, target)
    ana("rules:add", name, "--from", source, "--to", target, *flags)
    outcome = ana("promote", "-a", source, "--to", target, "--timeout", "2s")
    promotion = answer_of(ana, "promotions", "-a", target)[0]
    assert outcome.code == 1
    assert re.match(rf"⬢ {target}: waiting \(.*(soaks for 2h|approvals)", outcome.stdout)
    *_, waits, ends, look, see = outcome.stderr.splitlines()
    still = rf"Promotion {promotion['id']} to ⬢ {target}: still waiting after \ds for {gate}"
    assert re.fullmatch(still, waits), waits
    assert ends == "No longer waiting; what was begun goes on by itself."
    assert look == f"Run `autopromote promotions:info {promotion['id']}` to look again."
    assert see == f"See {town.url}/promotions/{promotion['id']}"
    assert promotion["status"] == "waiting"
    assert ana("promotions:cancel", promotion["id"]).code == 0
    ana("rules:remove", name, "--confirm", name)


def test_a_promotion_that_is_held_later_is_followed_until_somebody_ends_it(
    town: Town, ana: Autopromote
) -> None:
    apps(town, "v-staging", "v-prod")
    ana("rules:add", "v", "--from", "v-staging", "--to", "v-prod", "--soak", "2h")
    with subprocess.Popen(
        ana.command("promote", "-a", "v-staging", "--to", "v-prod"),
        env=ana.environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as child:
        promotion = town.wait_for("waiting", target="v-prod")
        assert ana("promotions:cancel", promotion["id"]).code == 0
        stdout, _ = child.communicate(timeout=60)
    assert stdout == "⬢ v-prod: cancelled (Cancelled by ana@example.com.)\n"
    assert child.returncode == 1


def test_everything_about_a_promotion_is_shown(town: Town, ana: Autopromote) -> None:
    apps(town, "e-staging", "e-prod")
    [done] = json.loads(
        ana("promote", "-a", "e-staging", "--to", "e-prod", "--wait", "--json").stdout
    )
    shown = ana("promotions:info", done["id"])
    assert (shown.stderr, shown.code) == (f"See {town.url}/promotions/{done['id']}\n", 0)
    assert shown.stdout.startswith(f"=== Promotion {done['id']}\n\nStatus:")
    for gate in done["gates"]:
        assert re.search(rf"^✓ {gate['name']} ", shown.stdout, re.MULTILINE)
    assert "\n=== Timeline\n\n" in shown.stdout

    listed = ana("promotions", "-a", "e-prod", "--status", "succeeded")
    header, row = listed.stdout.splitlines()
    columns = "ID Status Release Target Ships Rule Created Earliest Reason"
    assert header.split() == columns.split()
    assert row.startswith(f"{done['id']}")
    assert " by hand " in row


def test_a_promotion_that_is_not_there(ana: Autopromote) -> None:
    outcome = ana("promotions:info", "99999999")
    assert (outcome.stdout, outcome.code) == ("", 1)
    assert outcome.stderr.endswith(barred("", "Error ID: promotion_not_found"))


def test_a_rollback_says_where_it_goes_and_what_undoes_it_and_holds(
    town: Town, ana: Autopromote
) -> None:
    apps(town, "b-staging", "b-prod")
    before = town.heroku.current("b-prod")
    commit = town.heroku.api("GET", f"/apps/b-prod/slugs/{before['slug']['id']}")["commit"]
    ana("promote", "-a", "b-staging", "--to", "b-prod", "--wait")

    outcome = ana("rollback", "-a", "b-prod", "--reason", "checkout is broken")
    assert outcome.code == 0
    said = re.match(
        "Rolling back ⬢ b-prod... done\n"
        rf"⬢ b-prod goes back to v3 \({commit[:8]} by \S+, ~ \d+s ago\),"
        " and is on hold from now on\\.\n"
        "To undo it:\n"
        '  (autopromote rollback --app b-prod --to v4 --reason "undo rollback \\d+")\n'
        "When it may be promoted to again:\n"
        "  autopromote holds:release --app b-prod\n",
        outcome.stderr,
    )
    assert said, outcome.stderr
    assert re.match(r"⬢ b-prod v\d+: (succeeded|rolled_back)\b", outcome.stdout)
    assert town.heroku.current("b-prod")["slug"] == before["slug"]
    [hold] = answer_of(ana, "holds", "-a", "b-prod")
    assert "checkout is broken" in hold["reason"]

    again = ana("rollback", "-a", "b-prod", "--reason", "checkout is broken")
    assert (again.stdout, again.code) == ("", 1)
    assert again.stderr.startswith("Rolling back ⬢ b-prod... !\n")
    assert " was rolled back from v4 to v3's slug by ana@example.com " in again.stderr
    assert town.heroku.current("b-prod")["slug"] == before["slug"]

    assert ana(*shlex.split(said[1])[1:], "--wait").code == 0
    assert town.heroku.current("b-prod")["slug"] == town.heroku.current("b-staging")["slug"]


@pytest.mark.parametrize("to", ["latest", "v99", None])
def test_a_rollback_that_is_refused_announces_nothing(
    town: Town, ana: Autopromote, to: str | None
) -> None:
    """It said that the app goes back and is on hold, and then that it does not."""
    app = f"r-prod-{to or 'none'}"
    apps(town, app)
    outcome = ana("rollback", "-a", app, "--reason", "x", *(["--to", to] if to else []))
    first, *rest = outcome.stderr.splitlines()
    assert (first, outcome.stdout, outcome.code) == (f"Rolling back ⬢ {app}... !", "", 1)
    assert all(line.startswith(barred("").rstrip()) for line in rest), outcome.stderr
    assert answer_of(ana, "holds", "-a", app) == []


def test_every_rule_and_gate_has_its_say(town: Town, ana: Autopromote) -> None:
    apps(town, "x-staging", "x-prod")
    ana("webhooks:add", "-a", "x-staging")
    ana("rules:add", "x", "--from", "x-staging", "--to", "x-prod")
    release = town.heroku.deploy("x-staging")
    done = town.wait_for("succeeded", target="x-prod")
    town.heroku.wait_for_deliveries()

    explained = ana("explain", "-a", "x-staging")
    assert (explained.stderr, explained.code) == (f"See {done['page_url']}\n", 0)
    assert explained.stdout.startswith(f"=== ⬢ x-staging v{release['version']}\n\nSummary: ")
    assert "\n=== Rules\n\nx to ⬢ x-prod: " in explained.stdout
    assert f"\n=== Promotion {done['id']} of ⬢ x-staging v" in explained.stdout
    assert "\n✓ source " in explained.stdout
    assert "\n=== Deliveries\n\n" in explained.stdout
    version = str(release["version"])
    assert ana("explain", version, HEROKU_APP="x-staging").stdout.startswith("=== ⬢ x-staging")

    answer = answer_of(ana, "explain", f"v{version}", "-a", "x-staging")
    assert answer["release"]["version"] == release["version"]
    assert [said["rule"]["name"] for said in answer["rules"]] == ["x"]


def test_lists_without_anything_name_the_next_command(town: Town, ana: Autopromote) -> None:
    apps(town, "l-prod")
    hint = "Use `autopromote rules:add` to have them made, or `promote` to make one.\n"
    nothing = ("", f"There are no such promotions.\n{hint}", 0)
    assert ana("promotions", "-a", "l-prod") == nothing
    assert ana("promotions", "--status", "verifying") == nothing
    assert answer_of(ana, "webhooks:deliveries", "-a", "l-prod") == []
    assert ana("webhooks:deliveries", "-a", "l-prod") == (
        "",
        "There are no deliveries.\nUse `autopromote webhooks` to see what they come from.\n",
        0,
    )


def test_an_empty_list_of_a_misspelt_app_names_a_near_one(town: Town, ana: Autopromote) -> None:
    apps(town, "near-staging", "near-prod")
    answer_of(ana, "rules:add", "near", "--from", "near-staging", "--to", "near-prod")
    for words in ("promotions", "rules", "holds", "webhooks", "webhooks:deliveries", "audit"):
        said = ana(words, "-a", "near-prdo")
        assert (said.code, said.stdout) == (0, "")
        assert "The listener knows no app near-prdo. Did you mean near-prod?" in said.stderr
    for name in ("near-prod", "elsewhere"):
        assert "Did you mean" not in ana("holds", "-a", name).stderr


def test_a_rollback_without_waiting_says_how_to_look(town: Town, ana: Autopromote) -> None:
    apps(town, "g-prod")
    town.heroku.deploy("g-prod")
    rolled = answer_of(ana, "rollback", "-a", "g-prod", "--reason", "broken", "--no-wait")
    assert (rolled["kind"], rolled["target"]["app"]["name"]) == ("rollback", "g-prod")
    assert rolled["rollback"]["to"]["version"] == 3


def test_output_is_followed_while_the_release_command_runs(town: Town, ana: Autopromote) -> None:
    apps(town, "o-staging")
    town.heroku.app("o-prod", release_phase={"seconds": 3600})
    ana("promote", "-a", "o-staging", "--to", "o-prod", "--no-wait")
    promotion = town.wait_for("releasing", target="o-prod")
    release = f"apps/o-prod/releases/{promotion['target']['release']['version']}"
    with subprocess.Popen(
        ana.command("promotions:output", promotion["id"]),
        env=ana.environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "Running release command...\n"
        town.heroku.control(f"{release}/output", {"text": "one \x1b[31mred\n"})
        assert child.stdout.readline() == "one red\n"
        town.heroku.control(release, {"status": "succeeded"})
        assert child.stdout.read() == "Migrated.\n"
    assert child.returncode == 0


def test_where_there_is_no_output_it_says_why(town: Town, ana: Autopromote) -> None:
    apps(town, "q-staging", "q-prod")
    [done] = json.loads(
        ana("promote", "-a", "q-staging", "--to", "q-prod", "--wait", "--json").stdout
    )
    version = done["target"]["release"]["version"]
    why = f"q-prod v{version} has no release phase output.\n"
    assert ana("promotions:output", done["id"]) == ("", why, 0)
    [again] = answer_of(ana, "promote", "-a", "q-staging", "--to", "q-prod", "--no-wait")
    outcome = ana("promotions:output", again["id"])
    assert (outcome.stdout, outcome.code) == ("", 0)
    assert outcome.stderr.endswith(": no release yet.\n")


def test_what_waits_is_explained_to_the_second(town: Town, ana: Autopromote) -> None:
    apps(town, "u-staging", "u-prod")
    assert ana("webhooks:add", "--app", "u-staging").code == 0
    words = ("rules:add", "explained", "--from", "u-staging", "--to", "u-prod", "--soak", "2h")
    assert ana(*words, "--window", "daily 00:00-24:00 UTC", "--approvals", "1").code == 0
    version = town.heroku.deploy("u-staging")["version"]
    town.wait_for("waiting", version, "u-prod")
    wait_until(lambda: "soak" in ana("explain", "-a", "u-staging").stdout, "the soak gate's word")

    explained = ana("explain", "--app", "u-staging").stdout
    for line in (
        r"✓ source +u-staging v\d+ succeeded and u-staging stands by it\.",
        r" +slug [0-9a-f-]+, status succeeded, version u-staging v\d+",
        rf"◷ soak +u-staging v\d+ soaks for 2h\. Until {TIME}\.",
        rf" +soak 2h, since {TIME}",
        r"✓ window +The window daily 00:00-24:00 UTC is open\.",
        r"◷ approvals +0 of 1 approvals for u-staging v\d+ to u-prod\..*",
        rf"Looked at next: {TIME}",
        r"Earliest: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(in ~ 2h\)",
    ):
        assert re.search(rf"^{line}$", explained, re.MULTILINE), (line, explained)
    promotion = answer_of(ana, "explain", "--app", "u-staging")["promotions"][0]
    assert promotion["earliest_at"] == promotion["due_at"]
