"""What somebody who may only look asks of Heroku holds up no way back, on real processes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Event

import httpx
import pytest

from tests import patient
from tests.acceptance.town import ROBOT, ROBOT_TOKEN, Town, wait_until
from tests.worker.site import Site

pytestmark = pytest.mark.acceptance

VIEWER, VIEWER_TOKEN = "vic@example.com", "HRKU-test-vic"
LEFT = 600  # a hundred more than are kept from viewers
PLAN = "/api/rules/actions/plan"


@pytest.fixture
def site() -> Iterator[Site]:
    """Production, as far as its health goes."""
    with Site().open() as made:
        yield made


@pytest.fixture
def watched(bare_town: Town) -> Town:
    """A listener that somebody may look at."""
    bare_town.heroku.control("tokens", {"token": VIEWER_TOKEN, "email": VIEWER})
    bare_town.start(AUTOPROMOTE_ALLOW_PRIVATE_CHECKS="1", AUTOPROMOTE_VIEWERS=VIEWER)
    return bare_town


def test_a_viewer_s_curiosity_holds_up_no_way_back(watched: Town, site: Site) -> None:
    flags = {"verify": site.url, "verify-for": "3s", "on-failure": "rollback"}
    watched.pair("acme-staging", "acme-prod", **flags)
    roll_back(watched, site)
    watched.cli("holds:release", "-a", "acme-prod")

    watched.heroku.control("rate-limits", {"email": ROBOT, "remaining": LEFT})
    with curious(watched) as answers:
        wait_until(lambda: 429 in [each.status_code for each in answers], "a refusal")
        roll_back(watched, site)  # without the last calls it stood still while this went on
        began = len(answers)
        wait_until(lambda: len(answers) > began, "one more answer")

    assert {each.status_code for each in answers} == {422, 429}
    refused = [each for each in answers if each.status_code == 429]
    assert all(int(each.headers["Retry-After"]) >= 1 for each in refused)
    assert left(watched) > LEFT - 100 - 50  # what the way back took is ours


def test_what_many_look_at_is_read_once(watched: Town) -> None:
    watched.pair("acme-staging", "acme-prod")
    for _ in range(3):
        assert watched.get("pipelines") == []
    assert len(watched.heroku.requests("GET", "/pipelines")) == 1


def roll_back(town: Town, site: Site) -> None:
    """Deploy what is not well, and wait until production is as it was before."""
    site.status = 503
    deployed = town.heroku.deploy("acme-staging")
    town.wait_for("rolled_back", deployed["version"])


@contextmanager
def curious(town: Town) -> Iterator[list[httpx.Response]]:
    """Have a viewer ask, again and again: for 5,000 unknown apps at once, and for 48."""
    body = {"heroku_token": VIEWER_TOKEN}
    token = patient.post(f"{town.url}/api/tokens", json=body).json()["token"]
    answers: list[httpx.Response] = []
    is_over, number = Event(), count()

    def ask(targets: int, rules: int) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        with patient.Client(base_url=town.url, headers=headers) as http:
            while not is_over.is_set():
                wanted = [
                    {
                        "name": f"rule-{rule}",
                        "from": "acme-staging",
                        "to": [f"app-{next(number)}" for _ in range(targets)],
                    }
                    for rule in range(rules)
                ]
                answers.append(http.post(PLAN, json={"rules": wanted}))

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask, 100, 50), pool.submit(ask, 48, 1)]
        try:
            yield answers
        finally:
            is_over.set()
        for each in asking:
            each.result()


def left(town: Town) -> int:
    """How many calls Heroku grants the listener's account now."""
    headers = {
        "Authorization": f"Bearer {ROBOT_TOKEN}",
        "Accept": "application/vnd.heroku+json; version=3",
    }
    answer = patient.get(f"{town.heroku.url}/account/rate-limits", headers=headers)
    return int(answer.json()["remaining"])
