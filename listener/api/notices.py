"""Notices: whether those who are to be told can be told."""

from __future__ import annotations

from flask import Blueprint
from pydantic import Field, model_validator

from listener.api.answers import Answer, returns_list
from listener.api.auth import On, needs, person
from listener.api.fields import RuleName
from listener.api.request_body import Body, takes
from listener.api.services import context
from listener.roles import Role
from listener.services import notices
from listener.services.notices import TriedService

bp = Blueprint("notices", __name__, url_prefix="/api/notices")


class NoticeTestBody(Body):
    """Who is to be told something: a URL, the services of a rule, or else those of the listener."""

    url: str | None = Field(default=None, repr=False)
    rule: RuleName | None = None

    @model_validator(mode="after")
    def _one(self) -> NoticeTestBody:
        if self.url is not None and self.rule is not None:
            raise ValueError("say a url or a rule, not both")
        return self


class NoticeTest(Answer):
    """A service that was told something as a test, without its secrets, and what came of it."""

    service: str
    told: bool
    message: str

    @classmethod
    def of(cls, tried: TriedService) -> NoticeTest:
        """Return what came of telling a service."""
        return cls(service=tried.shown, told=tried.told.is_told, message=tried.told.message)


class EventSecretsBody(Body):
    """Whose secrets: those of a rule's receivers, or else of the listener's."""

    rule: RuleName | None = None


class EventSecrets(Answer):
    """A receiver of events, and the secrets that verify them; while SECRET_KEY is renewed, more."""

    service: str
    secrets: list[str]


@bp.post("/actions/secrets")
@needs(Role.ADMIN, on=On.APPS)
@takes(EventSecretsBody)
@returns_list(EventSecrets, problems=(403, 404, 422))
def secrets(body: EventSecretsBody) -> list[EventSecrets]:
    """List the secrets by which receivers verify their events."""
    found = notices.secrets(context(), body.rule)
    return [EventSecrets(service=each.shown, secrets=list(each.secrets)) for each in found]


@bp.post("/actions/test")
@needs(Role.ADMIN, on=On.APPS)
@takes(NoticeTestBody)
@returns_list(NoticeTest, problems=(403, 404, 422))
def test(body: NoticeTestBody) -> list[NoticeTest]:
    """Tell each of these services something, and list who took it."""
    by = person().email
    if body.url is not None:
        tried = notices.try_url(context(), body.url, by=by)
    elif body.rule is not None:
        tried = notices.try_rule(context(), body.rule, by=by)
    else:
        tried = notices.try_general(context(), by=by)
    return [NoticeTest.of(each) for each in tried]
