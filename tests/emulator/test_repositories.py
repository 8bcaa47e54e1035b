"""The repositories API, as Heroku's own command line reads it."""

from __future__ import annotations

import pytest

from tests.emulator.callers import ANA, VERSION_3, Caller, Receiver

ACCEPT = {"Accept": f"{VERSION_3}.repositories-api"}
NAME = "acme/shop"


@pytest.fixture
def shop(ana: Caller) -> Caller:
    """Ana, with a pipeline that is connected to a repository of one commit."""
    couplings = {"staging": ["staging"], "production": ["production"]}
    ana.control("pipelines", {"name": "shop", "owner": ANA, "couplings": couplings})
    push(ana, "Begin")
    ana.control("pipelines/shop/repo", {"full_name": NAME}, "PUT")
    return ana


def push(ana: Caller, *messages: str, **more: object) -> list[str]:
    """Push commits; return their SHAs."""
    commits = [{"message": message} | more for message in messages]
    found: list[str] = ana.control("repositories", {"full_name": NAME, "commits": commits})
    return found


def compared(ana: Caller, base: str, head: str) -> tuple[int, list[str]]:
    """How far the head is ahead, and the messages of its commits."""
    path = f"/pipelines/shop/repo/compare?base={base}&head={head}"
    told = ana.get(path, **ACCEPT)
    return told["ahead_by"], [each["commit"]["message"] for each in told["commits"]]


def test_a_pipeline_and_an_app_tell_their_repository(shop: Caller) -> None:
    shop.control("apps/staging/repo", {"full_name": NAME}, "PUT")

    for path in ("/pipelines/shop/repo", "/apps/staging/repo"):
        assert shop.get(path, **ACCEPT)["full_name"] == NAME
    assert shop.refused("GET", "/apps/production/repo", **ACCEPT) == (404, "not_found")

    shop.control("apps/staging/repo", {}, "PUT")
    assert shop.refused("GET", "/apps/staging/repo", **ACCEPT) == (404, "not_found")


def test_the_variant_must_be_asked_for(shop: Caller) -> None:
    assert shop.refused("GET", "/pipelines/shop/repo") == (404, "not_found")


def test_strangers_see_nothing(shop: Caller, eve: Caller) -> None:
    assert eve.refused("GET", "/pipelines/shop/repo", **ACCEPT) == (403, "forbidden")


def test_commits_between_two_are_told_oldest_first(shop: Caller) -> None:
    first, second, third = push(shop, "One", "Two", "Three")

    assert compared(shop, first, third) == (2, ["Two", "Three"])
    assert compared(shop, first[:7], second[:8]) == (1, ["Two"])
    assert compared(shop, third, first) == (0, [])


def test_after_a_force_push_the_left_commit_is_compared_still(shop: Caller) -> None:
    (first,) = push(shop, "One")
    (left,) = push(shop, "Two")
    (forced,) = push(shop, "Two, amended", parents=[first])

    assert compared(shop, left, forced) == (1, ["Two, amended"])
    assert compared(shop, forced, left) == (1, ["Two"])
    main = shop.get("/pipelines/shop/repo/branches/main", **ACCEPT)
    assert main["commit"]["sha"] == forced
    assert [each["name"] for each in shop.get("/pipelines/shop/repo/branches", **ACCEPT)] == [
        "main"
    ]


def test_a_commit_names_its_author(shop: Caller) -> None:
    first, _ = push(shop, "One", "Two", author="Bo <bo@example.com>")
    path = f"/pipelines/shop/repo/compare?base={first}&head=main"

    (commit,) = shop.get(path, **ACCEPT)["commits"]

    author = {"name": "Bo", "email": "bo@example.com", "date": "2026-03-02T12:00:00Z"}
    assert commit["commit"] == {"author": author, "message": "Two"}


@pytest.mark.parametrize(
    "query", ["base=main&head=0000000", "base=main&head=ma", "base=&head=main"]
)
def test_an_unknown_commit_is_refused(shop: Caller, query: str) -> None:
    answer = shop.ask("GET", f"/pipelines/shop/repo/compare?{query}", **ACCEPT)

    assert answer.status_code in (404, 422)
    assert answer.json()["id"] in ("not_found", "invalid_params")


def test_a_repository_is_told_by_its_name(shop: Caller) -> None:
    assert shop.get(f"/repos/{NAME}", **ACCEPT)["full_name"] == NAME
    assert shop.refused("GET", "/repos/acme/none", **ACCEPT) == (404, "not_found")


def test_a_long_comparison_has_its_newest_commits(shop: Caller) -> None:
    first, *rest = push(shop, *(f"Commit {number}" for number in range(260)))

    told = shop.get(f"/pipelines/shop/repo/compare?base={first}&head=main", **ACCEPT)

    assert told["ahead_by"] == 259
    assert [each["sha"] for each in told["commits"]] == rest[-250:]


def test_histories_without_a_common_commit_are_not_compared(shop: Caller) -> None:
    (other,) = push(shop, "Other", parents=[])
    base = push(shop, "Begin again", parents=[])[0]
    path = f"/pipelines/shop/repo/compare?base={base}&head={other}"

    assert shop.refused("GET", path, **ACCEPT) == (404, "not_found")


@pytest.mark.parametrize("path", ["/apps/staging/repo", "/pipelines/shop/repo"])
def test_heroku_may_refuse_or_not_know_repositories_at_all(shop: Caller, path: str) -> None:
    shop.control("apps/staging/repo", {"full_name": NAME}, "PUT")

    shop.control("repositories-api", {"is": "forbidden"}, "PUT")
    assert shop.refused("GET", path, **ACCEPT) == (403, "forbidden")
    shop.control("repositories-api", {"is": "missing"}, "PUT")
    answer = shop.ask("GET", path, **ACCEPT)
    assert answer.status_code == 404
    assert answer.json()["message"].startswith("The requested API endpoint was not found.")
    shop.control("repositories-api", {"is": "open"}, "PUT")
    assert shop.get(path, **ACCEPT)["full_name"] == NAME
    assert shop.ask("PUT", "/_emulator/repositories-api", {"is": "slow"}).status_code == 422


def test_a_deploy_tells_the_commit_that_it_is_of(shop: Caller, receiver: Receiver) -> None:
    hook = {"include": ["api:release"], "level": "sync", "url": "http://listener.test/hook"}
    shop.post("/apps/staging/webhooks", hook)
    sha, _ = push(shop, "One", "Two")

    release = shop.deploy(commit=sha)

    slug = shop.get(f"/apps/staging/slugs/{release['slug']['id']}")
    assert slug["commit"] == sha
    assert receiver.next().body["data"]["slug"]["commit"] == sha
