"""Pages that wait for Heroku, on real sockets: pages of others go on, and so do webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from listener.core.app import App
from listener.crypto import Keys
from listener.db import apps, rules
from listener.db.engine import open_database
from listener.db.rules import RuleTarget
from listener.heroku import HEADER, sign
from listener.services.caller import Caller
from tests.acceptance.town import wait_until
from tests.frame.processes import KEY, Web, settings
from tests.logins import desk_of
from tests.outbound.peer import SECONDS, Conversation, Peer

ANA = "ana@example.com"
SLOW = 3  # pages that wait; strangers have fewer threads


@pytest.fixture
def heroku() -> Iterator[Peer]:
    """A Heroku that keeps all who ask waiting, until it is over."""

    def silent(talk: Conversation) -> None:
        talk.hear()
        peer.over.wait(SECONDS)

    with (peer := Peer(silent)).listening():
        yield peer


@pytest.fixture
def cookie(database_url: str) -> dict[str, str]:
    """What Ana's browser brings; she sees rules, each with two apps of its own."""
    database = open_database(database_url)
    with database.begin() as conn:
        for number in range(SLOW):
            source, target = App(f"s{number}", f"staging-{number}"), App(f"t{number}", f"p{number}")
            for each in (source, target):
                apps.ensure(conn, each)
            rules.add(
                conn,
                by="ana",
                targets=[RuleTarget(target.id, 1)],
                declared={},
                name=f"rule-{number}",
                mode="off",
                strategy="slug",
                on_newer="keep",
                source_id=source.id,
            )
    caller = Caller("192.0.2.1", datetime.now(UTC))
    session = desk_of(database, Keys([KEY])).log_in_browser(ANA, caller)
    database.dispose()
    return {"Cookie": f"autopromote_browser={session.text}"}


@pytest.fixture
def web(database_url: str, heroku: Peer, tmp_path: Path) -> Iterator[Web]:
    """One process that answers, and does nothing else."""
    env = {"HEROKU_API_URL": heroku.url, "AUTOPROMOTE_RUNNERS": "0", "WEB_CONCURRENCY": "1"}
    started = Web(settings(database_url) | env, tmp_path / "log")
    yield started
    started.end()


def test_pages_that_wait_for_heroku_hold_up_no_other_page(
    web: Web, heroku: Peer, cookie: dict[str, str]
) -> None:
    def play(number: int) -> int:
        path = f"/rules/{number + 1}?backtest=1"
        return web.http.get(path, headers=cookie).status_code

    with ThreadPoolExecutor(SLOW) as pool:
        waiting = [pool.submit(play, number) for number in range(SLOW)]
        wait_until(lambda: len(heroku.requests) >= SLOW, "pages that wait for Heroku")
        lanes = web.http.get("/", headers=cookie)
        told = web.http.post(
            "/webhooks/heroku", content=b"{}", headers={HEADER: sign(b"{}", "any")}
        )
        assert not any(each.done() for each in waiting)  # they take ten seconds
        heroku.over.set()

    assert (lanes.status_code, ANA in lanes.text, told.status_code) == (200, True, 401)
    assert {each.result() for each in waiting} == {502}
