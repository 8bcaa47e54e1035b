"""What is read from GitHub: one call each, bounded, cleaned, and told as it is."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from listener.github import BadAnswer, Doubtful, GitHub, Identity, Refused
from tests.github import samples
from tests.github.conftest import TOKEN
from tests.outbound.peer import Conversation, Peer, Script, answer, giving

Start = Callable[[Script], Peer]
Client = Callable[..., GitHub]
BASE, HEAD = samples.sha(1), samples.sha(4)
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def asked(at: Peer) -> list[str]:
    """The paths that were asked for, without their queries."""
    return [urlsplit(request.path).path for request in at.requests]


def history(total: int) -> Script:
    """Show the pages of a comparison of so many commits."""

    def script(talk: Conversation) -> None:
        while request := talk.hear():
            query = parse_qs(urlsplit(request.path).query)
            size, page = int(query["per_page"][0]), int(query["page"][0])
            shown = range((page - 1) * size + 1, min(page * size, total) + 1)
            body = samples.comparison(*map(samples.commit, shown), ahead_by=total)
            talk.say(answer(200, body))

    return script


def test_compares_two_commits(peer: Start, client: Client) -> None:
    commits = [samples.commit(2), samples.commit(3, author=None), samples.commit(4)]
    at = peer(giving(answer(200, samples.comparison(*commits, behind_by=1, status="diverged"))))

    found = client(at.url).compare("acme/shop", BASE, HEAD)

    assert (found.status, found.ahead_by, found.behind_by) == ("diverged", 3, 1)
    assert found.is_complete
    assert found.html_url == "https://github.com/acme/shop/compare/a...b"
    assert [commit.sha for commit in found.commits] == [samples.sha(n) for n in (2, 3, 4)]
    assert [commit.login for commit in found.commits] == ["ana", None, "ana"]
    first = found.commits[0]
    assert (first.author, first.message) == ("Ana Álvarez", "Change 2\n\nWhy.")
    assert (first.parents, first.committed_at) == ((samples.sha(1),), NOON)
    [request] = at.requests
    assert request.path == f"/repos/acme/shop/compare/{BASE}...{HEAD}?per_page=100&page=1"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["accept"] == "application/vnd.github+json"


def test_the_same_commit_twice_is_identical(peer: Start, client: Client) -> None:
    at = peer(giving(answer(200, samples.comparison(status="identical"))))
    found = client(at.url).compare("acme/shop", BASE, BASE)
    assert (found.status, found.commits, found.is_complete) == ("identical", (), True)


@pytest.mark.parametrize(
    ("total", "most", "calls", "known"),
    [(100, 1000, 1, 100), (101, 1000, 2, 101), (10_000, 1000, 10, 1000), (300, 150, 2, 150)],
)
def test_a_long_comparison_is_read_page_by_page(
    peer: Start, client: Client, total: int, most: int, calls: int, known: int
) -> None:
    at = peer(history(total))

    found = client(at.url).compare("acme/shop", BASE, HEAD, most=most)

    assert [commit.sha for commit in found.commits] == [samples.sha(n + 1) for n in range(known)]
    assert (found.ahead_by, found.is_complete) == (total, known == total)
    assert len(at.requests) == calls


def test_pages_that_repeat_themselves_end_a_comparison_as_not_complete(
    peer: Start, client: Client
) -> None:
    at = peer(giving(answer(200, samples.comparison(samples.commit(2), ahead_by=700))))
    found = client(at.url).compare("acme/shop", BASE, HEAD)
    assert (len(found.commits), found.is_complete, len(at.requests)) == (1, False, 2)


LONG = "+" * 40_000
FILES = [{"filename": f"{n}.py", "patch": LONG} for n in range(100)]


@pytest.mark.parametrize(
    ("body", "ask"),
    [
        (samples.comparison(files=FILES), lambda github: github.compare("acme/shop", BASE, HEAD)),
        (
            [samples.pull(n, body=LONG) for n in range(1, 101)],
            lambda github: github.recent_pulls("acme/shop"),
        ),
        (
            samples.runs(
                *(samples.check_run(n, str(n), output={"text": LONG}) for n in range(1, 101))
            ),
            lambda github: github.check_runs("acme/shop", HEAD),
        ),
    ],
)
def test_what_nobody_asked_for_is_dropped_while_it_is_read(
    peer: Start, client: Client, body: object, ask: Callable[[GitHub], object]
) -> None:
    content = answer(200, body)
    asking = client(peer(giving(content)).url)
    tracemalloc.start()
    try:
        ask(asking)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # As bytes, and as text; what is read of it would be as much again.
    assert peak < 2.6 * len(content)


def test_what_a_commit_says_can_rule_no_terminal_and_fits_a_database(
    peer: Start, client: Client
) -> None:
    message = "\x1b[31mred\x00\r\n\tand\ud800\x9b2J\u202eback\r" + "x" * 9000
    name = "Eve\x1b]0;title\x07\n\u202e" + "y" * 300
    person = {"name": name, "email": "e@x.test", "date": "+52000-01-01"}
    wild = samples.commit(2, commit={"message": message, "author": person, "committer": person})
    at = peer(giving(answer(200, samples.comparison(wild))))

    [commit] = client(at.url).compare("acme/shop", BASE, HEAD).commits

    assert commit.message.startswith("[31mred\n\tand2Jbackx")
    assert (len(commit.message), commit.message[-1]) == (8000, "…")
    assert commit.author.startswith("Eve ]0;title y")
    assert (len(commit.author), commit.author[-1]) == (200, "…")
    assert commit.committed_at is None


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ([], "it is not an object"),
        ({"status": "sideways"}, "status is none that we know"),
        (samples.comparison(ahead_by="3"), "ahead_by is not a number"),
        (samples.comparison(ahead_by=True), "ahead_by is not a number"),
        (samples.comparison(samples.commit(2, sha="../etc")), "sha is not a SHA"),
        (samples.comparison(samples.commit(2, sha="abc1234")), "sha is not a SHA"),
        (samples.comparison(samples.commit(2, sha=None)), "sha is missing"),
        (samples.comparison(samples.commit(2, parents=["x"])), r"parents\[\] is not an object"),
        (samples.comparison(samples.commit(2, commit="x")), "commit is not an object"),
        (samples.comparison(commits={}), "commits is not a list"),
    ],
)
def test_a_comparison_that_lacks_something_is_no_answer(
    peer: Start, client: Client, body: object, wrong: str
) -> None:
    at = peer(giving(answer(200, body)))
    with pytest.raises(BadAnswer, match=f"a comparison that cannot be used: .*{wrong}"):
        client(at.url).compare("acme/shop", BASE, HEAD)


def test_lists_the_pull_requests_closed_last_in_one_call(peer: Start, client: Client) -> None:
    shown = [samples.pull(12), samples.pull(11, user=None, merged_at=None, merge_commit_sha=None)]
    at = peer(giving(answer(200, shown)))

    merged, closed = client(at.url).recent_pulls("acme/shop")

    assert (merged.number, merged.title, merged.author) == (12, "Pull 12", "ben")
    assert (merged.merge_commit_sha, merged.merged_at) == (samples.sha(12), NOON)
    assert merged.url == "https://github.com/acme/shop/pull/12"
    assert (closed.author, closed.merge_commit_sha, closed.merged_at) == (None, None, None)
    wanted = "/repos/acme/shop/pulls?state=closed&sort=updated&direction=desc&per_page=100"
    assert [request.path for request in at.requests] == [wanted]


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "https://a.test/\u202e",
        "https://a.test/ b",
        "https://\u0430.test",
        "https://" + "x" * 2048,
        1,
    ],
)
def test_a_link_that_is_none_of_the_web_is_not_shown(
    peer: Start, client: Client, link: object
) -> None:
    at = peer(giving(answer(200, [samples.pull(1, html_url=link)])))
    assert client(at.url).recent_pulls("acme/shop")[0].url is None


def test_of_check_runs_the_latest_of_each_name_in_each_suite_counts(
    peer: Start, client: Client
) -> None:
    shown = samples.runs(
        samples.check_run(9_000_000_003, conclusion="success"),
        samples.check_run(9_000_000_001, conclusion="failure"),
        samples.check_run(9_000_000_002, app={"slug": "circleci"}, conclusion="neutral"),
        samples.check_run(9_000_000_000, check_suite={"id": 8}, conclusion="failure"),
        samples.check_run(9_000_000_005, "of none", check_suite=None, conclusion="skipped"),
        samples.check_run(
            9_000_000_004, "lint", status="in_progress", conclusion=None, completed_at=None
        ),
    )
    at = peer(giving(answer(200, shown)))

    runs = client(at.url).check_runs("acme/shop", HEAD)

    assert sorted((run.name, run.app, run.suite, run.conclusion) for run in runs) == [
        ("lint", "github-actions", 7, None),
        ("of none", "github-actions", None, "skipped"),
        ("test", "circleci", 7, "neutral"),
        ("test", "github-actions", 7, "success"),
        ("test", "github-actions", 8, "failure"),
    ]
    assert asked(at) == [f"/repos/acme/shop/commits/{HEAD}/check-runs"]


def test_of_check_runs_whose_names_were_cut_each_counts(peer: Start, client: Client) -> None:
    names = [f"{'build ' * 40}{end}" for end in ("a", "b")]
    shown = samples.runs(
        samples.check_run(1, names[0], conclusion="failure"),
        samples.check_run(2, names[1], conclusion="success"),
    )
    at = peer(giving(answer(200, shown)))

    runs = client(at.url).check_runs("acme/shop", HEAD)

    assert sorted(str(run.conclusion) for run in runs) == ["failure", "success"]


def test_check_runs_are_read_to_the_last_page(peer: Start, client: Client) -> None:
    first = samples.runs(*(samples.check_run(n, f"c{n}") for n in range(1, 101)), total=101)
    at = peer(giving(answer(200, first), answer(200, samples.runs(samples.check_run(101, "z")))))
    assert len(client(at.url).check_runs("acme/shop", HEAD)) == 101


def test_reads_the_check_suites_of_a_commit_also_those_without_a_run(
    peer: Start, client: Client
) -> None:
    shown = samples.suites(
        samples.suite(9_000_000_001, status="in_progress", conclusion=None),
        samples.suite(2, app=None, latest_check_runs_count=0, status=None, created_at=None),
    )
    at = peer(giving(answer(200, shown)))

    first, second = client(at.url).check_suites("acme/shop", HEAD)

    assert (first.id, first.app, first.app_name) == (
        9_000_000_001,
        "github-actions",
        "GitHub Actions",
    )
    assert (first.status, first.conclusion, first.runs) == ("in_progress", None, 2)
    assert first.created_at is not None
    assert (second.app, second.app_name, second.runs, second.status) == (None, "", 0, "")
    assert asked(at) == [f"/repos/acme/shop/commits/{HEAD}/check-suites"]


@pytest.mark.parametrize(
    ("page", "wrong"),
    [
        (samples.runs(total=3), "ends before its end"),
        (samples.runs(samples.check_run(1), total=5000), "more than 1000 check_runs"),
        ({"total_count": 0}, "check_runs is missing"),
        (samples.runs(samples.check_run(1, "")), "name is not a name"),
        (samples.runs(samples.check_run(1, status=None)), "status is missing"),
    ],
)
def test_check_runs_that_cannot_all_be_known_are_no_answer(
    peer: Start, client: Client, page: Any, wrong: str
) -> None:
    with pytest.raises(BadAnswer, match=wrong):
        client(peer(giving(answer(200, page))).url).check_runs("acme/shop", HEAD)


def test_reads_the_statuses_of_a_commit(peer: Start, client: Client) -> None:
    shown = samples.combined(
        samples.status(), samples.status("autopromote/shop", creator={"login": "robot"})
    )
    at = peer(giving(answer(200, shown)))

    built, ours = client(at.url).statuses("acme/shop", HEAD)

    assert (built.context, built.state, built.description) == ("ci/build", "success", "Built.")
    assert (built.target_url, built.creator) == ("https://ci.test/build/1", None)
    assert (ours.context, ours.creator) == ("autopromote/shop", "robot")
    assert asked(at) == [f"/repos/acme/shop/commits/{HEAD}/status"]


@pytest.mark.parametrize(
    ("payload", "kept"),
    [
        ({"nonce": "n1", "deep": {"x": 1}, "long": "x" * 300}, {"nonce": "n1"}),
        ('{"nonce": "n1"}', {"nonce": "n1"}),
        ("", {}),
        ("no json", {}),
        ([1], {}),
        (None, {}),
    ],
)
def test_lists_deployments_with_the_texts_of_their_payloads(
    peer: Start, client: Client, payload: object, kept: dict[str, str]
) -> None:
    at = peer(giving(answer(200, [samples.deployment(payload=payload)])))

    [found] = client(at.url).deployments("acme/shop", environment="pro duction&x", sha=HEAD)

    assert (found.id, found.environment, found.creator) == (42, "production", "autopromote[bot]")
    assert found.payload == kept
    [request] = at.requests
    assert request.path.endswith(f"environment=pro+duction%26x&sha={HEAD}&per_page=100")


def test_lists_the_statuses_of_a_deployment(peer: Start, client: Client) -> None:
    at = peer(giving(answer(200, [samples.deployment_status(8, state="queued")])))
    [found] = client(at.url).deployment_statuses("acme/shop", 42)
    assert (found.id, found.state) == (8, "queued")
    assert asked(at) == ["/repos/acme/shop/deployments/42/statuses"]


def test_reads_a_repository(peer: Start, client: Client) -> None:
    at = peer(giving(answer(200, samples.repository(full_name="Acme/shop"))))
    found = client(at.url).repository("acme/shop")
    assert (found.full_name, found.default_branch) == ("Acme/shop", "main")
    assert (found.is_private, found.is_archived) == (True, False)


@pytest.mark.parametrize(
    ("scopes", "lacks"),
    [(None, ()), ("repo, user", ()), ("", ("repo",)), ("public_repo, user", ("repo",))],
)
def test_tells_who_we_are_and_what_a_classic_token_lacks(
    peer: Start, client: Client, scopes: str | None, lacks: tuple[str, ...]
) -> None:
    told = {} if scopes is None else {"x_oauth_scopes": scopes}
    found = client(peer(giving(answer(200, {"login": "robot"}, **told))).url).viewer()
    assert (found.login, found.lacks) == ("robot", lacks)


def test_tells_what_an_app_lacks() -> None:
    may = {"checks": "read", "contents": "write", "deployments": "read", "statuses": "write"}
    found = Identity.from_app({"slug": "autopromote", "permissions": may})
    assert found.login == "autopromote[bot]"
    assert found.lacks == ("deployments: write", "pull_requests: read")


@pytest.mark.parametrize(
    "repo",
    [
        *["", "shop", "acme/", "/shop", "acme/shop/x", "acme/..", "acme/.", "../acme", "acme/a b"],
        *["acme/shop?x", "acme/shop#x", "acme/sh%2fop", "acme/shop\n", "-acme/shop", "acme/ü"],
    ],
)
def test_what_can_be_no_repository_is_not_asked_for(peer: Start, client: Client, repo: str) -> None:
    at = peer(giving(answer(200, {})))
    with pytest.raises(Refused, match="not the name of a repository"):
        client(at.url).repository(repo)
    assert at.connections == 0


@pytest.mark.parametrize("sha", ["", "abc123", "main", "ABCDEF1", "1" * 65, "1234567\n", "../1234"])
def test_what_can_be_no_commit_is_not_asked_for(peer: Start, client: Client, sha: str) -> None:
    at = peer(giving(answer(200, {})))
    with pytest.raises(Refused, match="not the SHA of a commit"):
        client(at.url).compare("acme/shop", BASE, sha)
    with pytest.raises(Refused, match="not the SHA of a commit"):
        client(at.url).check_runs("acme/shop", sha)
    assert at.connections == 0


def test_what_changed_only_later_costs_nothing_to_ask_for(peer: Start, client: Client) -> None:
    first = answer(200, samples.runs(samples.check_run(1)), etag='W/"abc"')
    later = answer(200, samples.runs(samples.check_run(2)), etag='W/"def"')
    at = peer(giving(first, answer(304), later))
    asking = client(at.url)

    ids = [[run.id for run in asking.check_runs("acme/shop", HEAD)] for _ in range(3)]

    assert ids == [[1], [1], [2]]
    sent = [request.headers.get("if-none-match") for request in at.requests]
    assert sent == [None, 'W/"abc"', 'W/"abc"']


def test_a_304_that_nobody_asked_for_is_no_answer(peer: Start, client: Client) -> None:
    with pytest.raises(Refused, match="304"):
        client(peer(giving(answer(304))).url).repository("acme/shop")


@pytest.mark.parametrize("etag", ["", "x" * 201, "t\xe4g"])
def test_an_etag_that_cannot_be_sent_is_not_kept(peer: Start, client: Client, etag: str) -> None:
    at = peer(giving(answer(200, samples.repository(), etag=etag)))
    asking = client(at.url)
    for _ in range(2):
        asking.repository("acme/shop")
    assert [request.headers.get("if-none-match") for request in at.requests] == [None, None]


def test_an_answer_that_is_no_json_is_to_be_asked_for_again(peer: Start, client: Client) -> None:
    with pytest.raises(
        Doubtful, match="GitHub answered 200, but its answer cannot be used: it is not"
    ):
        client(peer(giving(answer(200, b"<html>"))).url).repository("acme/shop")
