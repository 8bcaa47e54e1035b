"""A browser that logs in at Heroku, and all who would have it come back with something else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from listener import approval_links
from listener.approval_links import Invitation
from tests import patient
from tests.api.conftest import ADMIN, STRANGER
from tests.api.login_scene import BACK, NO_CLIENT, Scene

IN_AN_HOUR = timedelta(hours=1)


@pytest.fixture
def link(scene: Scene) -> str:
    """The path of an approval link."""
    invitation = Invitation(1, "r", "s", datetime.now(UTC) + IN_AN_HOUR)
    return f"{approval_links.PATH}{approval_links.sign(scene.parts.keys.links, invitation)}"


def state_of(departed: TestResponse) -> str:
    """The state with which a browser was sent to Heroku."""
    [state] = parse_qs(urlsplit(departed.headers["Location"]).query)["state"]
    return state


def depart(scene: Scene, link: str) -> str:
    """Have the browser sent to Heroku; return the state that goes along."""
    return state_of(scene.listener.get(f"/login/heroku?back={link}"))


def allow(scene: Scene, state: str, email: str = ADMIN, answer: str = "Allow") -> str:
    """Answer Heroku's form; return where the browser is sent to, below the listener's URL."""
    said = {"client_id": scene.client["id"], "scope": "identity", "state": state}
    form = {**said, "email": email, "authorize": answer}
    done = patient.post(f"{scene.heroku.url}/oauth/authorize", data=form)
    assert done.status_code == 302
    where = done.headers["Location"]
    assert where.startswith(f"{BACK}?")
    return f"/login/callback?{urlsplit(where).query}"


def is_logged_in(scene: Scene, link: str) -> bool:
    """Whether the page asks for no login any more."""
    return "autopromote login:code" not in scene.listener.get(link).text


def test_the_page_offers_it_where_there_is_a_client(scene: Scene, link: str) -> None:
    assert f'href="/login/heroku?back={link}"' in scene.listener.get(link).text
    with scene.changed(**NO_CLIENT):
        page = scene.listener.get(link)
        assert "login/heroku" not in page.text
        assert "autopromote login:code" in page.text
        assert scene.listener.get(f"/login/heroku?back={link}").status_code == 409


def test_heroku_is_asked_for_a_code_and_the_browser_can_be_known_again(
    scene: Scene, link: str
) -> None:
    departed = scene.listener.get(f"/login/heroku?back={link}")

    assert departed.status_code == 303
    url = urlsplit(departed.headers["Location"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{scene.heroku.url}/oauth/authorize"
    asked = {name: value for name, [value] in parse_qs(url.query).items()}
    assert asked.pop("state")
    assert asked == {
        "client_id": scene.client["id"],
        "response_type": "code",
        "scope": "identity",
    }
    [cookie] = departed.headers.getlist("Set-Cookie")
    for words in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/login/callback", "Max-Age=600"):
        assert words in cookie


def test_whoever_comes_back_with_a_code_is_logged_in(scene: Scene, link: str) -> None:
    state = depart(scene, link)
    with capture_logs() as logs:
        back = scene.listener.get(allow(scene, state))

    assert back.status_code == 200
    assert f'content="0; url={link}"' in back.text
    assert back.headers["Content-Security-Policy"].startswith("default-src 'none'")
    session, gone = back.headers.getlist("Set-Cookie")
    assert session.startswith("autopromote_browser=")
    for words in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert words in session
    assert gone.startswith("autopromote_login=;")
    assert is_logged_in(scene, link)
    assert [log["path"] for log in logs if "path" in log] == ["/login/callback"]
    assert state not in str(logs)


def test_the_same_code_logs_nobody_in_again(scene: Scene, link: str) -> None:
    state = depart(scene, link)
    where = allow(scene, state)
    assert scene.listener.get(where).status_code == 200
    depart(scene, link)
    assert scene.listener.get(where).status_code == 403  # of another departure

    cookies = scene.fresh()
    state = depart(cookies, link)
    code = parse_qs(urlsplit(where).query)["code"][0]
    again = cookies.listener.get(f"/login/callback?code={code}&state={state}")
    assert again.status_code == 401
    assert not is_logged_in(cookies, link)


def test_a_code_that_comes_with_another_browser_s_state_logs_nobody_in(
    scene: Scene, link: str
) -> None:
    """Somebody logs in halfway, and has another open the last address: so acts in their name."""
    where = allow(scene, depart(scene, link))
    victim = scene.fresh()
    assert victim.listener.get(where).status_code == 403
    depart(victim, link)
    assert victim.listener.get(where).status_code == 403
    assert not is_logged_in(victim, link)


@pytest.mark.parametrize("state", ["", "nonsense", None])
def test_a_state_that_is_none_of_ours_is_refused(
    scene: Scene, link: str, state: str | None
) -> None:
    where = allow(scene, depart(scene, link))
    code = parse_qs(urlsplit(where).query)["code"][0]
    forged = scene.parts.keys.links.sign({"link": "x", "browser": "y"}, until=datetime.now(UTC))
    said = forged.text if state is None else state
    assert scene.listener.get(f"/login/callback?code={code}&state={said}").status_code == 403
    assert not is_logged_in(scene, link)


def test_a_login_that_takes_too_long_begins_anew(scene: Scene, link: str) -> None:
    keys, now = scene.parts.keys, datetime.now(UTC)
    state = keys.states.sign({"link": "x", "browser": "y"}, until=now).text
    assert scene.listener.get(f"/login/callback?code=c&state={state}").status_code == 409


def test_a_no_is_a_page(scene: Scene, link: str) -> None:
    back = scene.listener.get(allow(scene, depart(scene, link), answer="Deny"))
    assert back.status_code == 403
    assert "Heroku was told not to let this listener know who you are." in back.text
    assert "Set-Cookie" not in back.headers


@pytest.mark.parametrize("code", ["", "two words", "ü", "c" * 4097])
def test_what_is_no_code_never_reaches_heroku(scene: Scene, link: str, code: str) -> None:
    state = depart(scene, link)
    before = len(scene.asked)
    back = scene.listener.get("/login/callback", query_string={"code": code, "state": state})
    assert (back.status_code, len(scene.asked)) == (422, before)


def test_somebody_without_a_role_is_told_so(scene: Scene, link: str) -> None:
    back = scene.listener.get(allow(scene, depart(scene, link), STRANGER))
    assert back.status_code == 403
    assert "has no role here" in back.text
    assert not is_logged_in(scene, link)
