"""What Heroku's answers look like, as its schema has them."""

from __future__ import annotations

from typing import Any

APP_ID = "01234567-89ab-cdef-0123-456789abcdef"
SLUG_ID = "5ca1ab1e-89ab-cdef-0123-456789abcdef"


def release(version: int = 7, **changes: Any) -> dict[str, Any]:
    """A release of a slug."""
    return {
        "addon_plan_names": [],
        "app": {"id": APP_ID, "name": "acme-prod"},
        "artifacts": [{"type": "slug", "id": SLUG_ID}],
        "created_at": "2026-01-02T03:04:05Z",
        "current": False,
        "description": "Deploy 1a5f89db",
        "eligible_for_rollback": True,
        "id": f"00000000-0000-0000-0000-{version:012}",
        "output_stream_url": None,
        "slug": {"id": SLUG_ID},
        "status": "succeeded",
        "updated_at": "2026-01-02T03:04:06Z",
        "user": {"id": "ana", "email": "ana@example.com"},
        "version": version,
    } | changes


def app(**changes: Any) -> dict[str, Any]:
    """An app of the Cedar generation."""
    return {
        "id": APP_ID,
        "name": "acme-prod",
        "generation": {"id": "1", "name": "cedar"},
        "stack": {"id": "2", "name": "heroku-24"},
        "build_stack": {"id": "4", "name": "heroku-26"},
        "web_url": "https://acme-prod-0123.herokuapp.com/",
    } | changes


def webhook(**changes: Any) -> dict[str, Any]:
    """A webhook on an app."""
    return {
        "id": "hook-1",
        "app": {"id": APP_ID, "name": "acme-staging"},
        "created_at": "2026-01-02T03:04:05Z",
        "include": ["api:release"],
        "level": "sync",
        "updated_at": "2026-01-02T03:04:05Z",
        "url": "https://autopromote.example.com/webhooks/heroku",
    } | changes


def delivery(**changes: Any) -> dict[str, Any]:
    """A delivery that succeeded."""
    return {
        "id": "delivery-1",
        "created_at": "2026-01-02T03:04:05Z",
        "event": {"id": "event-1", "include": "api:release"},
        "last_attempt": {"id": "attempt-1", "code": 204, "status": "succeeded"},
        "next_attempt_at": None,
        "num_attempts": 1,
        "status": "succeeded",
        "webhook": {"id": "hook-1", "level": "sync"},
    } | changes


def buildpack(name: str = "heroku/python", **changes: Any) -> dict[str, Any]:
    """A buildpack that an app builds with."""
    return {"ordinal": 0, "buildpack": {"url": f"urn:buildpack:{name}", "name": name}} | changes


def authorization(**changes: Any) -> dict[str, Any]:
    """A token of the account that lives for ever, masked as Heroku shows it."""
    return {
        "id": "authorization-1",
        "access_token": {"expires_in": None, "id": "access-1", "token": "*****"},
        "description": "autopromote",
        "scope": ["global"],
    } | changes


def coupling(**changes: Any) -> dict[str, Any]:
    """An app's place in a pipeline."""
    return {
        "app": {"id": APP_ID},
        "created_at": "2026-01-02T03:04:05Z",
        "id": "coupling-1",
        "pipeline": {"id": "pipeline-1"},
        "stage": "staging",
        "updated_at": "2026-01-02T03:04:05Z",
    } | changes


def promotion(**changes: Any) -> dict[str, Any]:
    """A pipeline promotion that was just asked for."""
    return {
        "created_at": "2026-01-02T03:04:05Z",
        "id": "promotion-1",
        "pipeline": {"id": "pipeline-1"},
        "source": {"app": {"id": APP_ID}, "release": {"id": "release-42"}},
        "status": "pending",
        "updated_at": "2026-01-02T03:04:05Z",
    } | changes


def promotion_target(**changes: Any) -> dict[str, Any]:
    """A target of a pipeline promotion, of which nothing came yet."""
    return {
        "app": {"id": "app-prod"},
        "error_message": None,
        "id": "target-1",
        "pipeline_promotion": {"id": "promotion-1"},
        "release": None,
        "status": "pending",
    } | changes
