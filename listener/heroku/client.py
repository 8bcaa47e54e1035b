"""A client of Heroku's Platform API: one method a call, one attempt a method."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

import httpx

from listener.heroku import paging
from listener.heroku.address import checked_name
from listener.heroku.budget import Budget
from listener.heroku.errors import BadAnswer, Doubtful
from listener.heroku.output import OutputReader, Piece
from listener.heroku.repositories import Compared, full_name
from listener.heroku.resources import (
    Account,
    App,
    Authorization,
    Buildpack,
    Coupling,
    Delivery,
    Image,
    Pipeline,
    PipelinePromotion,
    PromotionTarget,
    Release,
    Slug,
    Webhook,
    wanting_a_second_factor,
)
from listener.heroku.session import Wire
from listener.outbound.address import is_on_loopback
from listener.outbound.early import EarlyTransport
from listener.outbound.http import (
    BoundedTransport,
    addresses,
    once_sent,
    public_addresses,
    trusted,
)
from listener.outbound.server import HttpAnswer

T = TypeVar("T")

URL = "https://api.heroku.com"
USER_AGENT = "heroku-autopromote"
PROMOTIONS = "/pipeline-promotions"


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The seconds that a whole exchange may take, from connecting to the end of the answer."""

    read: float = 10.0
    release: float = 20.0
    change: float = 10.0  # of a webhook: somebody waits for it, and for the read before it
    output: float = 2.0  # of a piece of an output, which may well say nothing for a while


DEADLINES = Deadlines()


class Heroku:
    """Heroku as one account sees it; threads may share it.

    Nothing is tried twice, no redirect followed. Every method raises `HerokuError`s: `NotSent`,
    `Refused` (`RateLimited` is one), `Doubtful`; a read that lacks something also `BadAnswer`.
    """

    def __init__(
        self,
        token: str,
        *,
        url: str = URL,
        transport: httpx.BaseTransport | None = None,
        user_agent: str = USER_AGENT,
        deadlines: Deadlines = DEADLINES,
    ) -> None:
        ssl_context = trusted() if url.startswith("https:") else None
        self._url, self._direct = url, transport or EarlyTransport(ssl_context=ssl_context)
        self._wire = Wire(token, url=url, transport=self._direct, user_agent=user_agent)
        of_outputs = transport or _transport_of_outputs(url)
        self._outputs = OutputReader(url, of_outputs, user_agent=user_agent)
        self._deadlines = deadlines

    @property
    def budget(self) -> Budget:
        """The calls of the account, for whatever else asks with its token."""
        return self._wire.budget

    @property
    def requests_left(self) -> int | None:
        """How many requests the account has left for now, as the last answer told."""
        return self._wire.budget.left

    @property
    def requests_left_since(self) -> float:
        """The seconds that passed since that was told."""
        return time.monotonic() - self._wire.budget.told_at

    @property
    def writes(self) -> int:
        """How many changes were asked for so far."""
        return self._wire.writes

    @property
    def took(self) -> Mapping[str, float]:
        """The seconds until the last answer about each app, by its id, or until none came."""
        return self._wire.took

    @property
    def scopes(self) -> tuple[str, ...] | None:
        """What the token may do, as the last answer told; None where none did."""
        return self._wire.scopes

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()
        self._outputs.close()

    def account(self) -> Account:
        """Read the account that the token belongs to."""
        return Account.from_json(self._read("/account").json())

    def authorizations(self) -> list[Authorization]:
        """List the account's tokens, as far as they may be known; Heroku marks none as ours."""
        return paging.as_list(self._read("/oauth/authorizations"), Authorization.from_json)

    def apps(self) -> list[App]:
        """List the apps that the account may see: in one call, if there are at most a thousand."""
        return paging.walk_all(lambda wanted: self._read("/apps", wanted), App.from_json)

    def app(self, app: str) -> App:
        """Read an app, by name or id."""
        return App.from_json(self._read(_app(app)).json())

    def buildpacks(self, app: str) -> list[str]:
        """List the names of an app's chosen buildpacks, in the order in which they build."""
        answer = self._read(f"{_app(app)}/buildpack-installations")
        found = paging.as_list(answer, Buildpack.from_json)
        return [each.name for each in sorted(found, key=lambda each: each.ordinal)]

    def wanting_a_second_factor(self, apps: Sequence[str]) -> frozenset[str]:
        """Return the ids of those apps where Heroku wants a second factor for a change.

        Believe nothing else in the answer: what it takes to deploy has no public name.
        """
        asked = [{"capability": "view", "resource_type": "app", "resource_id": app} for app in apps]
        answer = self._wire.send(
            "PUT",
            "/users/~/capabilities",
            {"capabilities": asked},
            seconds=self._deadlines.read,
            variant=".capabilities",
        )
        return wanting_a_second_factor(answer.json())

    def image_buildpacks(self, app: str, image: str) -> list[str]:
        """List the names of the buildpacks that made a Fir app's image; none if none is told."""
        path = f"{_app(app)}/oci-images/{checked_name(image, of='image')}"
        found = paging.as_list(self._read(path), Image.from_json)
        return [name for each in found if each.id == image for name in each.buildpacks]

    def config_var_names(self, app: str) -> frozenset[str]:
        """Read the names of an app's config vars; their values are dropped while they are read."""
        return frozenset(self._read(f"{_app(app)}/config-vars").names())

    def releases(
        self,
        app: str,
        *,
        enough: Callable[[Sequence[Release]], bool],
        page: int = paging.LONGEST_PAGE,
    ) -> list[Release]:
        """List the releases of an app, newest first, as far back as `enough` wants.

        `enough` gets all that were read so far, never none. The current one is always among them.
        `page` is how many are asked for first.
        """
        path = f"{_app(app)}/releases"
        return paging.walk(lambda wanted: self._read(path, wanted), enough, page)

    def release(self, app: str, id: str) -> Release:
        """Read a release, by id or version."""
        path = f"{_app(app)}/releases/{checked_name(id, of='release')}"
        return Release.from_json(self._read(path).json())

    def output(self, url: str, offset: int, *, seconds: float | None = None) -> Piece:
        """Read a piece of a release's output after `offset` bytes; the stream gets no token.

        It takes two seconds at most by default, in which there may be nothing.
        """
        return self._outputs.read(url, offset, seconds=seconds or self._deadlines.output)

    def slug(self, app: str, id: str) -> Slug:
        """Read a slug of an app."""
        path = f"{_app(app)}/slugs/{checked_name(id, of='slug')}"
        return Slug.from_json(self._read(path).json())

    def expect_release(self) -> None:
        """Open the connection for a release that is about to be asked for; send nothing."""
        if isinstance(self._direct, EarlyTransport):
            self._direct.expect_write(self._url)

    def expecting_release(self) -> AbstractContextManager[None]:
        """Do that as soon as the first request of this block has left."""
        return once_sent(self.expect_release)

    def create_release(
        self, app: str, *, slug: str, description: str, send_by: float | None = None
    ) -> Release:
        """Release a slug; what cannot leave before `send_by` (`time.monotonic`) is never sent."""
        return self._release(app, {"slug": slug, "description": description}, send_by)

    def rollback_release(self, app: str, *, release: str, send_by: float | None = None) -> Release:
        """Release anew what an earlier release was, its config vars included."""
        return self._release(app, {"release": release}, send_by)

    def pipelines(self) -> list[Pipeline]:
        """List the pipelines that the account may see."""
        return paging.walk_all(lambda wanted: self._read("/pipelines", wanted), Pipeline.from_json)

    def couplings(self) -> list[Coupling]:
        """List the places in pipelines of all apps that the account may see."""
        path = "/pipeline-couplings"
        return paging.walk_all(lambda wanted: self._read(path, wanted), Coupling.from_json)

    def coupling(self, app: str) -> Coupling:
        """Read the app's place in its pipeline; an app in none raises Refused as not found."""
        return Coupling.from_json(self._read(f"{_app(app)}/pipeline-couplings").json())

    def create_pipeline_promotion(
        self,
        *,
        pipeline: str,
        source: str,
        release: str,
        target: str,
        send_by: float | None = None,
    ) -> PipelinePromotion:
        """Promote this very release within a pipeline, to one target; all of them by id.

        Without the release Heroku would take whatever the source runs when the call arrives.
        """
        body = {
            "pipeline": {"id": pipeline},
            "source": {"app": {"id": source}, "release": {"id": release}},
            "targets": [{"app": {"id": target}}],
        }
        seconds = self._deadlines.release
        answer = self._wire.send("POST", PROMOTIONS, body, seconds=seconds, send_by=send_by)
        return _written(answer, PipelinePromotion.from_json)

    def promotion_targets(self, promotion: str) -> list[PromotionTarget]:
        """Read what became of a pipeline promotion on each of its targets."""
        id = checked_name(promotion, of="pipeline promotion")
        answer = self._read(f"{PROMOTIONS}/{id}/promotion-targets")
        return paging.as_list(answer, PromotionTarget.from_json)

    def webhooks(self, app: str) -> list[Webhook]:
        """List the webhooks on an app, ours and others'."""
        return paging.as_list(self._read(_webhooks(app)), Webhook.from_json)

    def create_webhook(
        self,
        app: str,
        *,
        url: str,
        secret: str,
        level: str = "sync",
        include: Sequence[str] = ("api:release",),
    ) -> Webhook:
        """Have an app's events delivered to a url, signed with the secret."""
        body = {"include": list(include), "level": level, "secret": secret, "url": url}
        return _written(self._change("POST", _webhooks(app), body), Webhook.from_json)

    def update_webhook(
        self,
        app: str,
        id: str,
        *,
        secret: str | None = None,
        url: str | None = None,
        level: str | None = None,
        include: Sequence[str] | None = None,
    ) -> Webhook:
        """Change what is given, and nothing else."""
        listed = list(include) if include is not None else None
        given = {"include": listed, "level": level, "secret": secret, "url": url}
        body = {key: value for key, value in given.items() if value is not None}
        return _written(self._change("PATCH", _webhook(app, id), body), Webhook.from_json)

    def delete_webhook(self, app: str, id: str) -> None:
        """Have nothing more delivered to a webhook."""
        self._change("DELETE", _webhook(app, id))

    def webhook_deliveries(self, app: str, *, limit: int = 100) -> list[Delivery]:
        """List the newest deliveries to the webhooks on an app, newest first."""
        answer = self._read(f"{_app(app)}/webhook-deliveries", f"seq ..; order=desc, max={limit}")
        found = paging.as_list(answer, Delivery.from_json)
        return sorted(found, key=lambda delivery: delivery.created_at, reverse=True)[:limit]

    # The repositories API. It has no documentation: heroku/cli, branch
    # replace-kolkrabbi-with-repositories-api, `src/commands/pipelines/diff.ts`.

    def app_repository(self, app: str) -> str:
        """Read the repository that an app is connected to, as owner/name."""
        return self._repositories(f"{_app(app)}/repo", full_name)

    def pipeline_repository(self, pipeline: str) -> str:
        """Read the repository that a pipeline is connected to, as owner/name."""
        return self._repositories(f"{_pipeline(pipeline)}/repo", full_name)

    def compare_commits(self, pipeline: str, base: str, head: str) -> Compared:
        """Read the commits that `head` has and `base` has not, in a pipeline's repository."""
        said = urlencode({"base": base, "head": head})
        return self._repositories(f"{_pipeline(pipeline)}/repo/compare?{said}", Compared.from_json)

    def _repositories(self, path: str, make: Callable[[object], T]) -> T:
        answer = self._wire.get(path, seconds=self._deadlines.read, variant=".repositories-api")
        return make(answer.json())

    def _read(self, path: str, range: str | None = None) -> HttpAnswer:
        return self._wire.get(path, seconds=self._deadlines.read, range=range)

    def _release(self, app: str, body: Mapping[str, object], send_by: float | None) -> Release:
        path, seconds = f"{_app(app)}/releases", self._deadlines.release
        answer = self._wire.send("POST", path, body, seconds=seconds, send_by=send_by)
        return _written(answer, Release.from_json)

    def _change(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> HttpAnswer:
        secret = str((body or {}).get("secret", ""))
        return self._wire.send(method, path, body, seconds=self._deadlines.change, hide=[secret])


def _transport_of_outputs(api_url: str) -> BoundedTransport:
    resolve = addresses if is_on_loopback(api_url) else public_addresses
    return BoundedTransport(ssl_context=trusted(), resolve=resolve)


def _app(app: str) -> str:
    return f"/apps/{checked_name(app, of='app')}"


def _pipeline(pipeline: str) -> str:
    return f"/pipelines/{checked_name(pipeline, of='pipeline')}"


def _webhooks(app: str) -> str:
    return f"{_app(app)}/webhooks"


def _webhook(app: str, id: str) -> str:
    return f"{_webhooks(app)}/{checked_name(id, of='webhook')}"


def _written(answer: HttpAnswer, make: Callable[[object], T]) -> T:
    try:
        return make(answer.json())
    except BadAnswer as error:
        # Heroku said yes, but not to what: on a write that is a doubt like any other.
        raise Doubtful(error.message, status=answer.status) from error
