"""A delivery is read strictly where we need it, and whatever else it holds never trips us."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.heroku import Artifact, Event, EventRelease, MalformedEvent, parse, sign, verify

PAYLOADS = Path(__file__).parent / "payloads"
CREATED = json.loads((PAYLOADS / "release-create.json").read_bytes())
SLUG = "e7cb552a-e840-48cb-9164-081d1e6da274"
GONE = object()

RELEASE = EventRelease(
    id="6be9012f-1c42-4f2d-bb99-af152aad07d8",
    version=3,
    status="succeeded",
    current=True,
    artifact=Artifact("slug", SLUG),
    commit="1a5f89db9a6a62f29689b6eeea65e6b6eb0879cd",
    stack="heroku-24",
    description="Deploy 1a5f89db",
    user_email="user@example.com",
)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
values = st.recursive(
    scalars, lambda some: st.lists(some) | st.dictionaries(st.text(max_size=5), some), max_leaves=5
)


def read(content: bytes) -> Event:
    """Parse a body that was signed."""
    return parse(verify(content, sign(content, "secret"), ["secret"]))


def changed(path: str, value: object) -> bytes:
    """The captured body with one thing in it changed, or gone."""
    body = copy.deepcopy(CREATED)
    *parts, last = path.split(".")
    inner = body
    for part in parts:
        inner = inner[part]
    inner[last] = value
    if value is GONE:
        del inner[last]
    return json.dumps(body).encode()


def test_reads_what_heroku_sends() -> None:
    assert read((PAYLOADS / "release-create.json").read_bytes()) == Event(
        id="55fa9c58-68ae-4183-86df-29a7b27cdf84",
        action="create",
        resource="release",
        app_id="4335bcdb-5f6f-41f8-a31b-84697ec96475",
        app_name="sample-app",
        delivery_id="7e99cb52-1369-4507-be9e-32309898462d",
        webhook_id="e1020099-2147-45d9-b7a1-bf1422851eea",
        include="api:release",
        release=RELEASE,
    )


def test_the_events_of_one_release_name_the_same_release() -> None:
    created, updated = (read(path.read_bytes()) for path in sorted(PAYLOADS.iterdir()))
    assert (created.action, updated.action) == ("create", "update")
    assert created.id != updated.id
    assert created.release == updated.release


def test_a_release_of_fir_has_an_image() -> None:
    body = copy.deepcopy(CREATED)
    body["data"] |= {"slug": None, "artifacts": [{"type": "oci-image", "id": "image-1"}]}
    release = read(json.dumps(body).encode()).release
    assert release is not None
    assert release.artifact == Artifact("oci-image", "image-1")
    assert release.commit is None


@pytest.mark.parametrize(
    ("path", "value", "field", "found"),
    [
        ("data.artifacts", GONE, "artifact", Artifact("slug", SLUG)),
        ("data.user", None, "user_email", None),
        ("data.user", GONE, "user_email", None),
        ("data.user.email", GONE, "user_email", None),
        ("data.slug.commit", GONE, "commit", None),
        ("data.slug.commit", "x" * 5000, "commit", "x" * 100),
        ("data.stack", GONE, "stack", None),
        ("data.description", None, "description", None),
        ("data.description", "a\x00b\ud800c\n", "description", "abc\n"),
        ("data.status", "paused", "status", "paused"),
        ("data.current", False, "current", False),
        ("data.current", None, "current", False),
    ],
)
def test_does_without(path: str, value: object, field: str, found: object) -> None:
    release = read(changed(path, value)).release
    assert getattr(release, field) == found


@pytest.mark.parametrize("path", ["webhook_metadata", "webhook_metadata.delivery"])
def test_metadata_may_be_missing(path: str) -> None:
    assert read(changed(path, GONE)).delivery_id is None


@pytest.mark.parametrize("artifacts", [[], None])
def test_an_app_without_code_has_no_artifact(artifacts: object) -> None:
    body = copy.deepcopy(CREATED)
    body["data"] |= {"slug": None, "artifacts": artifacts}
    release = read(json.dumps(body).encode()).release
    assert release is not None
    assert release.artifact is None


def test_of_other_resources_only_the_app_is_read() -> None:
    event = read(changed("resource", "dyno"))
    assert (event.resource, event.app_name, event.release) == ("dyno", "sample-app", None)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("id", GONE, "id is missing"),
        ("id", 7, "id is not a text"),
        ("id", "", "id is not a text"),
        ("id", "a\x00b", "id is not a text"),
        ("id", "\ud800", "id is not a text"),
        ("id", "x" * 256, "id is not a text"),
        ("action", GONE, "action is missing"),
        ("resource", None, "resource is missing"),
        ("data", GONE, "data is not an object"),
        ("data", [], "data is not an object"),
        ("data.app", "acme", "data.app is not an object"),
        ("data.app.id", GONE, "data.app.id is missing"),
        ("data.id", GONE, "data.id is missing"),
        ("data.version", "3", "data.version is not a number"),
        ("data.version", True, "data.version is not a number"),
        ("data.version", 3.0, "data.version is not a number"),
        ("data.version", 0, "data.version is not a number"),
        ("data.version", 2**31, "data.version is not a number"),
        ("data.status", GONE, "data.status is missing"),
        ("data.current", "true", "data.current is not true or false"),
        ("data.slug", "slug-1", "data.slug is not an object"),
        ("data.slug.id", GONE, "data.slug.id is missing"),
        ("webhook_metadata", [], "webhook_metadata is not an object"),
        ("webhook_metadata.delivery.id", {}, "webhook_metadata.delivery.id is not a text"),
    ],
)
def test_says_what_is_wrong(path: str, value: object, reason: str) -> None:
    with pytest.raises(MalformedEvent) as caught:
        read(changed(path, value))
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("artifacts", "reason"),
    [
        ({}, "data.artifacts is not a list"),
        (["slug-1"], "data.artifacts[] is not an object"),
        ([{"type": "oci-image"}], "data.artifacts[].id is missing"),
    ],
)
def test_says_what_is_wrong_with_artifacts(artifacts: object, reason: str) -> None:
    body = copy.deepcopy(CREATED)
    body["data"] |= {"slug": None, "artifacts": artifacts}
    with pytest.raises(MalformedEvent) as caught:
        read(json.dumps(body).encode())
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b'"release"',
        b"{",
        b"\xff\xfe{}",
        b'{"id": NaN}',
        b'{"id": -Infinity}',
        b'{"id": ' + b"9" * 5000 + b"}",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"id": "\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
    ],
    ids=lambda content: content[:12].decode("latin-1"),
)
def test_what_is_no_json_object_is_malformed(content: bytes) -> None:
    with pytest.raises(MalformedEvent):
        read(content)


def test_of_a_key_given_twice_the_last_counts() -> None:
    content = changed("id", "second").replace(
        b'"id": "second"', b'"id": "first", "id": "second"', 1
    )
    assert read(content).id == "second"


@given(st.binary())
def test_bytes_are_an_event_or_malformed(content: bytes) -> None:
    with pytest.raises(MalformedEvent):
        read(content)


@given(st.data())
def test_whatever_is_changed_it_is_an_event_or_malformed(data: st.DataObject) -> None:
    body = copy.deepcopy(CREATED)
    inner: Any = body
    key = data.draw(st.sampled_from(sorted(inner)))
    while isinstance(inner[key], dict) and inner[key] and data.draw(st.booleans()):
        inner = inner[key]
        key = data.draw(st.sampled_from(sorted(inner)))
    inner[key] = data.draw(values)
    with contextlib.suppress(MalformedEvent):
        event = read(json.dumps(body).encode())
        fit = "".join((event.id, event.app_id, event.app_name)).encode()  # lone surrogates are not
        assert b"\x00" not in fit


def test_a_reason_never_quotes_the_body() -> None:
    with pytest.raises(MalformedEvent) as caught:
        read(changed("data.version", "s3cr3t"))
    assert "s3cr3t" not in str(caught.value)
