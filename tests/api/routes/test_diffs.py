"""`/api/apps/…/diff`: what a promotion would change, over HTTP."""

from __future__ import annotations

import pytest

from tests.api.routes.caller import Caller
from tests.services.office import ANA, EU, PROD, STAGING, Office

PATH = f"/api/apps/{STAGING}/diff"


def test_a_diff_is_told_whole(viewer: Caller, office: Office) -> None:
    office.deploy_same(PROD, STAGING)
    before = office.current(PROD)
    office.control(f"apps/{STAGING}/deploys", {"user": ANA, "process_types": ["worker"]})
    office.control(f"apps/{STAGING}/config", {"STRIPE_KEY": "tr0ub4dor"})
    after = office.current(STAGING)

    answer = viewer.ask("GET", f"{PATH}?to={PROD}&repo=acme/shop")
    assert "tr0ub4dor" not in answer.text
    said = answer.get_json()
    assert sorted(said) == ["source", "targets"]
    source = said["source"]
    assert source["app"] == {"id": after["app"]["id"], "name": STAGING}
    assert source["slug"]["id"] == after["slug"]["id"]
    assert source["release"].pop("created_at").endswith("Z")
    assert source["release"] == {
        "id": after["id"],
        "version": 5,
        "description": "Set STRIPE_KEY config vars",
        "by": ANA,
    }

    [target] = said["targets"]
    assert target["app"]["name"] == PROD
    assert (target["release"]["id"], target["slug"]["id"]) == (before["id"], before["slug"]["id"])
    assert (target["relation"], target["message"]) == (
        "newer",
        "acme-prod runs acme-staging v3; v5 brings 1 deploy.",
    )
    older, newer = target["slug"]["commit"], source["slug"]["commit"]
    assert target["commits"] == {
        "from": older,
        "to": newer,
        "compare_url": f"https://github.com/acme/shop/compare/{older}...{newer}",
    }
    assert [each["version"] for each in target["releases"]] == [4]
    assert target["process_types"] == {"added": ["worker"], "removed": ["web"]}
    assert [each["name"] for each in target["parity"]][-1] == "config_vars"
    config_vars = target["parity"][-1]
    assert config_vars.pop("app") == target["app"]
    assert config_vars == {
        "name": "config_vars",
        "state": "warning",
        "rule": None,
        "message": "acme-prod lacks config vars of acme-staging: STRIPE_KEY.",
        "why": "A promotion brings no config: code that reads them breaks on arrival.",
        "mend": "heroku config:set STRIPE_KEY=… -a acme-prod",
        "facts": {"missing": ["STRIPE_KEY"]},
    }


def test_a_release_may_be_named_and_several_targets(viewer: Caller, office: Office) -> None:
    office.deploy(STAGING)
    said = viewer.get(f"{PATH}?to={PROD},%20{EU},,{PROD}&release=v3")
    assert said["source"]["release"]["version"] == 3
    assert [each["app"]["name"] for each in said["targets"]] == [PROD, EU]
    assert [each["commits"]["compare_url"] for each in said["targets"]] == [None, None]


def test_what_cannot_be_read_is_null_or_unknown(viewer: Caller, office: Office) -> None:
    office.break_heroku("/apps/.*/(slugs/.*|config-vars)", 403)
    said = viewer.get(f"{PATH}?to={PROD}")
    [target] = said["targets"]
    assert said["source"]["slug"]["commit"] is None
    assert target["process_types"] is None
    assert target["commits"] == {"from": None, "to": None, "compare_url": None}
    assert target["parity"][-1]["state"] == "unknown"


def test_an_app_without_code_has_no_slug(viewer: Caller, office: Office) -> None:
    office.control("apps", {"name": "acme-new"})
    [target] = viewer.get(f"{PATH}?to=acme-new")["targets"]
    assert (target["slug"], target["release"]["version"]) == (None, 2)


def test_an_app_that_runs_nothing_has_no_release(viewer: Caller, office: Office) -> None:
    office.control("apps", {"name": "acme-new"})
    body = [release | {"current": release["version"] == 1} for release in office.releases(PROD)]
    body[0]["status"] = "failed"
    app_id = office.heroku("GET", "/apps/acme-new")["id"]
    office.break_heroku(f"/apps/({app_id}|acme-new)/releases", 200, body=body)
    [target] = viewer.get(f"{PATH}?to=acme-new")["targets"]
    assert (target["slug"], target["release"]) == (None, None)
    assert target["message"] == "acme-new runs no code yet."


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "to: one to 10 apps, comma-separated."),
        ("?to=,", "to: one to 10 apps, comma-separated."),
        ("?to=" + ",".join(f"app-{number}" for number in range(11)), "to: one to 10 apps"),
        (f"?to={'x' * 101}", "to: one to 10 apps"),
        (f"?to={PROD}&repo=shop", "repo: a repository at GitHub is written like owner/name."),
        (f"?to={PROD}&repo=acme/shop/x", "repo: a repository"),
        (f"?to={PROD}&repo=acme/..", "repo: a repository"),
        (f"?to={PROD}&repo=acme/s%23hop", "repo: a repository"),
        (f"?to={PROD}&release=last", "release: a release is written like v42."),
        (f"?to={STAGING}", "acme-staging cannot be promoted onto itself."),
    ],
)
def test_what_makes_no_sense_is_refused(viewer: Caller, query: str, message: str) -> None:
    status, id, said = viewer.refused("GET", f"{PATH}{query}")
    assert (status, id) == (422, "invalid_params")
    assert said.startswith(message)


def test_without_heroku_nothing_is_compared(viewer: Caller, office: Office) -> None:
    office.break_heroku("/apps/.*/releases")
    assert viewer.refused("GET", f"{PATH}?to={PROD}")[:2] == (502, "heroku_unreadable")
