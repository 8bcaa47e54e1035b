"""What Heroku's Platform API tells of, each read once from JSON into a frozen value.

`from_json` raises `BadAnswer` where something is missing that we need.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self, TypeVar

from listener.heroku.address import is_name
from listener.heroku.errors import HEROKU
from listener.outbound.address import without_secrets
from listener.outbound.fields import Fields, Unreadable

T = TypeVar("T")

LONGEST_COMMIT = 100  # a SHA has 40 or 64; an index takes no text without a bound
CEDAR = "cedar"
SLUG, OCI_IMAGE = "slug", "oci-image"
URL_LENGTH = 2048
_FACTOR = "requires_second_factor"


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a release runs: `slug`, or `oci-image` on Fir."""

    type: str
    id: str


def artifact_of(release: Fields) -> Artifact | None:
    """Return the artifact of a release, in whichever of its forms it is given."""
    if release.has("slug"):
        return Artifact(SLUG, release.part("slug").text("id"))
    if release.has("oci_image"):
        return Artifact(OCI_IMAGE, release.part("oci_image").text("id"))
    found = [Artifact(each.text("type"), each.text("id")) for each in release.parts("artifacts")]
    return found[0] if found else None


def commit_of(slug: Fields) -> str | None:
    """Return what a slug says it was built from: of any text whoever builds may set, the begin."""
    return (slug.words("commit") or "")[:LONGEST_COMMIT] or None


@dataclass(frozen=True, slots=True)
class Release:
    """A numbered release of an app; whoever knows the stream url may read its output."""

    id: str
    version: int
    status: str  # Heroku's word, not an enum: new ones may come
    is_current: bool
    description: str
    artifact: Artifact | None
    user_id: str | None
    user_email: str | None
    created_at: datetime
    updated_at: datetime
    output_stream_url: str | None = field(repr=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of one release."""
        return HEROKU.read("release", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        user = fields.part("user") if fields.has("user") else None
        return cls(
            id=fields.text("id"),
            version=fields.number("version"),
            status=fields.text("status"),
            is_current=fields.flag("current"),
            description=fields.words("description") or "",
            artifact=artifact_of(fields),
            user_id=user.words("id") if user else None,
            user_email=user.words("email") if user else None,
            created_at=fields.moment("created_at"),
            updated_at=fields.moment("updated_at" if fields.has("updated_at") else "created_at"),
            output_stream_url=fields.words("output_stream_url"),
        )


@dataclass(frozen=True, slots=True)
class App:
    """An app, with what tells whether its code can run elsewhere."""

    id: str
    name: str
    generation: str
    stack: str | None  # of what runs
    build_stack: str | None  # of what is built or released next
    web_url: str | None

    @property
    def is_container(self) -> bool:
        """It runs a container image that was pushed to it, or will, and not a slug."""
        return "container" in (self.stack, self.build_stack)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of one app."""
        return HEROKU.read("app", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        return cls(
            id=fields.text("id"),
            name=fields.text("name"),
            generation=fields.name_of("generation") or CEDAR,
            stack=fields.name_of("stack"),
            build_stack=fields.name_of("build_stack"),
            web_url=fields.words("web_url"),
        )


@dataclass(frozen=True, slots=True)
class Slug:
    """Compiled code; commit and stack never change, and one day it is deleted."""

    id: str
    commit: str | None
    commit_message: str | None
    stack: str | None
    process_types: tuple[str, ...]
    deleted_at: datetime | None

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of one slug."""
        return HEROKU.read("slug", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        return cls(
            id=fields.text("id"),
            commit=commit_of(fields),
            commit_message=fields.words("commit_description"),
            stack=fields.name_of("stack"),
            process_types=fields.keys("process_types"),
            deleted_at=fields.moment("deleted_at") if fields.has("deleted_at") else None,
        )


@dataclass(frozen=True, slots=True)
class Buildpack:
    """One of the buildpacks of an app; they build in the order of their numbers."""

    ordinal: int
    name: str

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of one buildpack installation."""
        return HEROKU.read("buildpack", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        buildpack = fields.part("buildpack")
        named = "name" if buildpack.has("name") else "url"
        name = buildpack.text(named, limit=URL_LENGTH).removeprefix("urn:buildpack:")
        return cls(fields.number("ordinal", least=0), without_secrets(name))


@dataclass(frozen=True, slots=True)
class Image:
    """An OCI image, and the buildpacks that made it, in their order; none where none is told."""

    id: str
    buildpacks: tuple[str, ...]

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of one image."""
        return HEROKU.read("image", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        named = (each.text("id", limit=URL_LENGTH) for each in fields.parts("buildpacks"))
        return cls(fields.text("id"), tuple(without_secrets(name) for name in named))


def wanting_a_second_factor(value: object) -> frozenset[str]:
    """Return the ids of the apps that want one, by Heroku's answer about capabilities."""

    def named(fields: Fields) -> frozenset[str]:
        found = (each for each in fields.parts("capabilities") if each.flag(_FACTOR))
        return frozenset(filter(None, (each.words("resource_canonical_id") for each in found)))

    return HEROKU.read(
        "capability", {"capabilities": value} if isinstance(value, list) else value, named
    )


@dataclass(frozen=True, slots=True)
class Authorization:
    """One of an account's tokens: how long it lives from now on, and never the token."""

    id: str
    scopes: tuple[str, ...]
    expires_in: int | None  # seconds; None for ever

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of one authorization."""
        return HEROKU.read("authorization", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        token = fields.part("access_token") if fields.has("access_token") else None
        ends = token is not None and token.has("expires_in")
        return cls(
            id=fields.text("id"),
            scopes=fields.texts("scope"),
            expires_in=token.number("expires_in", least=0) if token and ends else None,
        )


@dataclass(frozen=True, slots=True)
class Account:
    """Whose token it is."""

    id: str
    email: str

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of one account."""
        return HEROKU.read(
            "account",
            value,
            lambda fields: cls(fields.text("id"), fields.text("email")),
        )


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
        return HEROKU.read(
            "pipeline", value, lambda fields: cls(fields.text("id"), fields.text("name"))
        )


@dataclass(frozen=True, slots=True)
class Coupling:
    """An app's place in its one pipeline."""

    app_id: str
    pipeline_id: str
    stage: str

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of one coupling."""
        return HEROKU.read("pipeline coupling", value, cls._made_of)

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
        return HEROKU.read("pipeline promotion", value, cls._made_of)

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
        return HEROKU.read("promotion target", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        release = fields.part("release") if fields.has("release") else None
        return cls(
            app_id=fields.part("app").text("id"),
            status=fields.text("status"),
            release_id=release.text("id") if release and release.has("id") else None,
            error_message=fields.words("error_message"),
        )


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription to what happens to an app; its secret is never shown."""

    id: str
    app_id: str
    app_name: str
    url: str
    level: str
    include: tuple[str, ...]

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of one webhook."""
        return HEROKU.read("webhook", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        app = fields.part("app")
        return cls(
            id=fields.text("id"),
            app_id=app.text("id"),
            app_name=app.words("name") or "",
            url=fields.text("url", limit=URL_LENGTH),
            level=fields.text("level"),
            include=fields.texts("include"),
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """How Heroku fared with handing one event to one webhook."""

    id: str
    status: str
    num_attempts: int
    code: int | None
    created_at: datetime
    webhook_id: str | None

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of one webhook delivery."""
        return HEROKU.read("delivery", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        last = fields.part("last_attempt") if fields.has("last_attempt") else None
        return cls(
            id=fields.text("id"),
            status=fields.text("status"),
            num_attempts=fields.number("num_attempts", least=0),
            code=last.number("code", least=0) if last and last.has("code") else None,
            created_at=fields.moment("created_at"),
            webhook_id=fields.part("webhook").words("id") if fields.has("webhook") else None,
        )
