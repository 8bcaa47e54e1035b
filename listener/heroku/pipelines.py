"""Heroku's own promotions within a pipeline, and the places of apps in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from listener.heroku.address import is_name
from listener.heroku.fields import Fields, Unreadable
from listener.heroku.resources import read

FAILED = "failed"
PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Apps in an order of stages."""

    id: str
    name: str

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of one pipeline."""
        return read("pipeline", value, lambda fields: cls(fields.text("id"), fields.text("name")))


@dataclass(frozen=True, slots=True)
class Coupling:
    """An app's place in its one pipeline."""

    app_id: str
    pipeline_id: str
    stage: str

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of one coupling."""
        return read("pipeline coupling", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        return cls(
            app_id=fields.part("app").text("id"),
            pipeline_id=fields.part("pipeline").text("id"),
            stage=fields.words("stage") or "",
        )


@dataclass(frozen=True, slots=True)
class PipelinePromotion:
    """The bringing of a release to other apps; `completed` does not mean that it got there."""

    id: str
    status: str

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of one promotion."""
        return read("pipeline promotion", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        id = fields.text("id")
        if not is_name(id):  # it could never be asked about again
            raise Unreadable("id is not an id")
        return cls(id=id, status=fields.words("status") or "")


@dataclass(frozen=True, slots=True)
class PromotionTarget:
    """What became of a promotion on one app: for a while it has no release, or never gets one."""

    app_id: str
    status: str  # Heroku's word, not an enum: new ones may come
    release_id: str | None
    error_message: str | None

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of one promotion target."""
        return read("promotion target", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        release = fields.part("release") if fields.has("release") else None
        return cls(
            app_id=fields.part("app").text("id"),
            status=fields.text("status"),
            release_id=release.text("id") if release and release.has("id") else None,
            error_message=fields.words("error_message"),
        )
