"""The stored records of the emulated Heroku: frozen values, one class per kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]


FIR = "fir"


@dataclass(frozen=True, slots=True)
class Account:
    """A person or a program that can log in."""

    id: str
    email: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Authorization:
    """A token, its account, and its scopes; one for a client has no token before its grant is used.

    `expires_at` is that of the token, or of the grant where there is one.
    """

    id: str
    account_id: str
    token: str = field(repr=False)  # empty where there is a grant
    access_id: str
    scopes: tuple[str, ...]
    description: str
    created_at: datetime
    expires_at: datetime | None = None
    client_id: str | None = None
    grant: Grant | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A code with which a client gets the tokens of an authorization, once."""

    id: str
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A program that users let know or do something of their account."""

    id: str
    account_id: str
    name: str
    redirect_uri: str
    secret: str = field(repr=False)
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Demands:
    """How the emulator reads what the schema leaves open about OAuth; None takes every form."""

    client: str | None = None  # of a new authorization: a "string", or an "object" with its id
    refresh_token: str | None = None  # where a code is redeemed: "required", or "refused"


@dataclass(frozen=True, slots=True)
class Phase:
    """The release phase of an app; without `seconds` it runs until the control API ends it."""

    seconds: float | None
    fails: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """How pipeline promotions reach an app; without `seconds` they wait for the control API."""

    seconds: float | None
    error: str | None = None  # the promotion fails with this error


@dataclass(frozen=True, slots=True)
class App:
    """An app, its people and its configuration."""

    id: str
    name: str
    owner_id: str
    collaborator_ids: frozenset[str]
    build_stack: str
    generation: str
    created_at: datetime
    updated_at: datetime
    config: Mapping[str, str] = field(default_factory=dict, repr=False)
    addon_plans: tuple[str, ...] = ()
    buildpacks: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    phase: Phase | None = None
    arrival: Arrival | None = None
    is_protected: bool = False
    is_last_current: bool = False  # of two phases, the last to end wins; else the newer

    @property
    def is_container(self) -> bool:
        """Whether the app runs pushed images and so has no slugs."""
        return self.build_stack == "container"


@dataclass(frozen=True, slots=True)
class Slug:
    """Built code: a slug on Cedar, an OCI image on Fir."""

    id: str
    app_id: str
    commit: str
    stack: str
    created_at: datetime
    type: str = "slug"
    commit_description: str = ""
    process_types: tuple[str, ...] = ("web",)
    buildpacks: tuple[str, ...] = ()  # what an image was built with
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A numbered release: the code and the configuration of an app."""

    id: str
    app_id: str
    user_id: str
    version: int
    status: str
    is_current: bool
    description: str
    created_at: datetime
    updated_at: datetime
    slug_id: str | None = None
    config: Mapping[str, str] = field(default_factory=dict, repr=False)
    addon_plans: tuple[str, ...] = ()
    stream_id: str | None = field(default=None, repr=False)
    has_output: bool = False
    output: str = ""  # what the command wrote between its first and last line


@dataclass(frozen=True, slots=True)
class Manners:
    """How badly a webhook is served, for tests: Heroku promises neither order nor exactly once."""

    delay: float = 0.0  # seconds by which each delivery is late
    shuffle: bool = False  # the next delivery is a random one of those due
    repeats: int = 0  # how often the same delivery comes again, as after a lost answer
    duplicates: int = 0  # how often the event comes under other ids, as in Private Spaces


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription to the events of one app, or of one repository at GitHub."""

    id: str
    app_id: str
    url: str
    level: str
    include: tuple[str, ...]
    secret: str = field(repr=False)
    authorization: str | None = field(repr=False)
    created_at: datetime
    updated_at: datetime
    manners: Manners = Manners()
    repository: str | None = None  # by owner/name, and then no app


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an app; `payload` is what subscribers receive."""

    id: str
    app_id: str
    include: str
    payload: Json
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One HTTP request of a delivery."""

    id: str
    status: str
    code: int | None
    error_class: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """The delivery of one event to one webhook."""

    id: str
    sequence: int
    event_id: str
    webhook_id: str
    status: str
    created_at: datetime
    updated_at: datetime
    due_at: datetime
    repeats_left: int = 0
    num_attempts: int = 0
    next_attempt_at: datetime | None = None
    last_attempt: Attempt | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline: apps at stages."""

    id: str
    name: str
    owner_id: str
    generation: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Coupling:
    """The stage of one app in a pipeline."""

    id: str
    app_id: str
    pipeline_id: str
    stage: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PromotionTarget:
    """One target of a pipeline promotion, and its outcome."""

    id: str
    app_id: str
    release_id: str | None = None
    error_message: str | None = None
    user_id: str = ""  # who promoted
    is_pending: bool = False  # neither a release nor an error yet


@dataclass(frozen=True, slots=True)
class PipelinePromotion:
    """The promotion of one release to the targets of a pipeline."""

    id: str
    pipeline_id: str
    app_id: str
    release_id: str
    targets: tuple[PromotionTarget, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit; `parents` are SHAs, the first one is the branch that it was made on."""

    sha: str
    parents: tuple[str, ...]
    message: str
    author: str
    email: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository; `commits` are by SHA in the order of their making, branches name the last."""

    full_name: str
    default_branch: str = "main"
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer; without a status, the answer did not arrive whole."""

    method: str
    path: str
    query: str
    range: str | None
    status: int | None
    token_email: str | None
    request_id: str
    body: Any = field(repr=False)
    fault: str | None
    was_applied: bool
    arrived_at: datetime
    at: datetime  # when it was carried out
