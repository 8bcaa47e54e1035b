"""diff and doctor, as a person runs them, before a town in which one thing after another breaks.

A listener of its own: the doctor looks at everything there is, and the other tests leave much.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from listener.services.login_client import UNBOUND
from tests.acceptance.command_line.people import VIEWER_TOKEN, answer_of, apps
from tests.acceptance.town import ADMIN, ROBOT, ROBOT_TOKEN, Heroku, Town, wait_until
from tests.cli.program import Autopromote
from tests.db import clean

pytestmark = pytest.mark.acceptance

SECRET = "tr0ub4dor"


@pytest.fixture(scope="module")
def heroku(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heroku]:
    """An emulator of its own, too: its tokens come and go."""
    heroku = Heroku(tmp_path_factory.mktemp("heroku") / "emulator.log")
    heroku.control("tokens", {"token": VIEWER_TOKEN, "email": "vic@viewers.example"})
    yield heroku
    heroku.close()


@pytest.fixture(scope="module")
def town(
    heroku: Heroku, postgres: str, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """One dyno, a rule and its webhook, and all is well."""
    with clean.shared_database(postgres, migrated, "insight") as (database_url, _):
        town = Town(heroku, database_url, tmp_path_factory.mktemp("town"))
        try:
            town.start(AUTOPROMOTE_VIEWERS="*@viewers.example", AUTOPROMOTE_RECONCILE="1s")
            town.pair("d-staging", "d-prod")
            yield town
        finally:
            town.close()


@pytest.fixture
def vic(person: Autopromote, tmp_path: Path) -> Autopromote:
    """The program of somebody who may only look."""
    env = {**person.env, "HEROKU_API_KEY": VIEWER_TOKEN}
    vic = Autopromote(tmp_path / "vic", person.directory, person.bin, env)
    vic.home.mkdir()
    assert vic("login").code == 0
    return vic


def examined(person: Autopromote) -> tuple[list[tuple[str, str, str | None]], int]:
    """What the doctor finds not well, name, state and cure; and the exit code.

    How people log in is left out: this town has no OAuth client, and is told so by every look.
    """
    outcome = person("doctor", "--json")
    assert outcome.stderr == ""
    assert SECRET not in outcome.stdout
    found = json.loads(outcome.stdout)
    odd = [it for it in found if it["state"] != "ok"]
    assert [it["state"] for it in odd if it["name"] == "login"] in (["warning"], [])
    told = [(it["name"], it["state"], it["mend"]) for it in odd if it["name"] != "login"]
    return told, outcome.code


def finds(person: Autopromote, *wanted: tuple[str, str, str | None], code: int = 0) -> None:
    """Wait until this is what is not well: what was read of Heroku counts for ten seconds."""
    wait_until(lambda: examined(person) == (list(wanted), code), f"{wanted}, {code}")


def webhook_of(town: Town) -> str:
    """Where our webhook is at Heroku."""
    [webhook] = town.heroku.api("GET", "/apps/d-staging/webhooks")
    return f"/apps/d-staging/webhooks/{webhook['id']}"


WHY = (
    "Any program that a person lets know who they are, another listener too, can log in here as"
    " that person."
)


def test_a_healthy_town(town: Town, vic: Autopromote) -> None:
    outcome = vic("doctor")
    assert (outcome.stderr, outcome.code) == ("1 warning.\n", 0)
    lines = re.sub(r"grants \d+ more", "grants N more", outcome.stdout).splitlines()
    assert lines == [
        "✓ The listener is of version 0.1.0.",
        f"✓ The listener answers at {town.url}.",
        "✓ The database is there and migrated.",
        "✓ SECRET_KEY opens every stored secret.",
        "✓ Runners at work: 9.",
        f"✓ The listener acts as {ROBOT}.",
        "✓ The token has the scope global.",
        "✓ No token of the account ends by itself.",
        f"! {UNBOUND}",
        f"  {WHY}",
        "  $ autopromote login:client -a LISTENER",
        "✓ Rules that act: ship.",
        f"✓ {ROBOT} can read d-staging.",
        f"✓ {ROBOT} can read d-prod; no release of ours was tried there yet.",
        f"✓ Heroku tells {town.url}/webhooks/heroku of d-staging's releases.",
        "✓ Heroku has delivered nothing of d-staging yet.",
        "✓ Neither d-staging nor d-prod is a container app. (rule ship)",
        "✓ d-staging and d-prod are of generation cedar. (rule ship)",
        "✓ d-staging and d-prod run heroku-24. (rule ship)",
        "✓ d-prod chose no buildpacks of its own. (rule ship)",
        "✓ d-prod has every config var of d-staging. (rule ship)",
        "✓ Heroku grants N more requests for now.",
        "✓ No hold is in force.",
    ]


def test_a_webhook_that_was_removed_is_told_and_mended(town: Town, ana: Autopromote) -> None:
    town.heroku.api("DELETE", webhook_of(town))
    mend = "autopromote webhooks:add -a d-staging"
    finds(ana, ("webhook", "broken", mend), code=1)
    # Reconcile notices it as well, and `webhooks` says so.
    wait_until(lambda: town.get("subscriptions")[0]["healthy"] is False, "an unhealthy webhook")
    assert "Heroku has this webhook no more." in ana("webhooks").stdout

    assert ana(*mend.split()[1:]).code == 0
    finds(ana)


def test_a_level_that_was_changed_is_told_and_mended(town: Town, ana: Autopromote) -> None:
    town.heroku.api("PATCH", webhook_of(town), {"level": "notify"})
    mend = "autopromote webhooks:add -a d-staging"
    finds(ana, ("webhook", "broken", mend), code=1)
    plain = ana("doctor")
    assert (plain.stderr, plain.code) == ("1 broken, 1 warning.\n", 1)
    assert (
        "✗ The webhook of d-staging: At Heroku its level is notify:"
        " what is missed is not sent again.\n"
        "  Deploys are found late, by reconcile alone.\n"
        f"  $ {mend}\n"
    ) in plain.stdout
    assert ana(*mend.split()[1:]).code == 0
    finds(ana)


def test_a_hold_is_told_and_no_fault(town: Town, ana: Autopromote, vic: Autopromote) -> None:
    ana("holds:add", "-a", "d-prod", "--reason", "launch day")
    mend = "autopromote holds:release -a d-prod"
    finds(vic, ("hold", "warning", mend))
    assert vic("doctor").stderr == "2 warnings.\n"
    assert ana(*mend.split()[1:]).code == 0
    finds(vic)


def test_a_config_var_that_is_missing_is_named(town: Town, vic: Autopromote) -> None:
    town.heroku.control("apps/d-staging/config", {"STRIPE_KEY": SECRET})
    mend = "heroku config:set STRIPE_KEY=… -a d-prod"
    finds(vic, ("config_vars", "warning", mend))
    diff = vic("diff", "-a", "d-staging", "--to", "d-prod")
    assert f"  $ {mend}\n" in diff.stdout
    bare = vic("diff", "-a", "d-staging", "--to", "d-prod", "--json")
    assert SECRET not in diff.stdout + bare.stdout

    town.heroku.control("apps/d-prod/config", {"STRIPE_KEY": SECRET})
    finds(vic)
    assert SECRET not in town.dynos[0].process.log.read_text()


def test_a_stack_that_differs_is_told(town: Town, vic: Autopromote) -> None:
    apps(town, "e-staging")
    town.heroku.app("e-prod", stack="heroku-22")
    town.heroku.deploy("e-prod")
    town.cli("rules:add", "e", "--from", "e-staging", "--to", "e-prod")
    town.cli("webhooks:add", "-a", "e-staging")
    try:
        mend = "heroku stack:set heroku-24 -a e-prod"
        finds(vic, ("stack", "broken", mend), code=1)
    finally:
        town.cli("webhooks:remove", "-a", "e-staging", "--confirm", "e-staging")
        town.cli("rules:remove", "e", "--confirm", "e")
    finds(vic)


def test_access_that_was_taken_away_is_told(town: Town, vic: Autopromote) -> None:
    people = {"owner": ADMIN, "collaborators": [ADMIN]}
    town.heroku.control("apps/d-prod", people, "PATCH")
    mend = f"heroku access:add {ROBOT} -a d-prod"
    finds(vic, ("access", "broken", mend), code=1)
    town.heroku.control("apps/d-prod", people | {"collaborators": [ADMIN, ROBOT]}, "PATCH")
    finds(vic)


def test_a_token_that_was_revoked_is_told(town: Town, vic: Autopromote) -> None:
    headers = {
        "Authorization": f"Bearer {ROBOT_TOKEN}",
    }
    [own] = town.heroku.api("GET", "/oauth/authorizations", **headers)
    town.heroku.api("DELETE", f"/oauth/authorizations/{own['id']}", **headers)
    try:
        wait_until(lambda: "listener's key" in vic("promotions").stderr, "a trouble")
        refused = [("token", "broken"), ("heroku", "unknown")]
        wait_until(lambda: [each[:2] for each in examined(vic)[0]] == refused, "a refused token")
        assert "heroku authorizations:create" in vic("doctor").stdout
        said = " ".join(vic("promotions").stderr.replace("›", "").split())
        assert "Heroku does not accept the listener's key since " in said
        assert "heroku authorizations:create" in said
        explained = vic("explain", "--app", "d-staging").stdout
        assert "=== Trouble\n\nHeroku does not accept the listener's key since " in explained
    finally:
        town.heroku.control("tokens", {"token": ROBOT_TOKEN, "email": ROBOT})
    wait_until(lambda: "listener's key" not in vic("promotions").stderr, "the end of it")
    finds(vic)


def test_a_public_url_where_nobody_is_is_told(town: Town, ana: Autopromote) -> None:
    lost = town.start(second=True, PUBLIC_URL="http://127.0.0.1:9", AUTOPROMOTE_RUNNERS="0")
    assert ana("login", "--url", lost.url).code == 0
    found = ana("doctor", "--json", AUTOPROMOTE_URL=lost.url)
    assert found.code == 1
    [told] = [it for it in json.loads(found.stdout) if it["name"] == "public_url"]
    assert (told["state"], told["message"]) == ("broken", "Nobody answers at http://127.0.0.1:9.")
    assert told["mend"] == "heroku config:set -a LISTENER PUBLIC_URL=https://…"
    lost.process.stop()


def test_what_a_promotion_would_change(town: Town, vic: Autopromote) -> None:
    apps(town, "f-staging")
    town.heroku.app("f-prod")
    slug = town.heroku.current("f-staging")["slug"]["id"]
    town.heroku.deploy("f-prod", slug_id=slug)
    before = town.heroku.api("GET", f"/apps/f-staging/slugs/{slug}")["commit"]
    commit = "9b2c3d4e" * 5
    town.heroku.deploy("f-staging", commit=commit, process_types=["web", "worker"])

    outcome = vic("diff", "-a", "f-staging", "--to", "f-prod", "--repo", "example/shop")
    assert (outcome.stderr, outcome.code) == ("", 0)
    time = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(~ \d+s ago\)"
    shown = re.sub(r"Created +", "Created  ", re.sub(time, "TIME", outcome.stdout))
    assert shown == (
        "=== ⬢ f-staging v4 to ⬢ f-prod\n"
        "\n"
        "Summary:    f-prod runs f-staging v3; v4 brings 1 deploy.\n"
        f"Would run:  ⬢ f-staging v4 by {ADMIN}, TIME\n"
        f"Runs now:   ⬢ f-prod v3 by {ADMIN}, TIME\n"
        "Ships:      Not told: Heroku does not tell the repository of f-staging: Couldn't find that"
        " repository.\n"
        f"Commits:    {before[:8]}..9b2c3d4e\n"
        f"Compare:    https://github.com/example/shop/compare/{before}...{commit}\n"
        "Processes:  adds worker\n"
        "\n"
        "=== Deploys of ⬢ f-staging\n"
        "\n"
        "Version  By               Created  Description\n"
        f"v4       {ADMIN}  TIME  Deploy 9b2c3d4e\n"
        "\n"
        "=== Differences\n"
        "\n"
        "✓ Neither f-staging nor f-prod is a container app.\n"
        "✓ f-staging and f-prod are of generation cedar.\n"
        "✓ f-staging and f-prod run heroku-24.\n"
        "✓ f-prod chose no buildpacks of its own.\n"
        "✓ f-prod has every config var of f-staging.\n"
    )
    bare = answer_of(vic, "diff", "-a", "f-staging", "--to", "f-prod", "--release", "3")
    assert bare["targets"][0]["relation"] == "same"
    assert bare["source"]["release"]["version"] == 3


def test_what_cannot_be_compared_is_said(town: Town, vic: Autopromote) -> None:
    outcome = vic("diff", "-a", "d-staging", "--to", "d-staging")
    assert (outcome.stdout, outcome.code) == ("", 1)
    assert "d-staging cannot be promoted onto itself." in outcome.stderr
    assert vic("diff", "-a", "d-staging").code == 2
