"""The control API: what a test or a demonstration does to this Heroku."""

from __future__ import annotations

from datetime import timedelta

import pytest

from emulator.world import World
from tests.emulator.callers import ANA, UNKNOWN, Caller, Receiver


def test_every_request_of_a_client_is_in_the_log(ana: Caller) -> None:
    ana.control("requests", method="DELETE")

    body = {"slug": UNKNOWN}
    answer = ana.ask("POST", "/apps/production/releases?x=1", body, Request_Id="mine")
    ana.ask("GET", "/apps", Authorization="Bearer nobody", Range="id ..; max=5")

    post, get = ana.control("requests", method="GET")
    assert post == {
        "method": "POST",
        "path": "/apps/production/releases",
        "query": "x=1",
        "range": None,
        "status": 404,
        "token_email": ANA,
        "request_id": answer.headers["Request-Id"],
        "body": body,
        "fault": None,
        "was_applied": True,
        "arrived_at": "2026-03-02T12:00:00.000000Z",
        "at": "2026-03-02T12:00:00.000000Z",
    }
    assert (get["status"], get["token_email"], get["range"]) == (401, None, "id ..; max=5")


def test_control_needs_no_token_and_leaves_no_trace(ana: Caller) -> None:
    ana.control("requests", method="DELETE")
    ana.control("state", method="GET")

    assert ana.control("requests", method="GET") == []


def test_without_a_word_everybody_may_use_a_new_app(ana: Caller, eve: Caller) -> None:
    ana.control("apps", {"name": "open"})
    ana.control("apps", {"name": "closed", "collaborators": []})

    assert eve.ask("GET", "/apps/open").status_code == 200
    assert eve.refused("GET", "/apps/closed") == (403, "forbidden")


def test_all_that_happened_can_have_happened_earlier(ana: Caller, world: World) -> None:
    ana.control("repositories", {"full_name": "acme/shop", "commits": [{"message": "Begin"}]})
    ana.control("github/repos/acme/shop/pulls", {"title": "More"})
    ana.control("github/repos/acme/shop/ci", {"name": "tests"}, "PUT")
    ana.control("apps/staging/repo", {"full_name": "acme/shop"}, "PUT")
    release = ana.control("apps/staging/deploys", {"message": "Go on"})

    assert ana.control("age", {"seconds": 5400}) == {"seconds": 5400}

    earlier = "2026-03-02T10:30:00Z"
    aged = ana.get(f"/apps/staging/releases/{release['id']}")
    slug = ana.get(f"/apps/staging/slugs/{release['slug']['id']}")
    assert [aged["created_at"], aged["updated_at"], slug["created_at"]] == [earlier] * 3
    assert ana.get("/apps/staging")["created_at"] == earlier
    github = world.github
    commits = world.repositories["acme/shop"].commits.values()
    [pull], [run] = github.pulls["acme/shop"], github.check_runs["acme/shop"]
    moments = {*(each.at for each in commits), pull.created_at, run.started_at}
    assert moments == {world.now() - timedelta(seconds=5400)}


def test_an_app_can_be_renamed_and_handed_over(ana: Caller, eve: Caller) -> None:
    app = ana.get("/apps/staging")

    ana.control("apps/staging", {"name": "stage", "owner": "eve@example.com"}, "PATCH")

    assert eve.get(f"/apps/{app['id']}")["name"] == "stage"
    assert ana.refused("GET", "/apps/staging") == (404, "not_found")
    assert ana.refused("GET", "/apps/stage") == (403, "forbidden")


def test_a_deleted_app_takes_everything_of_its_own_along(ana: Caller, world: World) -> None:
    ana.control("pipelines", {"name": "shop", "couplings": {"staging": ["staging"]}})
    wanted = {"include": ["api:release"], "level": "sync", "url": "http://receiver.test/"}
    ana.post("/apps/staging/webhooks", wanted)
    ana.deploy()

    ana.control("apps/staging", method="DELETE")

    assert ana.refused("GET", "/apps/staging/releases") == (404, "not_found")
    assert ana.get("/pipeline-couplings") == []
    assert (world.webhooks, world.queued()) == ({}, 0)


def test_a_deploy_may_name_its_slug(ana: Caller) -> None:
    first = ana.deploy(slug_id=UNKNOWN, commit="c0ffee00", description="Ship it")
    second = ana.deploy("production", slug_id=UNKNOWN)

    assert first["slug"] == second["slug"] == {"id": UNKNOWN}
    assert (first["description"], second["description"]) == ("Ship it", "Deploy c0ffee00")


def test_history_is_made_at_once_and_told_to_nobody(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    wanted = {"include": ["api:release"], "level": "sync", "url": "http://receiver.test/"}
    ana.post("/apps/staging/webhooks", wanted)

    told = ana.control("apps/staging/history", {"releases": 7, "deploy_every": 3})

    releases = ana.get("/apps/staging/releases")[2:]
    slugs = [each["slug"]["id"] for each in releases]
    assert told == {"releases": 7}
    assert [each["description"][:6] for each in releases] == [
        *("Deploy", "Set SE", "Set SE"),
        *("Deploy", "Set SE", "Set SE"),
        "Deploy",
    ]
    assert (slugs[0], len(set(slugs))) == (slugs[2], 3)
    assert [each["current"] for each in releases] == [False] * 6 + [True]
    assert releases[-1]["created_at"] == "2026-03-02T12:00:00Z"
    assert world.settle(10).idle
    assert receiver.is_empty()


def test_a_flush_waits_until_everything_is_told(ana: Caller, world: World) -> None:
    wanted = {"include": ["api:release"], "level": "sync", "url": "http://receiver.test/"}
    webhook = ana.post("/apps/staging/webhooks", wanted)
    assert ana.control("flush") == {"idle": True, "queued": 0}

    ana.control(f"webhooks/{webhook['id']}", {"delay": 60}, "PATCH")
    ana.deploy()

    assert ana.control("webhooks/flush", {"seconds": 0.05}) == {"idle": False, "queued": 1}
    world.advance(timedelta(seconds=0.16))
    with world.changed:
        assert world.changed.wait_for(world.timetable.is_quiet, 10)
    assert ana.control("webhooks/flush", {"seconds": 0.05}) == {"idle": False, "queued": 2}
    shown = ana.control("webhooks", method="GET")
    assert [(each["app"]["name"], each["queued"]) for each in shown] == [("staging", 2)]
    assert "secret" not in shown[0]
    world.advance(timedelta(seconds=60))
    assert ana.control("flush") == {"idle": True, "queued": 0}


def test_the_state_in_short(ana: Caller) -> None:
    release = ana.deploy()

    state = ana.control("state", method="GET")

    assert state["accounts"][0] == ANA
    assert state["apps"][0] == {
        "id": release["app"]["id"],
        "name": "staging",
        "releases": 3,
        "current": 3,
        "slug": release["slug"]["id"],
    }
    assert (state["pipelines"], state["webhooks"], state["queued"], state["faults"]) == (
        [],
        0,
        0,
        0,
    )


def test_a_token_can_be_added_with_scope_and_end(ana: Caller) -> None:
    made = ana.control("tokens", {"email": "new@example.com", "scope": ["identity"]})

    header = f"Bearer {made['token']}"
    assert ana.get("/account", Authorization=header)["email"] == "new@example.com"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "apps", {"name": "UPPER"}, 422),
        ("POST", "apps", {"name": "staging"}, 422),
        ("POST", "apps", {"name": "fine", "colour": "red"}, 422),
        ("POST", "apps", {"name": "fine", "collaborators": "all"}, 422),
        ("PATCH", "apps/staging", {"release_phase": "slow"}, 422),
        ("PATCH", "apps/staging", {"release_phase": {"minutes": 1}}, 422),
        ("PATCH", "apps/staging", {"name": "production"}, 422),
        ("PATCH", "apps/staging", {"current": "newest"}, 422),
        ("PATCH", "apps/nowhere", {}, 404),
        ("POST", "apps/staging/deploys", {"commits": "abc"}, 422),
        ("POST", "apps/staging/config", {}, 422),
        ("POST", "apps/staging/addons", {}, 422),
        ("POST", "apps/staging/rollbacks", {"release": 9}, 404),
        ("POST", "apps/staging/rollbacks", {"release": 2}, 422),
        ("POST", "apps/staging/history", {"releases": -1}, 422),
        ("POST", "apps/staging/releases/2", {"status": "failed"}, 422),
        ("POST", "apps/staging/releases/2", {"status": "expired"}, 422),
        ("DELETE", f"apps/staging/slugs/{UNKNOWN}", None, 404),
        ("PATCH", f"webhooks/{UNKNOWN}", {}, 404),
        ("POST", "rate-limits", {"email": "stranger@example.com"}, 404),
        ("POST", "age", {}, 422),
        ("POST", "pipelines", {"name": "X"}, 422),
        ("POST", "pipelines", {"name": "fine", "couplings": ["staging"]}, 422),
    ],
)
def test_what_makes_no_sense_is_refused(
    ana: Caller, method: str, path: str, body: object, status: int
) -> None:
    assert ana.ask(method, f"/_emulator/{path}", body).status_code == status
