"""What ships with a promotion is read by work of its own, from the repository of the app."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import delete, func, select, text

from listener.core.commits import Relation
from listener.core.promotion import Status
from listener.core.rule import OnNewer, Strategy
from listener.db import shipments
from listener.db.commit_tables import comparison, shipment
from listener.outbound import http
from listener.worker import read_shipment
from listener.worker.queues import READING
from tests.worker import wire
from tests.worker.emulated import BO, EU, PROD, STAGING
from tests.worker.shipping import (
    LOGIN,
    SHOP,
    at_github,
    calls_of,
    connect,
    push,
    read,
    shipped,
)
from tests.worker.stage import LEASE, Stage
from tests.worker.wire import Killed, Wire

MORE = tuple(f"acme-prod-{number}" for number in range(3))


def ship(stage: Stage, *messages: str, look: bool = True) -> int:
    """A deploy of new commits on the main branch."""
    version = stage.deploy(commit=push(stage, *messages or ("Go on",))[-1])
    if look:
        stage.look()
    return version


def subjects(stage: Stage, version: int, target: str = PROD) -> list[str]:
    """The subjects of the commits that ship."""
    found = shipped(stage, version, target)
    assert found.comparison is not None, found.untold
    return [each.subject for each in found.comparison.coming]


def is_due(stage: Stage, version: int, target: str = PROD) -> bool:
    """Whether what ships is to be read, now or later."""
    row = stage.promotion(version, target)
    with stage.database.begin() as conn:
        query = select(shipment.c.due_at).where(shipment.c.promotion_id == row.id)
        return conn.execute(query).scalar_one() is not None


def untold(stage: Stage, version: int) -> str:
    """Why nothing is told."""
    found = shipped(stage, version)
    assert found.comparison is None
    return found.untold or ""


# From Heroku.


def test_the_commits_between_what_ran_and_what_goes(stage: Stage) -> None:
    connect(stage)
    shas = push(stage, "Fix the login (#7)", "Add a page")
    version = stage.deploy(commit=shas[-1])
    stage.look()
    read(stage)

    found = shipped(stage, version)

    assert found.comparison is not None
    assert found.comparison.relation is Relation.AHEAD
    assert [each.sha for each in found.comparison.coming] == shas
    assert subjects(stage, version) == ["Fix the login (#7)", "Add a page"]
    assert found.comparison.coming[0].pull == 7
    assert (found.repository, found.head, found.told_by) == (SHOP, shas[-1], "heroku")
    assert not found.goes_back


def test_five_targets_share_one_comparison(bare: Stage) -> None:
    targets = (PROD, EU, *MORE)
    for name in MORE:
        bare.make_app(name)
    bare.add_rule(targets=targets)
    connect(bare)
    bare.wire.take_calls()

    version = ship(bare)
    bare.wire.take_calls()
    read(bare)

    assert all(subjects(bare, version, name) == ["Go on"] for name in targets)
    assert [call.split("/")[-1] for call in calls_of(bare)] == ["compare", "compare"]


def test_an_app_without_a_repository_is_asked_about_once_a_day(stage: Stage) -> None:
    versions = []
    for letter in "ab":
        versions.append(stage.deploy(commit=letter * 40))
        stage.look()
        read(stage)

    for version in versions:
        assert untold(stage, version).startswith(
            f"Heroku does not tell the repository of {STAGING}: "
        )
    assert calls_of(stage, "/repo") == [f"GET /apps/{stage.app(STAGING).id}/repo"]

    stage.shift(timedelta(hours=25))
    stage.deploy(commit="c" * 40)
    stage.look()
    read(stage)
    assert calls_of(stage, "/repo") == [f"GET /apps/{stage.app(STAGING).id}/repo"]


@pytest.mark.parametrize("switch", ["forbidden", "missing"])
def test_where_heroku_compares_nothing_it_is_not_asked_again_for_a_day(
    stage: Stage, switch: str
) -> None:
    connect(stage)
    stage.control("repositories-api", {"is": switch}, "PUT")
    try:
        first, second = ship(stage), ship(stage)
        stage.wire.take_calls()
        read(stage)
        asked = calls_of(stage, "/compare")
        third = ship(stage)
        read(stage)
    finally:
        stage.control("repositories-api", {"is": "open"}, "PUT")

    for version in (first, second, third):
        assert untold(stage, version).startswith("Heroku compares no commits of its pipeline: ")
    assert len(asked) == 1
    assert calls_of(stage, "/compare") == []


def test_a_commit_that_heroku_does_not_know_silences_no_other(stage: Stage) -> None:
    connect(stage)
    lost = stage.deploy(commit="f" * 40)
    stage.look()
    read(stage)
    stage.wire.take_calls()
    version = ship(stage)
    stage.put_hold()
    stage.work()
    read(stage)

    assert untold(stage, lost).startswith("Heroku does not compare ")
    assert len(calls_of(stage, "/compare")) == 1  # from the unknown one: refused as well
    again = ship(stage)
    stage.release_hold()
    stage.work()
    read(stage)
    assert untold(stage, version).startswith("Heroku does not compare ")
    assert subjects(stage, again) == ["Go on"]


def test_no_calls_are_spent_that_others_need(stage: Stage) -> None:
    connect(stage)
    version = ship(stage)
    stage.control("rate-limits", {"email": "robot@example.com", "remaining": 900})
    stage.look(PROD)
    stage.wire.take_calls()
    read(stage)

    assert "are kept for what must go on" in untold(stage, version)
    assert calls_of(stage) == []
    assert is_due(stage, version)


def test_an_error_is_not_remembered_as_a_no(stage: Stage) -> None:
    connect(stage)
    stage.shift(timedelta(hours=25))
    version = ship(stage)
    stage.wire.put(_answering(429), method="GET", path="/apps/[^/]+/repo")
    read(stage)
    assert shipped(stage, version).untold is not None  # for a minute, and people are asked

    stage.shift(timedelta(seconds=61))
    read(stage)

    assert subjects(stage, version) == ["Go on"]
    assert shipped(stage, version).untold is None


def test_people_are_asked_after_half_a_minute(stage: Stage) -> None:
    connect(stage)
    version = ship(stage)
    stage.wire.put(wire.refused, method="GET", path=".*/compare", times=9)
    told = []
    for seconds in (3, 6, 11, 21):
        stage.shift(stage.seconds(seconds))
        stage.step(READING)
        told.append(shipped(stage, version).untold)

    assert told[:3] == [None, None, None]
    assert told[3] is not None
    assert "Heroku was not reached" in told[3]


def _answering(status: int) -> wire.Around:
    def around(_: httpx.Request, send: wire.Send) -> httpx.Response:
        return httpx.Response(status, json={"id": "rate_limit", "message": "Slow down."})

    return around


@pytest.mark.parametrize("path", ["compare", "repo"])
def test_what_heroku_shows_in_another_form_is_not_asked_for_again_by_each_promotion(
    stage: Stage, path: str
) -> None:
    """The API is documented nowhere."""
    if path == "compare":
        connect(stage)
    else:
        stage.deploy(commit=push(stage, "Begin")[-1])
        stage.look()

    def odd(_: httpx.Request, send: wire.Send) -> httpx.Response:
        return httpx.Response(200, json={"was": "changed"})

    stage.wire.put(odd, method="GET", path=f".*/{path}", times=100)
    version = ship(stage)
    read(stage)
    said = untold(stage, version)
    asked = calls_of(stage, f"/{path}")
    for _ in range(5):
        stage.shift(timedelta(minutes=10))
        read(stage)

    assert "is missing" in said
    assert len(asked) <= 2
    assert calls_of(stage, f"/{path}") == []


def test_a_commit_of_no_time_that_there_is_ships_as_any_other(stage: Stage) -> None:
    connect(stage)

    def late(_: httpx.Request, send: wire.Send) -> httpx.Response:
        answer = send()
        body = re.sub(rb'"date":"[^"]*"', b'"date":"99999-01-01T00:00:00Z"', answer.read())
        return httpx.Response(answer.status_code, content=body)

    stage.wire.put(late, method="GET", path=".*/compare", times=2)
    version = ship(stage)
    read(stage)

    assert subjects(stage, version) == ["Go on"]


# From GitHub.


@pytest.fixture
def hub(stage: Stage) -> Wire:
    """Commits are told by GitHub."""
    connect(stage)
    return at_github(stage)


def test_github_tells_pull_requests(stage: Stage, hub: Wire) -> None:
    shas = push(stage, "Add a page", "Merge pull request #1 from bo/page")
    stage.control(
        f"github/repos/{SHOP}/pulls",
        {"title": "A page", "author": "bo", "merge_commit": shas[-1], "commits": [shas[0]]},
    )
    version = stage.deploy(commit=shas[-1])
    stage.look()
    stage.wire.take_calls()
    hub.take_calls()
    read(stage)

    found = shipped(stage, version)
    assert found.told_by == "github"
    assert found.comparison is not None
    [pull] = found.comparison.pulls
    assert (pull.title, pull.author) == ("A page", "bo")
    assert pull.url.startswith("http://localhost/acme/shop/pull")
    assert (found.comparison.url or "").startswith("http://localhost/acme/shop/compare/")
    assert [call.split("/")[-1].split("...")[0][:7] for call in hub.take_calls()] == [
        (found.base or "")[:7],
        "pulls",
    ]
    assert calls_of(stage) == []  # Heroku is asked nothing


def test_five_targets_cost_github_one_comparison(bare: Stage) -> None:
    targets = (PROD, EU, *MORE)
    for name in MORE:
        bare.make_app(name)
    bare.add_rule(targets=targets)
    connect(bare)
    hub = at_github(bare)
    version = ship(bare)
    bare.wire.take_calls()
    read(bare)

    assert all(subjects(bare, version, name) == ["Go on"] for name in targets)
    assert len(hub.take_calls()) == 2  # the comparison, and the last pull requests
    assert calls_of(bare) == []


def test_a_rule_names_the_repository(stage: Stage) -> None:
    first = push(stage, "Begin")[-1]
    hub = at_github(stage)
    stage.change_rule(conditions={"repo": SHOP})
    stage.deploy(commit=first)
    stage.look()
    stage.wire.take_calls()
    version = ship(stage)
    read(stage)

    assert subjects(stage, version) == ["Go on"]
    assert hub.take_calls()
    assert calls_of(stage, "/repo") == []


def test_what_another_rule_names_tells_nothing(bare: Stage) -> None:
    bare.add_rule()
    bare.add_rule("sandbox", targets=(EU,), conditions={"repo": "mallory/fork"})
    connect(bare)
    at_github(bare)
    version = ship(bare)
    read(bare)

    assert subjects(bare, version) == ["Go on"]
    assert shipped(bare, version).repository == SHOP
    assert "GitHub answered 404" in (shipped(bare, version, EU).untold or "")


def test_where_nobody_names_the_repository_it_is_said_who_can(stage: Stage) -> None:
    hub = at_github(stage)
    version = stage.deploy(commit="a" * 40)
    stage.look()
    read(stage)

    assert untold(stage, version).endswith(" Name it by `--repo` on the rule.")
    assert hub.take_calls() == []


def test_without_credentials_of_github_the_name_in_a_rule_asks_nobody(stage: Stage) -> None:
    stage.change_rule(conditions={"repo": SHOP})
    version = ship(stage)
    read(stage)

    assert untold(stage, version).startswith("Heroku does not tell the repository of")


def test_links_of_another_host_are_not_kept(stage: Stage, hub: Wire) -> None:
    def elsewhere(_: httpx.Request, send: wire.Send) -> httpx.Response:
        answer = send()
        body = answer.read().replace(b'"html_url":"http://localhost/', b'"html_url":"http://evil/')
        return httpx.Response(answer.status_code, content=body)

    hub.put(elsewhere, method="GET", path=".*/compare/.*")
    version = ship(stage)
    read(stage)

    found = shipped(stage, version).comparison
    assert found is not None
    assert found.url is None


def test_what_github_refuses_is_asked_again_while_the_promotion_waits(
    stage: Stage, hub: Wire
) -> None:
    stage.put_hold()
    versions = [stage.deploy(commit="f" * 40)]
    stage.look()
    stage.control("faults", {"kind": "status", "host": "github", "status": 404, "times": 1})
    read(stage)
    assert "GitHub answered 404" in untold(stage, versions[0])
    assert len(hub.take_calls()) == 1
    read(stage)
    assert hub.take_calls() == []

    stage.shift(timedelta(minutes=11))
    read(stage)
    assert len(hub.take_calls()) == 1


def test_what_github_refuses_is_asked_once_for_all_targets(bare: Stage) -> None:
    bare.add_rule(targets=(PROD, EU))
    connect(bare)
    hub = at_github(bare)
    version = bare.deploy(commit="f" * 40)
    bare.look()
    read(bare)

    assert len(hub.take_calls()) == 1
    for name in (PROD, EU):
        assert "GitHub answered 404" in (shipped(bare, version, name).untold or "")


def test_a_limit_of_github_is_waited_for(stage: Stage, hub: Wire) -> None:
    limits = {"login": LOGIN, "remaining": 0, "seconds": 600}
    stage.control("github/rate-limits", limits)
    version = ship(stage)
    read(stage)
    stage.control("github/rate-limits", {**limits, "remaining": 5000})
    assert "GitHub takes no more requests for" in untold(stage, version)
    hub.take_calls()

    stage.shift(timedelta(seconds=300))
    read(stage)
    assert hub.take_calls() == []


def test_without_gates_on_commits_a_silent_github_costs_a_promotion_nothing(
    stage: Stage, hub: Wire
) -> None:
    lives, calls, version = [], [], 0
    for troubles in (0, 99):
        hub.put(wire.lost, method="GET", times=troubles)
        stage.wire.take_calls()
        version = ship(stage)
        lives.append(stage.life(version))
        calls.append([re.sub(r"/slugs/.*", "/slugs/…", call) for call in calls_of(stage)])
        read(stage)
    for _ in range(8):  # for an hour
        stage.shift(timedelta(minutes=8))
        read(stage)
        stage.work()

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert "GitHub did not answer" in untold(stage, version)
    assert lives[0] == lives[1]
    assert calls[0] == calls[1]


# What a target ran, and what goes.


def test_what_waits_is_read_anew_when_the_target_moved(stage: Stage) -> None:
    connect(stage)
    stage.change_rule(on_newer=OnNewer.KEEP, conditions={"approvals": 1})
    first, second = ship(stage, "One"), ship(stage, "Two")
    read(stage)
    assert subjects(stage, second) == ["One", "Two"]

    stage.approve(first, BO)
    stage.work()
    assert stage.promotion(first).status is Status.SUCCEEDED
    read(stage)

    assert subjects(stage, first) == ["One"]
    assert stage.promotion(second).status is Status.WAITING
    assert subjects(stage, second) == ["Two"]


def test_what_is_listed_and_not_current_is_not_what_the_target_runs(stage: Stage) -> None:
    """What we released and Heroku then took back counts no more, once Heroku lists it."""
    connect(stage)
    stage.change_rule(conditions={"approvals": 1})
    row, current = stage.promotion(ship(stage, "Go on")), stage.current()
    released = {"app": stage.app(PROD).id, "version": current}
    with stage.database.begin() as conn:
        runs = shipments.base_artifact(conn, row)
        conn.execute(
            text(
                "UPDATE release SET is_current = version = :version - 1 WHERE app_id = :app"
                " AND version >= :version - 1"
            ),
            released,
        )
        before = text("SELECT artifact FROM release WHERE app_id = :app AND version = :version - 1")
        taken_back_to = conn.execute(before, released).scalar_one()
        assert taken_back_to not in (None, runs)
        assert shipments.base_artifact(conn, row) == taken_back_to
        conn.execute(
            text("DELETE FROM release WHERE app_id = :app AND version = :version"), released
        )
        assert shipments.base_artifact(conn, row) == runs, "it is not listed yet"


def test_what_is_being_read_is_read_anew_when_the_target_moves(stage: Stage) -> None:
    connect(stage)
    stage.change_rule(conditions={"approvals": 1})
    [fix] = push(stage, "Hotfix")
    version = ship(stage, "Go on")

    def moving(_: httpx.Request, send: wire.Send) -> httpx.Response:
        answer = send()
        stage.deploy(PROD, commit=fix, user=BO, description="Hotfix")
        stage.look(PROD)
        return answer

    stage.wire.put(moving, method="GET", path=".*/compare")
    stage.shift(stage.seconds(3))
    assert stage.step(READING)
    read(stage)

    assert shipped(stage, version).base == fix
    assert subjects(stage, version) == ["Go on"]


def test_a_new_base_never_stands_beside_what_was_compared_with_an_old_one(stage: Stage) -> None:
    connect(stage)
    stage.change_rule(conditions={"approvals": 1})
    [fix] = push(stage, "Hotfix")
    version = ship(stage, "Go on")
    read(stage)
    assert subjects(stage, version) == ["Hotfix", "Go on"]
    stage.wire.put(wire.refused, method="GET", path=".*/compare", times=99)

    stage.deploy(PROD, commit=fix, user=BO, description="Hotfix")
    stage.look(PROD)
    assert not shipped(stage, version).is_read
    stage.shift(stage.seconds(3))
    assert stage.step(READING)

    found = shipped(stage, version)
    assert (found.base, found.comparison, found.untold) == (fix, None, None)


def test_people_are_asked_about_what_a_silent_github_does_not_tell(stage: Stage, hub: Wire) -> None:
    stage.change_rule(on_newer=OnNewer.KEEP, conditions={"commit_authors": ["Bo"]})
    hub.put(_limiting, method="GET", times=99)
    first, second = ship(stage, "One"), ship(stage, "Two")
    read(stage)
    stage.work()
    stage.approve(first, BO)
    stage.work()
    assert stage.promotion(first).status is Status.SUCCEEDED

    for _ in range(3):
        read(stage)
        stage.work()

    assert stage.promotion(second).status is Status.WAITING
    assert "GitHub takes no more requests" in stage.promotion(second).reason
    assert shipped(stage, second).base == shipped(stage, first).head


def _limiting(_: httpx.Request, send: wire.Send) -> httpx.Response:
    return httpx.Response(429, json={}, headers={"Retry-After": "3000"})


def test_a_hotfix_before_the_post_counts(stage: Stage) -> None:
    connect(stage)
    stage.change_rule(conditions={"approvals": 1})
    [fix] = push(stage, "Hotfix")
    version = ship(stage, "Go on")
    read(stage)
    assert subjects(stage, version) == ["Hotfix", "Go on"]

    stage.deploy(PROD, commit=fix, user=BO, description="Hotfix")
    stage.look(PROD)
    stage.release_hold()
    stage.work()
    stage.approve(version, BO)
    stage.work()
    read(stage)

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert subjects(stage, version) == ["Go on"]


def test_a_retry_reads_it_anew(stage: Stage) -> None:
    connect(stage)
    stage.wire.put(_refusing, path=".*/releases")
    version = ship(stage, "One")
    assert stage.promotion(version).status is Status.FAILED
    read(stage)
    assert subjects(stage, version) == ["One"]
    [fix] = push(stage, "Hotfix")
    stage.deploy(PROD, commit=fix, user=BO, description="Hotfix")
    stage.look(PROD)

    stage.desk.retry(str(stage.promotion(version).id), by=BO)
    read(stage)

    assert shipped(stage, version).base == fix
    assert shipped(stage, version).goes_back


def test_a_retry_of_what_older_code_made_has_it_read(stage: Stage) -> None:
    connect(stage)
    stage.wire.put(_refusing, path=".*/releases")
    version = ship(stage, "One")
    row = stage.promotion(version)
    assert row.status is Status.FAILED
    with stage.database.begin() as conn:
        conn.execute(delete(shipment).where(shipment.c.promotion_id == row.id))

    stage.desk.retry(str(row.id), by=BO)
    read(stage)

    assert subjects(stage, version) == ["One"]


def _refusing(_: httpx.Request, send: wire.Send) -> httpx.Response:
    return httpx.Response(422, json={"id": "invalid_params", "message": "No."})


def test_what_gave_way_is_counted_from_what_ran_when_it_was_made(stage: Stage) -> None:
    first = connect(stage)
    older, newer = ship(stage, "One", look=False), ship(stage, "Two")
    read(stage)

    assert stage.promotion(older).status is Status.SUPERSEDED
    assert shipped(stage, older).base == first
    assert subjects(stage, older) == ["One"]
    assert subjects(stage, newer) == ["One", "Two"]


def test_a_rollback_takes_commits_back(stage: Stage) -> None:
    connect(stage)
    ship(stage, "One", "Two")
    stage.ask_rollback()
    stage.work()
    read(stage)

    row = stage.promotions()[-1]
    with stage.database.begin() as conn:
        found = shipments.of(conn, row.id)
    assert found is not None
    assert found.comparison is not None
    assert found.comparison.relation is Relation.BEHIND
    assert [each.subject for each in found.comparison.leaving] == ["One", "Two"]
    assert found.goes_back


def test_a_promotion_by_hand_tells_it_too(bare: Stage) -> None:
    connect_by_hand(bare)
    version = ship(bare, "One")
    bare.promote(version)
    bare.work()
    read(bare)

    assert subjects(bare, version) == ["One"]


def connect_by_hand(stage: Stage) -> None:
    """As `connect`, where no rule promotes."""
    stage.add_rule()
    connect(stage)
    stage.change_rule(mode="off")


def test_in_a_chain_the_repository_is_that_of_an_app_before(bare: Stage) -> None:
    bare.add_rule()
    bare.add_rule("on", source=PROD, targets=(EU,))
    bare.control("repositories", {"full_name": SHOP, "commits": [{"message": "Begin"}]})
    bare.control(f"apps/{STAGING}/repo", {"full_name": SHOP}, "PUT")
    hub = at_github(bare)
    ship(bare, "One")
    version = ship(bare, "Two")
    bare.wire.take_calls()
    read(bare)
    [on] = [r for r in bare.promotions() if r.target_id == bare.app(EU).id][-1:]

    with bare.database.begin() as conn:
        found = shipments.of(conn, on.id)
    assert subjects(bare, version) == ["Two"]
    assert found is not None
    assert found.comparison is not None
    assert [each.subject for each in found.comparison.coming] == ["Two"]
    asked = [f"GET /apps/{bare.app(name).id}/repo" for name in (STAGING, PROD)]
    assert sorted(calls_of(bare, "/repo")) == sorted(asked)
    compared = [call for call in hub.take_calls() if "compare" in call]
    assert len(set(compared)) == len(compared)  # each pair once, for whatever hop


def test_in_a_chain_no_app_is_named_that_is_not_the_promotions_own(bare: Stage) -> None:
    """A team that promotes its own apps may not see the app that feeds them."""
    bare.add_rule()
    bare.add_rule("on", source=PROD, targets=(EU,))
    bare.deploy(commit="a" * 40)
    bare.look()
    read(bare)
    bare.deploy(commit="b" * 40)
    bare.look()
    read(bare)

    [on] = [r for r in bare.promotions() if r.target_id == bare.app(EU).id][-1:]
    with bare.database.begin() as conn:
        found = shipments.of(conn, on.id)
    assert found is not None
    assert (found.untold or "").startswith(f"Heroku does not tell the repository of {PROD}: ")


def test_the_commit_of_what_ran_costs_one_call_where_nobody_told_it(stage: Stage) -> None:
    first = connect(stage)
    [fix] = push(stage, "Hotfix")
    stage.deploy(PROD, commit=fix, user=BO, description="Hotfix")
    stage.look(PROD)
    version = stage.deploy(commit=first)
    stage.look()
    stage.wire.take_calls()
    read(stage)

    slug = stage.slug_of(PROD, stage.current())
    assert calls_of(stage, "/slugs/") == [f"GET /apps/{stage.app(PROD).id}/slugs/{slug}"]
    assert shipped(stage, version).base == fix
    assert shipped(stage, version).goes_back

    later = ship(stage)
    stage.wire.take_calls()
    read(stage)
    assert shipped(stage, later).base == fix
    assert calls_of(stage, "/slugs/") == []


@pytest.mark.parametrize("commit", ["null", "main", "f" * 6])
def test_a_slug_without_a_commit_is_not_told(stage: Stage, commit: str) -> None:
    connect(stage)
    version = stage.deploy(commit=commit)
    stage.look()
    read(stage)

    assert untold(stage, version) == "Heroku names no commit of what goes."
    later = ship(stage)
    read(stage)
    assert untold(stage, later) == f"Heroku names no commit of what {PROD} ran before."


def test_an_abbreviated_commit_is_compared_as_it_is(stage: Stage) -> None:
    connect(stage)
    [sha] = push(stage, "One")
    version = stage.deploy(commit=sha[:8].upper())
    stage.look()
    read(stage)

    assert shipped(stage, version).head == sha[:8]
    assert subjects(stage, version) == ["One"]


def test_a_target_that_ran_nothing(bare: Stage) -> None:
    bare.control("apps", {"name": "acme-new", "owner": "ana@example.com"})
    bare.add_rule(targets=("acme-new",))
    version = bare.deploy(commit="a" * 40)
    bare.look()
    read(bare)

    found = shipped(bare, version, "acme-new")
    assert found.untold == "acme-new ran nothing before."
    assert found.head == "a" * 40


def test_images_have_no_commit(bare: Stage) -> None:
    for name in ("acme-spruce", "acme-larch"):
        bare.make_app(name, generation="fir")
    bare.control(
        "pipelines",
        {"name": "forest", "couplings": {"staging": ["acme-spruce"], "production": ["acme-larch"]}},
    )
    bare.add_rule(source="acme-spruce", targets=("acme-larch",), strategy=Strategy.SLUG)
    version = bare.deploy("acme-spruce")
    bare.look("acme-spruce")
    bare.wire.take_calls()
    read(bare)

    found = shipped(bare, version, "acme-larch")
    assert found.untold == "acme-spruce builds images, and Heroku names no commit of an image."
    assert calls_of(bare) == []


def test_the_same_commit_in_a_new_slug_brings_nothing(stage: Stage) -> None:
    first = connect(stage)
    version = stage.deploy(commit=first)
    stage.look()
    stage.wire.take_calls()
    read(stage)

    found = shipped(stage, version).comparison
    assert found is not None
    assert found.relation is Relation.IDENTICAL
    assert calls_of(stage) == []


# Somebody mends it.


def test_once_a_rule_names_the_repository_what_waits_is_told(stage: Stage) -> None:
    first = push(stage, "Begin")[-1]
    at_github(stage)
    stage.deploy(commit=first)
    stage.look()
    stage.change_rule(conditions={"approvals": 1})
    version = ship(stage)
    read(stage)
    assert "Name it by `--repo`" in untold(stage, version)

    stage.change_rule(conditions={"approvals": 1, "repo": SHOP})
    read(stage)

    assert subjects(stage, version) == ["Go on"]
    assert not is_due(stage, version)


def test_what_nobody_tells_is_asked_for_daily_while_the_promotion_waits(stage: Stage) -> None:
    first = push(stage, "Begin")[-1]
    at_github(stage)
    stage.deploy(commit=first)
    stage.look()
    stage.change_rule(conditions={"approvals": 1})
    version = ship(stage)
    read(stage)
    assert "Heroku does not tell the repository" in untold(stage, version)

    stage.control(f"apps/{STAGING}/repo", {"full_name": SHOP}, "PUT")
    stage.shift(timedelta(hours=25))
    read(stage)

    assert subjects(stage, version) == ["Go on"]


# Storage, and accidents.


def test_all_calls_of_a_step_end_within_its_lease(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(stage)
    monkeypatch.setattr(read_shipment, "READ_WITHIN", 5.0)
    ends: list[float] = []

    def noting(_: httpx.Request, send: wire.Send) -> httpx.Response:
        ends.append(http.current().ends_at)
        return send()

    stage.wire.put(noting, method="GET", path=".*/compare", times=2)
    version = ship(stage)
    read(stage)

    assert subjects(stage, version) == ["Go on"]
    assert len(ends) == 2
    assert len(set(ends)) == 1  # not each so long, one after the other


def test_what_there_is_no_time_for_is_asked_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(stage)
    version = ship(stage)
    with monkeypatch.context() as late:
        late.setattr(read_shipment, "READ_WITHIN", 0.0)
        read(stage)
    assert not shipped(stage, version).is_read
    stage.shift(timedelta(minutes=1))
    read(stage)
    assert subjects(stage, version) == ["Go on"]


def test_a_message_that_is_cut_makes_it_not_whole(stage: Stage) -> None:
    connect(stage)
    version = ship(stage, "x" * 9000)
    read(stage)

    found = shipped(stage, version).comparison
    assert found is not None
    assert len(found.coming[0].message) == 8000
    assert not found.is_whole


def test_a_long_comparison_is_whole_where_all_of_it_is_told(stage: Stage) -> None:
    connect(stage)
    version = ship(stage, *(f"Commit {number}" for number in range(260)))
    read(stage)
    by_heroku = shipped(stage, version).comparison
    at_github(stage)
    later = ship(stage, *(f"Commit {number}" for number in range(260)))
    read(stage)
    by_github = shipped(stage, later).comparison

    assert by_heroku is not None
    assert by_github is not None
    assert (by_heroku.ahead_by, by_github.ahead_by) == (260, 260)
    assert not by_heroku.is_whole  # it ends as GitHub's own does without pages
    assert by_github.is_whole


def test_many_promotions_of_one_pair_keep_one_copy(stage: Stage) -> None:
    first = connect(stage)
    [sha] = push(stage, "One")
    for _ in range(4):  # there and back again, each time in a new slug
        for commit in (sha, first):
            version = stage.deploy(commit=commit)
            stage.look()
            if stage.promotion(version).status is Status.WAITING:
                stage.approve(version, BO)
                stage.work()
            read(stage)

    with stage.database.begin() as conn:
        kept = conn.execute(select(func.count()).select_from(comparison)).scalar_one()
        all_ = conn.execute(select(func.count()).select_from(shipment)).scalar_one()
    assert kept == 2
    assert all_ > 8


def test_killed_at_any_moment_it_is_read_in_the_end(stage: Stage) -> None:
    connect(stage)
    at_github(stage)
    version = ship(stage)
    stage.mortality.die_at(None)
    read(stage)
    last = stage.mortality.lived
    assert last > 10

    for moment in range(1, last + 1):
        version = ship(stage)
        stage.shift(stage.seconds(3))
        stage.mortality.die_at(moment)
        with pytest.raises(Killed):
            stage.step(READING)
        stage.mortality.die_at(None)
        stage.shift(LEASE)
        read(stage)

        assert subjects(stage, version) == ["Go on"], f"killed at {moment}"
        assert not is_due(stage, version)


def test_how_long_a_repository_takes_makes_no_app_slow(stage: Stage) -> None:
    push(stage, "Begin")
    stage.control(f"apps/{STAGING}/repo", {"full_name": SHOP}, "PUT")
    app_id, took = stage.app(STAGING).id, stage.context.heroku.took
    before = took[app_id]

    assert stage.context.commits.repository(app_id) == SHOP
    assert took[app_id] == before
