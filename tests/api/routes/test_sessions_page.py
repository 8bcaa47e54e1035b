"""`/sessions`: one's own logins and everybody's, how they end, and that an open page ends too."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.acceptance.town import wait_until
from tests.api.routes.caller import Caller
from tests.api.routes.conftest import VIEWER
from tests.api.routes.test_lanes import enter
from tests.services.office import STAGING, Office

SOON = 2.0  # seconds


@pytest.fixture
def browser(client: FlaskClient) -> FlaskClient:
    """A browser of its own."""
    return client.application.test_client()


# A page that is open asks each second, and is answered from memory as long as one may look.


@pytest.mark.parametrize("path", ["/"])
def test_a_session_that_was_revoked_elsewhere_ends_the_open_page_within_a_second_or_so(
    browser: FlaskClient, viewer: Caller, admin: Caller, office: Office, path: str
) -> None:
    office.add_rule(name="ship")
    enter(browser, viewer)
    office.context.changes.heard()  # so that answers stand for long; none of what follows is told
    tag = browser.get(path).headers["ETag"]
    look = {"If-None-Match": tag}
    assert browser.get(path, headers=look).status_code == 304

    admin.post("/api/people/actions/revoke", {"email": VIEWER}, status=200)

    def ended() -> bool:
        answer = browser.get(path, headers=look)
        return answer.status_code == 200 and "autopromote login:code" in answer.text

    wait_until(ended, "the login page", SOON)
    assert STAGING not in browser.get(path).text
