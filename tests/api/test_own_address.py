"""The listener learns where it is reached from where its admins log in, and from nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from listener.api.own_pages import page_of
from listener.app import build
from listener.db import own_address
from listener.db.engine import Database
from listener.services.status import MARK
from tests.api.conftest import ADMIN, APPROVER
from tests.api.login_scene import NO_CLIENT, STRANGER, Scene

HOST, OTHER = "acme-autopromote-0123.herokuapp.com", "promote.acme.com"


@dataclass
class Internet(httpx.BaseTransport):
    """Who answers at which host: we by our mark, somebody else, nobody, or never."""

    mark: str
    ours: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.asked.append(request.url.host)
        if request.url.host in self.silent:
            raise httpx.ReadTimeout("silent")
        return httpx.Response(
            200, headers={MARK: self.mark if request.url.host in self.ours else ""}
        )


@dataclass
class Place:
    """A listener that no setting tells its address."""

    scene: Scene
    listener: FlaskClient
    internet: Internet
    database: Database

    def log_in(
        self,
        host: str = HOST,
        *,
        who: str = ADMIN,
        came_by: str = "https",
        token: str | None = None,
    ) -> TestResponse:
        """Log in at this host, as the router hands it on."""
        return self.listener.post(
            "/api/tokens",
            json={"heroku_token": token or f"HRKU-{who}"},
            headers={"Host": host, "X-Forwarded-Proto": came_by},
        )

    @property
    def address(self) -> str | None:
        """What was learned."""
        return self.scene.parts.context.address()

    def audited(self) -> list[Any]:
        """Who taught it what."""
        wanted = "SELECT by, after FROM audit_entry WHERE action = 'address.learned' ORDER BY id"
        with self.database.begin() as conn:
            return [tuple(row) for row in conn.execute(text(wanted))]


@contextmanager
def placed(scene: Scene, *, public_url: str | None = None, **roles: Any) -> Iterator[Place]:
    """Have such a listener, whose own two hosts lead to it."""
    with scene.changed(**NO_CLIENT, public_url=public_url):
        parts = scene.parts
        internet = Internet(parts.keys.mark, {HOST, OTHER})
        parts = replace(parts, outside=internet, roles=replace(parts.roles, **roles))
        yield Place(scene, build(parts).test_client(), internet, parts.database)


@pytest.fixture
def place(scene: Scene) -> Iterator[Place]:
    """Such a listener."""
    with placed(scene) as made:
        yield made


def test_where_an_admin_logs_in_is_where_it_is_reached(place: Place) -> None:
    said = place.log_in()
    assert (said.status_code, place.address) == (201, f"https://{HOST}")
    assert place.audited() == [(ADMIN, {"url": f"https://{HOST}"})]
    assert "Strict-Transport-Security" in said.headers

    headers = {"Authorization": f"Bearer {said.get_json()['token']}"}
    assert place.listener.get("/api/whoami", headers=headers).get_json()["url"] == (
        f"https://{HOST}"
    )
    made = place.listener.post("/api/login-client", headers=headers).get_json()
    assert made["redirect_uri"] == f"https://{HOST}/login/callback"


def test_what_is_known_is_asked_no_more(place: Place) -> None:
    place.log_in()
    place.internet.asked.clear()
    assert place.log_in().status_code == 201
    assert (place.internet.asked, len(place.audited())) == ([], 1)


@pytest.mark.parametrize(
    "how",
    [
        {"who": APPROVER},
        {"came_by": "http, http"},
        {"came_by": ""},
        {"host": "127.0.0.1"},
        {"host": "localhost"},
        {"host": f"{HOST}:8443"},
        {"host": f"{HOST}/evil"},
        {"host": f"ana@{HOST}"},
        {"token": "HRKU-nobody"},
    ],
)
def test_nothing_else_teaches_it_anything(place: Place, how: dict[str, str]) -> None:
    place.log_in(**how)
    assert (place.address, place.internet.asked) == (None, [])


def test_the_admin_of_some_apps_teaches_it_nothing(scene: Scene) -> None:
    with placed(scene, admins=(f"{ADMIN}=pay-*",)) as place:
        assert place.log_in().status_code == 201
        assert (place.address, place.internet.asked) == (None, [])


def test_a_setting_wins(scene: Scene) -> None:
    with placed(scene, public_url=f"https://{OTHER}") as place:
        assert place.log_in().status_code == 201
        assert (place.address, place.internet.asked) == (f"https://{OTHER}", [])


@pytest.mark.parametrize("host", ["evil.example", "silent.example"])
def test_a_forged_host_that_does_not_lead_to_us_is_not_learned(place: Place, host: str) -> None:
    place.internet.silent.add("silent.example")
    assert place.log_in(host).status_code == 201
    assert (place.address, place.internet.asked) == (None, [host])


@pytest.mark.parametrize("is_silent", [False, True])
def test_an_address_that_may_still_be_ours_stays(place: Place, is_silent: bool) -> None:
    place.log_in()
    if is_silent:
        place.internet.silent.add(HOST)
    assert place.log_in(OTHER).status_code == 201
    assert place.address == f"https://{HOST}"


def test_after_a_move_the_next_login_teaches_the_new_one(place: Place) -> None:
    place.log_in()
    place.internet.ours.discard(HOST)
    place.log_in(OTHER)
    assert place.address == f"https://{OTHER}"
    assert len(place.audited()) == 2


def test_who_is_logged_in_already_teaches_it_where_it_is_needed(place: Place) -> None:
    said = place.log_in("evil.example").get_json()
    headers = {"Authorization": f"Bearer {said['token']}", "Host": HOST}
    headers["X-Forwarded-Proto"] = "https"
    place.listener.post("/api/subscriptions", json={"app": "acme-staging"}, headers=headers)
    assert place.address == f"https://{HOST}"


def test_a_stranger_has_nobody_asked(scene: Scene) -> None:
    with placed(scene, viewers=()) as place:
        assert place.log_in(who=STRANGER).status_code == 403
        assert (place.address, place.internet.asked) == (None, [])


def test_where_nobody_taught_it_a_page_is_where_whoever_asks_found_us(place: Place) -> None:
    app = place.listener.application
    asked = {"Host": OTHER, "X-Forwarded-Proto": "https"}

    def page(headers: dict[str, str] | None = None) -> str | None:
        with app.test_request_context(headers=headers):
            return page_of(42)

    assert page(asked) == f"https://{OTHER}/promotions/42"
    assert page() is None
    place.log_in()
    assert page(asked) == f"https://{HOST}/promotions/42"


def test_where_nobody_taught_it_whoever_asks_is_told_how_they_found_us(place: Place) -> None:
    token = place.log_in(came_by="").get_json()["token"]

    def told(host: str) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Host": host, "X-Forwarded-Proto": "https"}
        return place.listener.get("/api/whoami", headers=headers).get_json()["url"]

    assert told(OTHER) == f"https://{OTHER}"
    place.log_in()
    assert told(OTHER) == f"https://{HOST}"


def test_a_host_that_decodes_to_nothing_costs_no_login(scene: Scene) -> None:
    with scene.changed(**NO_CLIENT, public_url=None):
        listener = build(scene.parts).test_client()  # asks as it does outside of tests
        said = listener.post(
            "/api/tokens",
            json={"heroku_token": f"HRKU-{ADMIN}"},
            headers={"Host": "xn--a.com", "X-Forwarded-Proto": "https"},
        )
        assert (said.status_code, scene.parts.context.address()) == (201, None)


@pytest.mark.parametrize("what", ["read", "written"])
def test_whatever_breaks_while_it_learns_costs_no_login(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OperationalError("hush", {}, Exception("hush"))

    with monkeypatch.context() as patch:
        patch.setattr(own_address, "find" if what == "read" else "put", broken)
        assert place.log_in().status_code == 201
    assert place.address is None
    [line] = [one for one in capsys.readouterr().out.splitlines() if "address_not_learned" in one]
    assert "OperationalError" in line
    assert "hush" not in line

    assert place.log_in().status_code == 201
    assert place.address == f"https://{HOST}"
