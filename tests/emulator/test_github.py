"""The fake GitHub on a real socket: repositories, comparisons, pull requests, and who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.emulator.hub import NAME, Hub, standing_hub


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A GitHub with one repository, and a token of the robot's."""
    with standing_hub() as made:
        yield made


def test_a_repository_and_its_commits(hub: Hub) -> None:
    first, second = hub.push("One", "Two\n\nAnd why.")

    repository = hub.get(f"/repos/{NAME}")
    commit = hub.get(f"/repos/{NAME}/commits/{second}")
    by_branch = hub.get(f"/repos/{NAME}/commits/main")

    assert (repository["full_name"], repository["default_branch"]) == (NAME, "main")
    assert (commit["sha"], commit["commit"]["message"]) == (second, "Two\n\nAnd why.")
    assert [parent["sha"] for parent in commit["parents"]] == [first]
    assert commit["author"]["login"] == "ana"
    assert commit["html_url"] == f"{hub.url}/{NAME}/commit/{second}"
    assert by_branch["sha"] == second


def test_an_author_without_an_account_has_no_login(hub: Hub) -> None:
    (sha,) = hub.push("One", author="Ümit Öz <umit@elsewhere.org>")

    commit = hub.get(f"/repos/{NAME}/commits/{sha}")

    assert commit["author"] is None
    assert commit["commit"]["author"]["name"] == "Ümit Öz"


def _compared(hub: Hub, base: str, head: str) -> tuple[str, int, int, list[str]]:
    told = hub.get(f"/repos/{NAME}/compare/{base}...{head}")
    messages = [each["commit"]["message"] for each in told["commits"]]
    assert told["total_commits"] == told["ahead_by"]
    return told["status"], told["ahead_by"], told["behind_by"], messages


def test_two_commits_are_compared(hub: Hub) -> None:
    first, second, third = hub.push("One", "Two", "Three")
    (forced,) = hub.push("Two, amended", parents=[first])

    assert _compared(hub, first, third) == ("ahead", 2, 0, ["Two", "Three"])
    assert _compared(hub, third, second) == ("behind", 0, 1, [])
    assert _compared(hub, third, forced) == ("diverged", 1, 2, ["Two, amended"])
    assert _compared(hub, third, third[:9]) == ("identical", 0, 0, [])
    told = hub.get(f"/repos/{NAME}/compare/{third}...main")
    assert told["merge_base_commit"]["sha"] == first


def test_a_merge_brings_both_sides(hub: Hub) -> None:
    (first,) = hub.push("One")
    side = hub.push("Side one", "Side two", branch="side", parents_of_first=[first])
    (main,) = hub.push("Two")
    (merge,) = hub.push("Merge", parents=[main, side[-1]])

    status, _, _, messages = _compared(hub, main, merge)
    told = hub.get(f"/repos/{NAME}/compare/{side[0]}...{main}")

    assert (status, messages) == ("ahead", ["Side one", "Side two", "Merge"])
    assert told["merge_base_commit"]["sha"] == first


def test_the_newest_common_commit_is_the_merge_base(hub: Hub) -> None:
    """After a merge, both sides have more than one common commit."""
    (first,) = hub.push("One")
    (side,) = hub.push("Side", branch="side", parents_of_first=[first])
    (merge,) = hub.push("Merge", parents=[first, side])
    (after,) = hub.push("After", branch="side")

    assert hub.get(f"/repos/{NAME}/compare/{after}...{merge}")["merge_base_commit"]["sha"] == side


def test_a_comparison_comes_in_pages(hub: Hub) -> None:
    first, *rest = hub.push(*(f"Commit {number}" for number in range(8)))
    seen, files = [], []
    url = f"{hub.world.github_url}/repos/{NAME}/compare/{first}...main?per_page=3"

    while url:
        answer = hub.ask("GET", url)
        seen += [each["sha"] for each in answer.json()["commits"]]
        files.append("files" in answer.json())
        url = answer.links.get("next", {}).get("url", "")

    assert seen == rest
    assert files == [True, False, False]


def test_without_pages_a_comparison_has_its_newest_250(hub: Hub) -> None:
    first, *rest = hub.push(*(f"Commit {number}" for number in range(260)))

    told = hub.get(f"/repos/{NAME}/compare/{first}...main")

    assert told["total_commits"] == 259
    assert [each["sha"] for each in told["commits"]] == rest[-250:]


@pytest.mark.parametrize("range_", ["main...0000000", "0000000...main", "main..main", "main"])
def test_an_unknown_commit_cannot_be_compared(hub: Hub, range_: str) -> None:
    hub.push("One")

    answer = hub.ask("GET", f"/repos/{NAME}/compare/{range_}")

    assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")


def test_histories_without_a_common_commit_cannot_be_compared(hub: Hub) -> None:
    hub.push("One")
    (other,) = hub.push("Other", branch="other", parents_of_first=[])

    answer = hub.ask("GET", f"/repos/{NAME}/compare/main...{other}")

    assert answer.status_code == 404
    assert answer.json()["message"] == f"No common ancestor between main and {other}."


def test_a_commit_names_the_pull_request_that_brought_it(hub: Hub) -> None:
    one, two, three = hub.push("One", "Two", "Merge #1")
    (open_,) = hub.push("Not yet", branch="next")
    hub.control(
        f"repos/{NAME}/pulls", title="Fix it", author="ben", commits=[two], merge_commit=three
    )
    hub.control(f"repos/{NAME}/pulls", title="Later", commits=[open_])
    hub.control(f"repos/{NAME}/pulls", title="Never", commits=[two], closed=True)

    def numbers(sha: str) -> list[int]:
        return [each["number"] for each in hub.get(f"/repos/{NAME}/commits/{sha}/pulls")]

    (pull,) = hub.get(f"/repos/{NAME}/commits/{three}/pulls")
    assert (pull["title"], pull["user"]["login"], pull["state"]) == ("Fix it", "ben", "closed")
    assert (pull["merge_commit_sha"], bool(pull["merged_at"])) == (three, True)
    assert [numbers(sha) for sha in (one, two, three, open_)] == [[], [1], [1], [2]]


def test_pull_requests_are_listed_by_state(hub: Hub) -> None:
    (sha,) = hub.push("One")
    for title in ("First", "Second", "Third"):
        hub.control(f"repos/{NAME}/pulls", title=title, merge_commit=sha)
    hub.control(f"repos/{NAME}/pulls", title="Open")
    hub.control(f"repos/{NAME}/pulls", title="Open until merged")
    merged = hub.control(f"repos/{NAME}/pulls/5", method="PATCH", merge_commit=sha)
    assert (merged["number"], merged["merge_commit_sha"]) == (5, sha)

    def titles(query: str) -> list[str]:
        return [each["title"] for each in hub.get(f"/repos/{NAME}/pulls{query}")]

    assert titles("") == ["Open"]
    closed = titles("?state=closed&sort=updated&direction=desc&per_page=2")
    assert closed + titles("?state=closed&sort=updated&direction=desc&per_page=2&page=2") == [
        "Open until merged",
        "Third",
        "Second",
        "First",
    ]


@pytest.mark.parametrize("header", ["Bearer wrong", "Basic cm9ib3Q6", "nonsense"])
def test_an_unknown_token_is_refused(hub: Hub, header: str) -> None:
    answer = hub.ask("GET", f"/repos/{NAME}", Authorization=header)

    assert answer.status_code == 401
    assert answer.json() == {
        "message": "Bad credentials",
        "documentation_url": "https://docs.github.com/rest",
        "status": "401",
    }


def test_a_revoked_and_an_expired_token_are_refused(hub: Hub) -> None:
    hub.control("tokens", token="gone", login="robot")
    hub.control("tokens", token="old", login="robot", expires_in=0)
    hub.control("tokens/gone", method="DELETE")

    for token in ("gone", "old"):
        assert hub.ask("GET", "/user", Authorization=f"token {token}").status_code == 401


def test_whoever_has_no_right_to_a_repository_finds_none(hub: Hub) -> None:
    hub.control("tokens", token="elsewhere", login="eve", repositories=["acme/other"])

    for headers in ({"Authorization": "Bearer elsewhere"}, {"Authorization": ""}):
        answer = hub.ask("GET", f"/repos/{NAME}", **headers)
        assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("GET", "/commits/main", "contents=read"),
        ("GET", "/compare/main...main", "contents=read"),
        ("GET", "/pulls", "pull_requests=read"),
        ("GET", "/commits/main/pulls", "pull_requests=read"),
        ("GET", "/commits/main/check-runs", "checks=read"),
        ("GET", "/commits/main/status", "statuses=read"),
        ("POST", "/statuses/main", "statuses=write"),
        ("GET", "/deployments", "deployments=read"),
        ("POST", "/deployments", "deployments=write"),
    ],
)
def test_a_token_without_the_permission_is_refused(
    hub: Hub, method: str, path: str, permission: str
) -> None:
    hub.push("One")
    name, _, level = permission.partition("=")
    others = {"contents", "pull_requests", "statuses", "deployments"} - {name}
    wanted = dict.fromkeys(others, "write") | ({} if level == "read" else {name: "read"})
    hub.control("tokens", token="weak", login="robot", permissions=wanted)

    answer = hub.ask(method, f"/repos/{NAME}{path}", Authorization="Bearer weak")

    assert answer.status_code == 403
    assert answer.json()["message"] == "Resource not accessible by personal access token"
    assert answer.headers["X-Accepted-GitHub-Permissions"] == permission


def test_names_are_not_case_sensitive(hub: Hub) -> None:
    assert hub.get(f"/repos/{NAME.upper()}")["full_name"] == NAME


def test_the_caller_is_named(hub: Hub) -> None:
    assert hub.get("/user")["login"] == "robot"
    assert hub.ask("GET", "/user", Authorization="").json()["message"] == "Requires authentication"


def test_a_client_must_name_itself(hub: Hub) -> None:
    answer = hub.ask("GET", "/user", User_Agent="")

    assert (answer.status_code, "User-Agent" in answer.text) == (403, True)


def test_what_is_not_there_is_not_found(hub: Hub) -> None:
    for path in ("/nothing", f"/repos/{NAME}/nothing", "/repos/acme/none"):
        answer = hub.ask("GET", path)
        assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")
    unknown = hub.ask("GET", f"/repos/{NAME}/commits/0123456789")
    assert (unknown.status_code, unknown.json()["message"]) == (
        422,
        "No commit found for SHA: 0123456789",
    )


def _limits(answer: httpx.Response) -> tuple[str, str]:
    return answer.headers["X-RateLimit-Remaining"], answer.headers["X-RateLimit-Used"]


def test_what_did_not_change_is_not_sent_again_and_costs_nothing(hub: Hub) -> None:
    whole = hub.ask("GET", f"/repos/{NAME}")
    same = hub.ask("GET", f"/repos/{NAME}", If_None_Match=whole.headers["ETag"])
    hub.push("One", branch="other")
    after = hub.ask("GET", f"/repos/{NAME}/commits/other", If_None_Match=whole.headers["ETag"])

    assert whole.headers["ETag"].startswith('W/"')
    assert (same.status_code, same.content) == (304, b"")
    assert (_limits(whole), _limits(same), _limits(after)) == (
        ("4999", "1"),
        ("4999", "1"),
        ("4998", "2"),
    )
    assert after.status_code == 200
    assert whole.headers["X-GitHub-Request-Id"] != same.headers["X-GitHub-Request-Id"]


def test_a_used_up_budget_refuses_until_its_reset(hub: Hub) -> None:
    hub.control("rate-limits", login="robot", remaining=1)

    last, refused = (hub.ask("GET", f"/repos/{NAME}") for _ in range(2))
    told = hub.get("/rate_limit")["resources"]["core"]

    assert (last.status_code, refused.status_code) == (200, 403)
    assert refused.json()["message"].startswith("API rate limit exceeded for robot.")
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert (told["remaining"], told["reset"]) == (0, int(refused.headers["X-RateLimit-Reset"]))

    hub.control("rate-limits", login="robot", remaining=0, seconds=0)
    assert hub.ask("GET", f"/repos/{NAME}").status_code == 200


def test_the_log_has_every_request_and_no_token(hub: Hub) -> None:
    hub.push("One")
    hub.get(f"/repos/{NAME}/commits/main")
    hub.ask("POST", f"/repos/{NAME}/statuses/main", {"state": "success"})

    log: Any = hub.control("requests", method="GET")

    assert [(each["method"], each["path"], each["status"]) for each in log] == [
        ("GET", f"/repos/{NAME}/commits/main", 200),
        ("POST", f"/repos/{NAME}/statuses/main", 201),
    ]
    assert (log[1]["body"], log[1]["token_email"]) == ({"state": "success"}, "robot")
    assert hub.token not in str(log)
    assert hub.world.exchanges == []
    hub.control("requests", method="DELETE")
    assert hub.control("requests", method="GET") == []


def test_links_lead_to_pages(hub: Hub) -> None:
    first, second = hub.push("One", "Two\n\nAnd why.")
    hub.control(f"repos/{NAME}/pulls", title="Fix it", author="ben", merge_commit=second)
    run = hub.control(f"repos/{NAME}/checks", sha=second, name="test", conclusion="success")
    hub.control(f"repos/{NAME}/statuses", sha=second, context="ci", state="pending")
    body = {"ref": "main", "auto_merge": False, "required_contexts": [], "environment": "eu"}
    deployment = hub.post(f"/repos/{NAME}/deployments", body)
    hub.post(f"/repos/{NAME}/deployments/{deployment['id']}/statuses", {"state": "queued"})

    def page(url: str) -> str:
        answer = hub.ask("GET", url, Authorization="")
        assert answer.is_success, answer.text
        return answer.text

    (pull,) = hub.get(f"/repos/{NAME}/commits/{second}/pulls")
    compared = hub.get(f"/repos/{NAME}/compare/{first}...{second}")
    assert page(compared["html_url"]) == f"ahead\n\n{second[:7]} Two (Ana)\n"
    commit = page(compared["commits"][0]["html_url"])
    assert commit.startswith(f"{second} by Ana\n\nTwo\n\nAnd why.\n\n")
    assert commit.endswith("test: success\nci: pending \n")
    assert page(pull["html_url"]) == "#1 Fix it\nmerged, by ben\n"
    assert page(run["html_url"]) == "test: success\n\n"
    home = hub.get(f"/repos/{NAME}")["html_url"]
    assert page(f"{home}/deployments") == f"eu: {second[:7]} \n  queued \n"
    for path in ("pull/9", "runs/9", "commit/0123456789"):
        assert hub.ask("GET", f"{home}/{path}").status_code == 404


def test_a_repository_that_was_moved_says_where_to(hub: Hub) -> None:
    hub.control("repos/acme/old/moved", method="PUT", full_name=NAME)

    answer = hub.ask("GET", "/repos/Acme/old/commits/main")

    assert (answer.status_code, answer.json()["message"]) == (301, "Moved Permanently")
    assert answer.headers["Location"] == answer.json()["url"]
    assert answer.json()["url"].startswith(f"{hub.world.github_url}/repositories/")


def test_a_classic_token_tells_its_scopes(hub: Hub) -> None:
    hub.control("tokens", token="fine", login="robot", permissions={"contents": "read"})

    assert hub.ask("GET", "/user").headers["X-OAuth-Scopes"] == "repo"
    assert "X-OAuth-Scopes" not in hub.ask("GET", "/user", Authorization="Bearer fine").headers


def test_the_demonstrations_deploys_are_of_merged_pull_requests(hub: Hub) -> None:
    hub.world.seed_demo()

    deployed = [slug.commit for slug in hub.world.slugs.values()]
    titles = [
        [pull["title"] for pull in hub.get(f"/repos/{NAME}/commits/{sha}/pulls")]
        for sha in deployed
    ]

    assert len(deployed) == 3
    assert titles == [
        ["Show prices with tax"],
        ["Find products by their number"],
        ["Remember the basket of a guest"],
    ]
    assert hub.get(f"/repos/{NAME}/compare/{deployed[0]}...main")["ahead_by"] == 2
