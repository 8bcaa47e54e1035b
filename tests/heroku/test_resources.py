"""What Heroku shows is read in every form it has, and never half."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from listener.heroku import App, Artifact, BadAnswer, Heroku, Release, Slug
from tests.heroku import samples
from tests.outbound.peer import Peer, Script, answer, giving

Start = Callable[[Script], Peer]
Client = Callable[..., Heroku]


@pytest.mark.parametrize(
    ("changes", "generation", "stack", "is_container"),
    [
        ({}, "cedar", "heroku-24", False),
        ({"generation": "fir"}, "fir", "heroku-24", False),
        ({"generation": {"name": "fir"}}, "fir", "heroku-24", False),
        ({"generation": None}, "cedar", "heroku-24", False),
        ({"stack": {"id": "3", "name": "container"}}, "cedar", "container", True),
        ({"stack": None}, "cedar", None, False),
    ],
)
def test_reads_an_app(
    peer: Start,
    client: Client,
    changes: dict[str, Any],
    generation: str,
    stack: str | None,
    is_container: bool,
) -> None:
    at = peer(giving(answer(200, samples.app(**changes))))
    app = client(at.url).app("acme-prod")
    assert app == App(
        id=samples.APP_ID,
        name="acme-prod",
        generation=generation,
        stack=stack,
        build_stack="heroku-26",
        web_url="https://acme-prod-0123.herokuapp.com/",
    )
    assert app.is_container is is_container


def test_an_app_that_will_be_a_container_app_counts_as_one(peer: Start, client: Client) -> None:
    boxed = samples.app(build_stack={"id": "3", "name": "container"})
    at = peer(giving(answer(200, boxed)))
    assert client(at.url).app("acme-prod").is_container


def test_reads_a_release(peer: Start, client: Client) -> None:
    sample = samples.release(current=True, output_stream_url="https://example.com/streams/1")
    at = peer(giving(answer(200, sample)))
    release = client(at.url).release("acme-prod", "7")
    assert at.requests[0].path == "/apps/acme-prod/releases/7"
    assert release == Release(
        id="00000000-0000-0000-0000-000000000007",
        version=7,
        status="succeeded",
        is_current=True,
        description="Deploy 1a5f89db",
        artifact=Artifact("slug", samples.SLUG_ID),
        user_id="ana",
        user_email="ana@example.com",
        created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        updated_at=datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC),
        output_stream_url="https://example.com/streams/1",
    )
    assert "streams" not in repr(release)


@pytest.mark.parametrize(
    ("changes", "artifact"),
    [
        ({"artifacts": None}, Artifact("slug", samples.SLUG_ID)),
        ({"slug": None, "artifacts": []}, None),
        ({"slug": None}, Artifact("slug", samples.SLUG_ID)),
        ({"slug": None, "oci_image": {"id": "image-1"}}, Artifact("oci-image", "image-1")),
        (
            {"slug": None, "artifacts": [{"type": "oci-image", "id": "image-2"}]},
            Artifact("oci-image", "image-2"),
        ),
    ],
)
def test_reads_a_release_whatever_it_runs(
    changes: dict[str, Any], artifact: Artifact | None
) -> None:
    assert Release.from_json(samples.release(**changes)).artifact == artifact


@pytest.mark.parametrize(
    ("changes", "field", "found"),
    [
        ({"description": None}, "description", ""),
        ({"user": None}, "user_id", None),
        ({"user": None}, "user_email", None),
        ({"current": None}, "is_current", False),
        ({"status": "paused"}, "status", "paused"),
        ({"updated_at": None}, "updated_at", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ],
)
def test_reads_a_release_that_lacks_what_we_can_do_without(
    changes: dict[str, Any], field: str, found: object
) -> None:
    assert getattr(Release.from_json(samples.release(**changes)), field) == found


@pytest.mark.parametrize(
    ("written", "microsecond"),
    [
        ("2026-01-02T03:04:05Z", 0),
        ("2026-01-02T03:04:05.678901Z", 678901),
        ("2026-01-02T03:04:05+00:00", 0),
        ("2026-01-02T05:04:05+02:00", 0),
        ("2026-01-02 03:04:05", 0),
        ("20260102T030405Z", 0),
    ],
)
def test_reads_times_in_every_form(written: str, microsecond: int) -> None:
    release = Release.from_json(samples.release(created_at=written))
    assert release.created_at == datetime(2026, 1, 2, 3, 4, 5, microsecond, tzinfo=UTC)
    assert release.created_at.tzinfo is UTC


def test_reads_a_slug(peer: Start, client: Client) -> None:
    body = {
        "id": samples.SLUG_ID,
        "commit": "1a5f89db",
        "commit_description": "Fix the cart",
        "stack": {"id": "2", "name": "heroku-24"},
        "process_types": {"web": "./web", "release": "./migrate"},
        "deleted_at": "2026-01-02T03:04:05Z",
        "blob": {"method": "GET", "url": "https://example.com/secret"},
    }
    at = peer(giving(answer(200, body)))
    slug = client(at.url).slug("acme-prod", samples.SLUG_ID)
    deleted_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert slug == Slug(
        samples.SLUG_ID, "1a5f89db", "Fix the cart", "heroku-24", ("web", "release"), deleted_at
    )
    assert at.requests[0].path == f"/apps/acme-prod/slugs/{samples.SLUG_ID}"


def test_reads_a_slug_of_which_little_is_told() -> None:
    assert Slug.from_json({"id": "slug-1"}) == Slug("slug-1", None, None, None, (), None)


def test_a_commit_of_any_length_is_cut_for_whoever_builds_names_it() -> None:
    assert Slug.from_json({"id": "slug-1", "commit": "x" * 5000}).commit == "x" * 100


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ([], "it is not an object"),
        ("release", "it is not an object"),
        (samples.release(id=None), "id is missing"),
        (samples.release() | {"version": "7"}, "version is not a number"),
        (samples.release() | {"version": True}, "version is not a number"),
        (samples.release(status=None), "status is missing"),
        (samples.release(current="yes"), "current is not true or false"),
        (samples.release(slug={}), "slug.id is missing"),
        (samples.release(created_at=None), "created_at is missing"),
        (samples.release(created_at="yesterday"), "created_at is not a time"),
        (samples.release(created_at="0001-01-01T00:00:00+10:00"), "created_at is not a time"),
        (samples.release(user="ana"), "user is not an object"),
    ],
)
def test_a_release_that_lacks_what_we_need_is_a_bad_answer(
    peer: Start, client: Client, body: object, wrong: str
) -> None:
    at = peer(giving(answer(200, body)))
    with pytest.raises(BadAnswer) as caught:
        client(at.url).release("acme-prod", "7")
    assert caught.value.message == f"Heroku showed a release that cannot be used: {wrong}."
