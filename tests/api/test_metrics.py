"""Metrics: what the database tells, and what was answered."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, insert, literal, update

from listener.app import Parts, assemble, build
from listener.config import Settings
from listener.db.tables import app as apps
from listener.db.tables import hold, promotion
from tests.api.conftest import ADMIN, STRANGER, VIEWER
from tests.api.source import Source
from tests.outbound.peer import Peer, answer, giving

DOOR = "/webhooks/heroku"
As = Callable[[str], dict[str, str]]


@pytest.fixture
def app(parts: Parts) -> Flask:
    """An app that has counted no request yet."""
    return build(parts)


def scraped(client: FlaskClient) -> dict[tuple[str, ...], float]:
    """Every value, by its name and the values of its labels."""
    answer = client.get("/metrics", headers={"Authorization": "Bearer scrape-me"})
    assert answer.content_type.startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_requests_by_route_method_and_status(client: FlaskClient) -> None:
    for path in ("/api/rules/1", "/api/rules/2", "/nowhere"):
        client.get(path)

    found = scraped(client)
    assert found["autopromote_requests_total", "GET", "/api/rules/<rule>", "401"] == 2
    assert found["autopromote_requests_total", "GET", "unknown", "404"] == 1
    assert found["autopromote_request_seconds_count", "/api/rules/<rule>"] == 2


def test_methods_that_strangers_make_up_are_one(client: FlaskClient) -> None:
    for number in range(3):
        client.open("/nowhere", method=f"MADEUP{number}")

    of_methods = [name for name in scraped(client) if name[0] == "autopromote_requests_total"]
    assert len(of_methods) == 1
    assert of_methods[0][1] == "other"


def test_deliveries_by_what_became_of_them(client: FlaskClient, source: Source) -> None:
    client.post(DOOR, **source.told())
    client.post(DOOR, **source.signed(b"{}"))
    client.post(DOOR, **source.signed(b'{"data": {"app": {"id": "x"}}}'))

    found = scraped(client)
    assert found["autopromote_deliveries", "undecided"] == 1
    assert found["autopromote_deliveries", "not_understood"] == 2


def test_promotions_by_status_and_open_holds(
    client: FlaskClient, parts: Parts, source: Source
) -> None:
    values = {
        "source_id": source.id,
        "target_id": source.id,
        "version": 1,
        "artifact": "a",
        "status": "waiting",
    }
    with parts.database.begin() as conn:
        for number in range(2):
            conn.execute(insert(promotion).values(release_id=f"r-{number}", **values))
        conn.execute(insert(hold).values(kind="person", reason="launch", by="ana"))

    found = scraped(client)
    assert found["autopromote_promotions", "waiting"] == 2
    assert found["autopromote_open_holds",] == 1


def test_how_late_the_work_is(client: FlaskClient, parts: Parts, source: Source) -> None:
    due = update(apps).where(apps.c.id == source.id)
    with parts.database.begin() as conn:
        conn.execute(due.values(look_at=func.now() - literal(timedelta(hours=1))))

    found = scraped(client)
    assert 3600 <= found["autopromote_due_lag_seconds", "look"] < 3700
    assert found["autopromote_due_lag_seconds", "promotion"] == 0


def test_what_heroku_still_grants_is_told_once_it_was_asked(client: FlaskClient) -> None:
    assert ("autopromote_heroku_requests_left",) not in scraped(client)


def test_what_heroku_still_grants_is_what_it_said_last(settings: Settings) -> None:
    account = answer(200, {"id": "1", "email": "robot@example.com"}, ratelimit_remaining="4217")
    with (
        Peer(giving(account)).listening() as heroku,
        closing(assemble(replace(settings, heroku_api_url=heroku.url))) as parts,
    ):
        parts.context.heroku.account()
        found = scraped(build(parts).test_client())
    assert found["autopromote_heroku_requests_left",] == 4217


def test_the_metrics_token_opens_the_metrics_and_nothing_else(client: FlaskClient) -> None:
    headers = {"Authorization": "Bearer scrape-me"}
    assert client.get("/metrics", headers=headers).status_code == 200
    assert client.get("/api/whoami", headers=headers).status_code == 401


def test_an_admin_opens_the_metrics(client: FlaskClient, as_: As) -> None:
    assert client.get("/metrics", headers=as_(ADMIN)).status_code == 200
    assert client.get("/metrics", headers=as_(VIEWER)).status_code == 403
    assert client.get("/metrics", headers=as_(STRANGER)).status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer ü"}).status_code == 401


def test_without_a_metrics_token_none_opens_them(parts: Parts) -> None:
    settings = replace(parts.settings, metrics_token=None)
    client = build(replace(parts, settings=settings)).test_client()
    for token in ("", "None", "scrape-me"):
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
