"""`/wall/…`: what a link shows to whoever has it, what it never shows, and how it ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from listener.app import assemble, build
from listener.config import Settings
from listener.crypto import Keys
from listener.db.walls import WallRow
from listener.inventory.context import Context
from listener.services import wall
from listener.services.holds import NewHold
from tests.acceptance.town import wait_until
from tests.api.routes.caller import Caller
from tests.api.routes.conftest import ADMIN, APPROVER
from tests.services.office import EU, PROD, STAGING, TOKEN, Office

EVIL = "<script>alert(1)</script>"
SUBJECT, REASON, AUTHOR = "Fix the secret salary table", "the CFO is on stage", "tomas@example.com"


@pytest.fixture
def stranger(client: FlaskClient) -> FlaskClient:
    """A browser in which nobody is logged in."""
    return client.application.test_client()


@pytest.fixture
def second(database_url: str) -> Iterator[FlaskClient]:
    """Requests to another process, which shares nothing but the database and the settings."""
    settings = Settings(
        database_url=database_url,
        secret_keys=("k" * 32,),
        heroku_api_key=TOKEN,
        admins=(ADMIN,),
        heroku_api_url="http://127.0.0.1:9",  # nobody is there
    )
    with closing(assemble(settings)) as parts:
        yield build(parts).test_client()


def hang(admin: Caller, *apps: str, **more: Any) -> str:
    """Make a wall; return its path."""
    wish = {"name": "lobby", "apps": list(apps or (STAGING, PROD)), **more}
    url = str(admin.post("/api/walls", wish)["url"])
    return f"/wall/{url.rpartition('/')[2]}"


def tiles(page: TestResponse) -> dict[str, str]:
    """The text of each tile, by the name of its lane."""
    assert page.status_code == 200, page.text
    found = re.findall(r"<h2>(.*?)</h2>(.*?)</li>", page.text, re.DOTALL)
    return {name: " ".join(re.sub(r"<[^>]+>", " ", rest).split()) for name, rest in found}


def ship(office: Office, **more: Any) -> None:
    """New code on staging, and every step that follows."""
    office.deploy(STAGING, **more)
    office.look(STAGING)
    office.work()


def test_a_stranger_sees_what_runs_where(
    stranger: FlaskClient, admin: Caller, office: Office
) -> None:
    office.add_rule()
    ship(office)

    page = stranger.get(hang(admin))

    assert tiles(page) == {"acme": "same · v4 everywhere"}
    assert page.headers["ETag"]


def test_what_waits_for_a_person_says_so_and_for_which_gate(
    stranger: FlaskClient, admin: Caller, office: Office
) -> None:
    office.add_rule(conditions={"approvals": 1})
    ship(office)

    page = stranger.get(hang(admin))

    assert re.fullmatch(
        r"waiting v4, 23 h 5\d min left : approvals prod runs what staging never ran",
        tiles(page)["acme"],
    ), tiles(page)
    assert '<li class="ask">' in page.text
    assert "1 for a person" in page.text


def test_a_wall_tells_nothing_that_a_person_wrote(
    stranger: FlaskClient, admin: Caller, approver: Caller, office: Office
) -> None:
    office.add_rule(name="salaries", conditions={"approvals": 1})
    office.add_rule(name="eu-salaries", source=PROD, targets=(EU,))
    for _ in range(2):
        ship(office, user=AUTHOR, description=SUBJECT, commit="c0ffee" * 6)
        approver.post(
            f"/api/promotions/{office.found()[-1].id}/actions/reject",
            {"reason": REASON},
            status=200,
        )
    ship(office, user=AUTHOR, description=SUBJECT)
    for app in (PROD, None):
        office.holds.put(NewHold(app=app, reason=REASON), by=APPROVER)
    office.work()
    path = hang(admin, STAGING, PROD, EU)

    page = stranger.get(path)

    assert "hold" in tiles(page)["acme"]
    assert "hold</span> on every target" in page.text
    secrets = (SUBJECT, "c0ffee", REASON, AUTHOR, APPROVER, ADMIN, "@", "salaries", "tomas")
    told = [each for each in (*secrets, path.rpartition("/")[2]) if each in page.text]
    assert told == []
    assert not re.search(r"<a |<form|/promotions/|href=\"/\"", page.text)


def test_names_are_of_authors_alone_and_only_where_it_was_said(
    stranger: FlaskClient, admin: Caller, approver: Caller, office: Office
) -> None:
    office.add_rule(conditions={"approvals": 2})
    ship(office, user=AUTHOR, description=SUBJECT)
    approver.post(f"/api/promotions/{office.found()[-1].id}/actions/approve", status=200)
    office.work()

    page = stranger.get(hang(admin, names=True))

    assert tiles(page)["acme"].endswith("by tomas")
    assert "@" not in page.text
    assert APPROVER.partition("@")[0] + "<" not in page.text


def test_hostile_text_is_text(stranger: FlaskClient, admin: Caller, office: Office) -> None:
    office.add_rule()
    ship(office, user=f"{EVIL}@example.com", description=EVIL)

    page = stranger.get(hang(admin, names=True))

    assert "<script>alert" not in page.text


def test_of_a_lane_the_apps_that_are_named_are_shown(
    stranger: FlaskClient, admin: Caller, office: Office
) -> None:
    office.add_rule(targets=(PROD, EU), conditions={"approvals": 1})
    ship(office)

    page = stranger.get(hang(admin, STAGING, EU))

    assert list(tiles(page)) == ["acme"]
    assert "eu" in tiles(page)["acme"]
    office.holds.put(NewHold(app=PROD, reason=REASON), by=APPROVER)
    assert "hold" not in tiles(stranger.get(hang(admin, STAGING, EU, name="other")))["acme"]


def banned(page: TestResponse) -> str:
    """What the wall says of holds on every target."""
    found = "".join(re.findall(r'<p class="ban.*?</p>', page.text, re.DOTALL))
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


@pytest.mark.parametrize(
    ("but", "said"),
    [
        ((), "hold on every target,"),
        ((PROD,), "hold on 1 of 2 targets,"),
        ((STAGING,), "hold on every target,"),  # nothing is promoted there
        ((PROD, EU), ""),
    ],
)
def test_a_hold_on_every_target_is_told_of_those_that_it_is_on(
    stranger: FlaskClient, admin: Caller, office: Office, but: tuple[str, ...], said: str
) -> None:
    office.add_rule(targets=(PROD, EU))
    office.holds.put(NewHold(app=None, reason=REASON, but=but), by=APPROVER)

    page = stranger.get(hang(admin, STAGING, PROD, EU))

    assert banned(page).startswith(said)
    assert bool(banned(page)) == bool(said)


def test_a_wall_of_no_lane_says_so(stranger: FlaskClient, admin: Caller, office: Office) -> None:
    office.add_rule(targets=(PROD, EU))

    page = stranger.get(hang(admin, PROD, EU))

    assert "No rule promotes between these apps now" in page.text


def test_nobody_indexes_frames_stores_or_is_sent_the_address(
    stranger: FlaskClient, admin: Caller, office: Office
) -> None:
    office.add_rule()
    path = hang(admin)
    first = stranger.get(path)
    again = stranger.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert again.status_code == 304
    for answer in (first, again):
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in answer.headers


def test_the_log_has_no_address_of_a_wall(
    stranger: FlaskClient, admin: Caller, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.add_rule()
    path = hang(admin)
    capsys.readouterr()

    stranger.get(path)
    stranger.get(f"{path}x")

    printed = "".join(capsys.readouterr())
    assert printed.count("path=/wall/…") == 2
    assert path[:20] not in printed


# How a link ends.


def test_a_removed_wall_is_refused_by_every_process_at_once(
    stranger: FlaskClient, second: FlaskClient, admin: Caller, office: Office
) -> None:
    office.add_rule()
    path = hang(admin)
    pages = [one.get(path) for one in (stranger, second)]
    assert [page.status_code for page in pages] == [200, 200]

    admin.delete("/api/walls/lobby")

    for one, page in zip((second, stranger), pages, strict=True):
        look = {"If-None-Match": page.headers["ETag"]}
        assert one.get(path, headers=look).status_code == 404


@pytest.mark.parametrize("how", ["removed", "over", "foreign", "cut", "nonsense", "approval"])
def test_what_is_no_link_any_more_is_answered_alike(
    stranger: FlaskClient, admin: Caller, office: Office, how: str
) -> None:
    office.add_rule()
    path, until = hang(admin), datetime.now(UTC) + timedelta(days=1)
    match how:
        case "removed":
            admin.delete("/api/walls/lobby")
        case "over":
            with office.database.begin() as conn:
                conn.execute(text("UPDATE wall SET expires_at = now()"))
        case "foreign":
            path = f"/wall/{Keys(['x' * 32]).walls.sign({'wall': 'a'}, until=until).text}"
        case "cut":
            path = path[:-1]
        case "nonsense":
            path = "/wall/x"
        case _:
            path = f"/wall/{office.keys.links.sign({'wall': 'a'}, until=until).text}"

    page = stranger.get(path)

    assert page.status_code == 404
    assert "Nothing is shown at this address" in page.text
    assert page.headers["Referrer-Policy"] in ("no-referrer", "same-origin")
    for hint in ("acme", "lobby", "removed", "expired", "signature"):
        assert hint not in page.text


def test_a_key_that_rotates_leaves_the_link_good(
    admin: Caller, office: Office, database_url: str
) -> None:
    office.add_rule()
    path = hang(admin)
    settings = Settings(
        database_url=database_url,
        secret_keys=("n" * 32, "k" * 32),
        heroku_api_key=TOKEN,
        admins=(ADMIN,),
        heroku_api_url="http://127.0.0.1:9",
    )
    for keys, expected in ((settings.secret_keys, 200), (("n" * 32,), 404)):
        with closing(assemble(replace(settings, secret_keys=keys))) as parts:
            assert build(parts).test_client().get(path).status_code == expected


def test_a_renamed_app_is_still_shown(stranger: FlaskClient, admin: Caller, office: Office) -> None:
    office.add_rule()
    ship(office)
    path = hang(admin)
    with office.database.begin() as conn:
        conn.execute(text("UPDATE app SET name = 'shop-' || name"))

    assert tiles(stranger.get(path)) == {"shop-acme": "same · v4 everywhere"}


# What it costs.


@pytest.mark.usefixtures("lasting")
def test_however_many_look_it_is_read_once_while_nothing_changes(
    stranger: FlaskClient,
    client: FlaskClient,
    admin: Caller,
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office.add_rule()
    ship(office)
    path = hang(admin)
    office.context.changes.heard()
    read, count = wall.read, list[WallRow]()

    def counting(context: Context, row: WallRow) -> wall.Screen:
        count.append(row)
        return read(context, row)

    monkeypatch.setattr(wall, "read", counting)
    office.calls()

    answers = [one.get(path) for _ in range(10) for one in (stranger, client)]

    assert {answer.status_code for answer in answers} == {200}
    assert len(count) == 1
    assert office.calls() == []


@pytest.mark.usefixtures("lasting")  # so nothing but what was heard shows it
def test_a_change_that_was_heard_is_seen(
    stranger: FlaskClient, admin: Caller, office: Office
) -> None:
    office.add_rule(conditions={"approvals": 1})
    path = hang(admin)
    office.context.changes.heard()
    first = stranger.get(path)
    ship(office)
    office.context.changes.heard()
    look = {"If-None-Match": first.headers["ETag"]}

    wait_until(
        lambda: "waiting</span> v4" in stranger.get(path, headers=look).text,
        "what waits",
    )
