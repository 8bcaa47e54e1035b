"""`/sessions`: one's own logins and everybody's, how they end, and that an open page ends too."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from listener.app import assemble, build
from listener.config import Settings
from listener.pages.frame import COOKIE
from listener.pages.sessions import MOST
from listener.roles import Role
from tests.acceptance.town import wait_until
from tests.api.routes.caller import Caller
from tests.api.routes.conftest import ADMIN, APPROVER, VIEWER
from tests.api.routes.teams import Town
from tests.api.routes.test_lanes import enter
from tests.logins import bearer, token_of
from tests.services.office import STAGING, TOKEN, Office

PATH = "/sessions"


@dataclass
class Browser:
    """Somebody's browser before the page."""

    client: FlaskClient

    def look(self, person: str | None = None) -> TestResponse:
        return self.client.get(PATH, query_string={"person": person} if person else None)

    def form(self, person: str | None = None) -> str:
        text = self.look(person).text
        found = re.search(r'name="form" value="([^"]+)"', text)
        assert found is not None, text
        return found[1]

    def press(self, do: str, *, person: str | None = None, **more: str) -> TestResponse:
        data = {"form": self.form(person), "do": do, **({"person": person} if person else {})}
        return self.client.post(PATH, data={**data, **more})

    def ids(self, person: str | None = None) -> list[str]:
        """The ids of the logins that have a button."""
        return re.findall(r'name="id" value="([^"]+)"', self.look(person).text)


@pytest.fixture
def browser(client: FlaskClient) -> FlaskClient:
    """A browser of its own."""
    return client.application.test_client()


@pytest.fixture
def other(client: FlaskClient) -> FlaskClient:
    """Another browser."""
    return client.application.test_client()


def actions(office: Office) -> list[tuple[str, str, str]]:
    return [(each.action, each.by, each.subject_id) for each in office.audit()]


def test_nothing_is_told_before_the_login(browser: FlaskClient) -> None:
    page = browser.get(PATH)

    assert (page.status_code, 'name="back" value="/sessions"' in page.text) == (200, True)


def test_one_sees_where_one_is_logged_in_and_which_one_this_is(
    browser: FlaskClient, viewer: Caller
) -> None:
    enter(browser, viewer)  # by a login of the command line

    page = Browser(browser).look()

    assert page.text.count("browser session") == page.text.count("this one") == 1
    assert "command line login" in page.text
    assert "192.0.2.1" in page.text
    assert "everybody" not in page.text.lower()
    assert page.headers["ETag"]


def test_another_browser_is_ended_and_the_audit_tells_it(
    browser: FlaskClient, other: FlaskClient, viewer: Caller, office: Office
) -> None:
    enter(other, viewer)
    enter(browser, viewer)
    page = Browser(browser)
    ids = page.ids()

    pressed = [page.press("login", id=id).status_code for id in ids]

    assert len(ids) == 3  # two command lines and the other browser
    assert pressed == [303] * 3
    assert page.ids() == []
    assert "autopromote login:code" in other.get(PATH).text
    assert actions(office)[-3:].count(("person.logged_out", VIEWER, VIEWER)) == 2
    assert ("person.logged_out", VIEWER, VIEWER) in actions(office)


def test_all_others_end_at_once_and_codes_that_wait(
    browser: FlaskClient, other: FlaskClient, viewer: Caller, client: FlaskClient
) -> None:
    enter(browser, viewer)
    code = viewer.post("/api/login-codes")["code"]
    token = token_of(viewer.database, viewer.keys, VIEWER.upper())
    page = Browser(browser)

    pressed = page.press("others")

    assert (pressed.status_code, pressed.headers["Location"]) == (303, PATH)
    assert page.ids() == []
    assert "this one" in page.look().text
    assert client.get("/api/whoami", headers=bearer(token)).status_code == 401
    assert other.post("/login", data={"code": code}).status_code == 401


def test_a_form_is_good_once_and_is_no_other_s(
    browser: FlaskClient, other: FlaskClient, viewer: Caller, approver: Caller
) -> None:
    enter(browser, viewer)
    enter(other, approver)
    data = {"form": Browser(browser).form(), "do": "others"}

    foreign = other.post(PATH, data=data)
    answers = [browser.post(PATH, data=data).status_code for _ in range(2)]

    assert foreign.status_code == 403
    assert answers == [303, 409]


@pytest.mark.parametrize("do", ["", "explode", "person", "machine"])
def test_what_the_page_has_no_button_for_does_nothing(
    browser: FlaskClient, viewer: Caller, do: str
) -> None:
    enter(browser, viewer)

    assert Browser(browser).press(do, name="ci").status_code == 422
    assert len(Browser(browser).ids()) == 1


def test_a_form_of_another_site_does_nothing(browser: FlaskClient, viewer: Caller) -> None:
    enter(browser, viewer)
    data = {"form": Browser(browser).form(), "do": "others"}

    answer = browser.post(PATH, data=data, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert len(Browser(browser).ids()) == 1


def test_nobody_but_an_admin_sees_or_ends_what_is_another_s(
    browser: FlaskClient, approver: Caller, viewer: Caller, admin: Caller
) -> None:
    enter(browser, approver)
    viewer.get("/api/whoami")
    looked = [Browser(browser).look(person) for person in (VIEWER, "all", "zoe@example.org")]
    data = {"form": Browser(browser).form(), "do": "person", "person": VIEWER}
    pressed = browser.post(PATH, data=data)
    people = {one["email"]: one for one in admin.get("/api/people")}
    of_others = [one for one in people[VIEWER]["tokens"] if one["kind"] == "login"]

    assert [each.status_code for each in looked] == [403] * 3
    assert all("192.0.2.1" not in each.text for each in looked)
    assert pressed.status_code == 403
    assert len(of_others) == 1


def test_the_id_of_another_s_login_ends_nothing(
    browser: FlaskClient, other: FlaskClient, viewer: Caller, approver: Caller
) -> None:
    enter(browser, viewer)
    enter(other, approver)
    [id] = Browser(other).ids()

    answer = Browser(browser).press("login", id=id)

    assert answer.status_code == 404
    assert Browser(other).ids() == [id]


def test_an_admin_sees_everybody_and_no_secret(
    browser: FlaskClient, admin: Caller, viewer: Caller
) -> None:
    wish = {"name": "ci", "role": "promoter", "apps": ["pay-*"]}
    secret = admin.post("/api/machine-tokens", wish)["token"]
    viewer.get("/api/whoami")
    enter(browser, admin)

    page = Browser(browser).look("all")

    for words in (ADMIN, VIEWER, "promoter of pay-*", f"?person={VIEWER.replace('@', '%40')}"):
        assert words in page.text
    assert secret not in page.text
    assert "192.0.2.1" not in page.text  # of that, a person's own page


def test_an_admin_ends_a_login_a_person_and_a_machine(
    browser: FlaskClient, admin: Caller, viewer: Caller, approver: Caller, office: Office
) -> None:
    admin.post("/api/machine-tokens", {"name": "ci", "role": "viewer"})
    viewer.get("/api/whoami")
    approver.get("/api/whoami")
    enter(browser, admin)
    page = Browser(browser)
    [id] = page.ids(VIEWER)

    pressed = [
        page.press("login", person=VIEWER, id=id),
        page.press("person", person=APPROVER),
        page.press("machine", person="all", name="ci"),
    ]

    assert [each.headers["Location"] for each in pressed] == [
        "/sessions?person=cy%40example.com",
        "/sessions?person=bo%40example.com",
        "/sessions?person=all",
    ]
    assert page.ids(VIEWER) == page.ids(APPROVER) == []
    assert f"{VIEWER} is not logged in" in page.look(VIEWER).text
    assert "No machine has a token" in page.look("all").text
    assert actions(office)[-3:] == [
        ("person.revoked", ADMIN, VIEWER),
        ("person.revoked", ADMIN, APPROVER),
        ("token.revoked", ADMIN, "ci"),
    ]


def test_somebody_unknown_is_not_there(browser: FlaskClient, admin: Caller) -> None:
    enter(browser, admin)

    answers = [Browser(browser).look(who) for who in ("zoe@example.org", "<b>x</b>", "x" * 300)]

    assert [each.status_code for each in answers] == [404, 404, 422]
    assert "<b>x" not in answers[1].text


def test_an_admin_of_some_apps_is_none_here(town: Town) -> None:
    browser = town.client.application.test_client()
    enter(browser, town.of(Role.ADMIN))

    assert browser.get(f"{PATH}?person=all").status_code == 403
    assert "Everybody" not in browser.get(PATH).text


def test_of_very_many_logins_the_newest_are_shown_and_all_others_end(
    browser: FlaskClient, viewer: Caller
) -> None:
    for _ in range(MOST + 1):
        token_of(viewer.database, viewer.keys, VIEWER)
    enter(browser, viewer)
    page = Browser(browser)

    assert len(page.ids()) == MOST - 1  # and this one
    assert "And 3 older logins." in page.look().text
    page.press("others")
    assert page.ids() == []


@pytest.mark.parametrize(("viewers", "status"), [((), 403), (("cy@example.com=shop-*",), 200)])
def test_a_role_that_is_gone_or_narrower_ends_the_open_page_at_the_process_that_knows_it(
    browser: FlaskClient,
    viewer: Caller,
    office: Office,
    database_url: str,
    viewers: tuple[str, ...],
    status: int,
) -> None:
    office.add_rule(name="ship")
    enter(browser, viewer)
    tag = browser.get("/").headers["ETag"]
    cookie = browser.get_cookie(COOKIE, path="/")
    assert cookie is not None
    settings = Settings(
        database_url=database_url,
        secret_keys=("k" * 32,),
        heroku_api_key=TOKEN,
        admins=(ADMIN,),
        viewers=viewers,
        heroku_api_url="http://127.0.0.1:9",
    )
    with closing(assemble(settings)) as parts:
        restarted = build(parts).test_client()
        restarted.set_cookie(COOKIE, cookie.value, path="/")
        answer = restarted.get("/", headers={"If-None-Match": tag})

    assert answer.status_code == status
    assert STAGING not in answer.text


# A page that is open asks each second, and is answered from memory as long as one may look.


@pytest.mark.usefixtures("lasting")  # so nothing but the end of the session shows it
@pytest.mark.parametrize("path", ["/", PATH])
def test_a_session_that_was_revoked_elsewhere_ends_the_open_page(
    browser: FlaskClient, viewer: Caller, admin: Caller, office: Office, path: str
) -> None:
    office.add_rule(name="ship")
    enter(browser, viewer)
    browser.get(path)  # notes the use
    look = {"If-None-Match": browser.get(path).headers["ETag"]}
    assert browser.get(path, headers=look).status_code == 304

    admin.post("/api/people/actions/revoke", {"email": VIEWER}, status=200)

    def ended() -> bool:
        answer = browser.get(path, headers=look)
        return answer.status_code == 200 and "autopromote login:code" in answer.text

    wait_until(ended, "the login page")
    assert STAGING not in browser.get(path).text
