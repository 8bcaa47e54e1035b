"""The door that Heroku knocks at: size, secrets, signature, store, in that order."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from listener.app import Parts, assemble, build
from listener.crypto import Keys
from listener.db import subscriptions
from listener.heroku import HEADER, sign
from tests.api.conftest import SECRET_KEY
from tests.api.source import Source

DOOR = "/webhooks/heroku"
UNSIGNED = {"id": "bad_signature", "message": "The signature does not match."}


def test_a_signed_delivery_is_kept_and_its_app_is_looked_at(
    client: FlaskClient, source: Source
) -> None:
    assert source.look_at() is None

    answer = client.post(DOOR, **source.told(delivery_id="d-7", version=42))

    assert (answer.status_code, answer.data) == (204, b"")
    [kept] = source.deliveries()
    assert (kept.key, kept.app_id, kept.version, kept.status) == ("d-7", source.id, 42, "succeeded")
    assert (kept.resource, kept.action, kept.outcome, kept.settled_at) == (
        "release",
        "create",
        None,
        None,
    )
    assert kept.artifact == "e7cb552a-e840-48cb-9164-081d1e6da274"
    assert source.look_at() is not None


def test_the_body_is_kept_sealed_to_the_byte(
    client: FlaskClient, parts: Parts, source: Source
) -> None:
    body = json.dumps(source.event(), indent=3).encode() + b"\n"
    client.post(DOOR, **source.signed(body))

    [kept] = source.deliveries()
    assert b"sample-app" not in kept.body
    assert parts.keys.bodies.open(kept.body) == body


def test_the_same_delivery_again_is_counted_and_asks_for_no_work(
    client: FlaskClient, source: Source
) -> None:
    client.post(DOOR, **source.told())
    first = source.look_at()
    assert client.post(DOOR, **source.told()).status_code == 204

    [kept] = source.deliveries()
    assert kept.times == 2
    assert kept.last_received_at > kept.received_at
    assert source.look_at() == first


def test_deliveries_without_an_id_are_told_apart_by_their_bytes(
    client: FlaskClient, source: Source
) -> None:
    for version in (42, 43, 42):
        event = source.event(version=version)
        del event["webhook_metadata"]
        body = json.dumps(event).encode()
        assert client.post(DOOR, **source.signed(body)).status_code == 204

    assert [(kept.version, kept.times) for kept in source.deliveries()] == [(42, 2), (43, 1)]


@pytest.mark.parametrize(
    "signature", [None, "", "garbage", "ü", "=" * 44, "bm90IGl0", sign(b"{}", "another secret")]
)
def test_what_is_not_signed_with_our_secret_is_turned_away_alike(
    client: FlaskClient, source: Source, signature: str | None
) -> None:
    headers = {} if signature is None else {HEADER: signature}
    answer = client.post(DOOR, data=b"{}", headers=headers)

    assert (answer.status_code, answer.get_json()) == (401, UNSIGNED)
    assert source.deliveries() == []


def test_a_changed_body_is_turned_away(client: FlaskClient, source: Source) -> None:
    request = source.told()
    request["data"] += b" "
    assert client.post(DOOR, **request).status_code == 401


def test_a_repeated_signature_is_turned_away(client: FlaskClient, source: Source) -> None:
    request = source.told()
    signature = request["headers"][HEADER]
    answer = client.post(
        DOOR, data=request["data"], headers=[(HEADER, signature), (HEADER, signature)]
    )
    assert answer.status_code == 401


def test_without_any_subscription_nothing_is_authentic(client: FlaskClient) -> None:
    answer = client.post(DOOR, data=b"{}", headers={HEADER: sign(b"{}", "")})
    assert (answer.status_code, answer.get_json()) == (401, UNSIGNED)


def test_any_secret_of_any_subscription_will_do(
    client: FlaskClient, parts: Parts, source: Source
) -> None:
    Source(parts, "shop-staging")
    source.add_secret("a newer one")

    assert client.post(DOOR, **source.told(delivery_id="d-1")).status_code == 204
    body = json.dumps(source.event(delivery_id="d-2")).encode()
    assert client.post(DOOR, **source.signed(body, "a newer one")).status_code == 204
    assert [kept.key for kept in source.deliveries()] == ["d-1", "d-2"]


def test_a_removed_subscription_is_no_longer_heard(
    client: FlaskClient, parts: Parts, source: Source
) -> None:
    with parts.database.begin() as conn:
        subscriptions.remove(conn, source.subscription_id)
    assert client.post(DOOR, **source.told()).status_code == 401


def test_what_is_about_another_app_is_kept_and_ignored(
    client: FlaskClient, parts: Parts, source: Source
) -> None:
    other = Source(parts, "shop-staging")
    body = json.dumps(other.event(delivery_id="d-1")).encode()

    assert client.post(DOOR, **source.signed(body)).status_code == 204

    [kept] = source.deliveries()
    assert kept.outcome == "ignored: about another app than was subscribed to"
    assert kept.settled_at is not None
    assert other.look_at() is None
    assert source.look_at() is None


def test_what_is_ignored_takes_no_other_delivery_s_place(
    client: FlaskClient, parts: Parts, source: Source
) -> None:
    other = Source(parts, "shop-staging")
    body = json.dumps(other.event(delivery_id="d-1")).encode()
    client.post(DOOR, **source.signed(body))
    client.post(DOOR, **other.signed(body))

    assert [(kept.app_id, kept.outcome is None) for kept in source.deliveries()] == [
        (source.id, False),
        (other.id, True),
    ]


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b"", "not understood: it is not JSON"),
        (b"{", "not understood: it is not JSON"),
        (b"\xff\xfe", "not understood: it is not JSON"),
        (b"[]", "not understood: it is not an object"),
        (b"{}", "not understood: data is not an object"),
        (b"[" * 100_000, "not understood: it is not JSON"),
        (b'{"id": "\\u0000"}', "not understood: data is not an object"),
    ],
)
def test_whatever_is_authentic_is_accepted_understood_or_not(
    client: FlaskClient, source: Source, body: bytes, outcome: str
) -> None:
    assert client.post(DOOR, **source.signed(body)).status_code == 204
    [kept] = source.deliveries()
    assert (kept.outcome, kept.app_id) == (outcome, source.id)


def test_two_that_are_not_understood_are_two(client: FlaskClient, source: Source) -> None:
    for body in (b"{}", b"[]", b"{}"):
        client.post(DOOR, **source.signed(body))
    assert [kept.times for kept in source.deliveries()] == [2, 1]


@pytest.mark.parametrize("change", [{"sequence": "\0"}, {"resource": "build"}, {"news": {"a": 1}}])
def test_what_we_need_not_understand_is_no_obstacle(
    client: FlaskClient, source: Source, change: dict[str, Any]
) -> None:
    assert client.post(DOOR, **source.told(**change)).status_code == 204
    [kept] = source.deliveries()
    assert kept.outcome is None


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_any_content_type_will_do(client: FlaskClient, source: Source, content_type: str) -> None:
    request = source.told()
    request["headers"]["Content-Type"] = content_type
    assert client.post(DOOR, **request).status_code == 204


def test_one_mebibyte_is_the_most(client: FlaskClient, source: Source) -> None:
    largest = b" " * 1024 * 1024
    assert client.post(DOOR, **source.signed(largest)).status_code == 204

    answer = client.post(DOOR, **source.signed(largest + b" "))
    assert (answer.status_code, answer.get_json()["id"]) == (413, "too_large")
    assert len(source.deliveries()) == 1


@pytest.mark.parametrize(("size", "status"), [(1024 * 1024, 204), (1024 * 1024 + 1, 413)])
def test_a_chunked_body_is_no_way_around_it(
    client: FlaskClient, source: Source, size: int, status: int
) -> None:
    body = b" " * size
    answer = client.post(
        DOOR,
        input_stream=io.BytesIO(body),
        headers={HEADER: sign(body, source.secret), "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == status


def test_the_size_goes_before_the_secrets(client: FlaskClient, source: Source) -> None:
    source.add_secret("lost", keys=Keys(["o" * 32]))
    assert client.post(DOOR, data=b" " * (1024 * 1024 + 1)).status_code == 413


def test_a_secret_that_no_key_opens_is_a_reason_to_try_again_later(
    client: FlaskClient, parts: Parts, source: Source
) -> None:
    settings = replace(parts.settings, secret_keys=("n" * 32,))
    lost = build(replace(parts, settings=settings, keys=Keys(["n" * 32]))).test_client()

    answer = lost.post(DOOR, **source.told())

    assert (answer.status_code, answer.get_json()["id"]) == (503, "secrets_unreadable")
    assert source.deliveries() == []
    assert lost.post(DOOR, **source.signed(b"{}", "another secret")).status_code == 503


def test_one_lost_secret_does_not_shut_out_those_that_can_be_verified(
    client: FlaskClient, source: Source
) -> None:
    source.add_secret("lost", keys=Keys(["o" * 32]))
    assert client.post(DOOR, **source.told()).status_code == 204


def test_a_newer_secret_key_in_front_changes_nothing(parts: Parts, source: Source) -> None:
    keys = Keys(["n" * 32, SECRET_KEY])
    renewed = build(replace(parts, keys=keys)).test_client()
    assert renewed.post(DOOR, **source.told()).status_code == 204


def test_the_first_delivery_proves_the_secret_and_is_remembered(
    client: FlaskClient, source: Source
) -> None:
    assert (source.secret_row().proved_at, source.subscription().last_delivery_at) == (None, None)

    client.post(DOOR, **source.told())

    assert source.secret_row().proved_at is not None
    assert source.subscription().last_delivery_at is not None


def test_an_event_of_anything_else_proves_it_as_well(client: FlaskClient, source: Source) -> None:
    client.post(DOOR, **source.signed(b"{}"))
    assert source.secret_row().proved_at is not None


def test_only_the_first_delivery_proves(client: FlaskClient, source: Source) -> None:
    client.post(DOOR, **source.told(delivery_id="d-1"))
    proved_at = source.secret_row().proved_at
    client.post(DOOR, **source.told(delivery_id="d-2"))
    assert source.secret_row().proved_at == proved_at


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_it_takes_nothing_but_posts(client: FlaskClient, method: str) -> None:
    answer = client.open(DOOR, method=method)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a_database_that_is_away_is_a_reason_to_try_again_later(parts: Parts) -> None:
    settings = replace(parts.settings, database_url="postgres://ana:pw@127.0.0.1:9/acme")
    away = assemble(settings)
    headers = {HEADER: sign(b"{}", "a secret")}
    answer = build(away).test_client().post(DOOR, data=b"{}", headers=headers)
    away.close()

    assert (answer.status_code, answer.get_json()["id"]) == (503, "database_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_read_only_database_is_a_reason_to_try_again_later(
    client: FlaskClient, parts: Parts, source: Source
) -> None:
    with parts.database.begin() as conn:
        name = conn.exec_driver_sql("SELECT current_database()").scalar_one()
        conn.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    parts.database.dispose()  # it counts for connections to come
    try:
        answer = client.post(DOOR, **source.told())
    finally:
        with parts.database.begin() as conn:
            conn.exec_driver_sql("SET TRANSACTION READ WRITE")
            conn.exec_driver_sql(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        parts.database.dispose()
    assert (answer.status_code, answer.get_json()["id"]) == (503, "database_read_only")
    assert int(answer.headers["Retry-After"]) > 0
