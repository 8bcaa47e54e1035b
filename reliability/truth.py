"""What really happened: Heroku's own releases, and the listener's rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reliability.ground import ROBOT, Ground
from reliability.people import SOURCES, TARGETS

NONCE = re.compile(r"\(autopromote ([0-9a-f]{8})\)")


@dataclass(frozen=True, slots=True)
class Made:
    """A release as Heroku made it."""

    app: str
    version: int
    slug: str | None
    status: str
    nonce: str | None  # of a release of ours, else None
    stamp: str  # when, to the second
    at: float | None  # when exactly, if the listener asked for it
    seen_at: float | None  # when the listener first saw it
    is_current: bool

    @property
    def name(self) -> str:
        """The app and the version, as in `acme-prod v42`."""
        return f"{self.app} v{self.version}"

    @property
    def made_at(self) -> float:
        """When it was made, to the second."""
        return datetime.fromisoformat(self.stamp).timestamp()

    @property
    def has_run(self) -> bool:
        """Whether it succeeded, even if its slug is gone by now."""
        return self.status in ("succeeded", "expired")


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion as the listener stores it."""

    id: int
    kind: str
    rule_id: int | None
    source: str
    target: str
    version: int
    artifact: str
    status: str
    reason: str
    target_version: int | None
    created_at: float
    ended_at: float | None

    @property
    def name(self) -> str:
        """The promotion in words, with its status and reason."""
        what = f"{self.source} v{self.version} to {self.target}"
        return f"promotion {self.id} ({self.kind} {what}, {self.status}: {self.reason!r})"


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold as the listener stores it."""

    id: int
    app: str | None
    kind: str
    reason: str
    created_at: float
    released_at: float | None


@dataclass(frozen=True, slots=True)
class Truth:
    """Both records, read once."""

    releases: dict[str, list[Made]]
    promotions: list[Promotion]
    posts: dict[str, tuple[int, str]]  # nonce -> promotion id, and kind of the post
    holds: list[Hold]
    baselines: dict[tuple[int, str], tuple[str, int]]  # rule and target -> source and version
    approved: set[int]  # promotions that a person approved
    delivered: set[str]  # deliveries that were answered with 2xx
    kept: set[str]  # deliveries that have a row
    lag: float  # seconds by which Heroku's answers may have been behind

    def order(self, source: str) -> dict[str, int]:
        """Return the artifacts of a source with the version of their first successful release."""
        order: dict[str, int] = {}
        for release in self.releases[source]:
            if release.slug and release.has_run:
                order.setdefault(release.slug, release.version)
        return order


def read(ground: Ground, *, lag: float) -> Truth:
    """Read everything; call it when all is quiet."""
    heroku, ask = ground.heroku, ground.database.ask
    names = heroku.names()
    times = _times(heroku.requests())
    seen = {(app, version): at for app, version, at in ask(SEEN)}
    return Truth(
        releases={
            app: [_made(app, one, times, seen) for one in heroku.releases(app)]
            for app in (*SOURCES, *TARGETS)
        },
        promotions=[Promotion(*row) for row in ask(PROMOTIONS)],
        posts={nonce: (promotion, kind) for nonce, promotion, kind in ask(POSTS)},
        holds=[Hold(id, names.get(app), *more) for id, app, *more in ask(HOLDS)],
        baselines={
            (rule, target): (source, version) for rule, target, source, version in ask(BASELINES)
        },
        approved={row[0] for row in ask("SELECT promotion_id FROM approval WHERE is_approved")},
        delivered={
            each["id"]
            for source in SOURCES
            for each in heroku.deliveries(source)
            if each["status"] == "succeeded"
        },
        kept=kept(ground),
        lag=lag,
    )


def kept(ground: Ground) -> set[str]:
    """Return the ids of the deliveries that have a row."""
    return {row[0] for row in ground.database.ask("SELECT delivery_id FROM delivery")}


PROMOTIONS = """
    SELECT promotion.id, kind, rule_id, source.name, target.name, version, artifact, status, reason,
           target_version, extract(epoch FROM promotion.created_at)::float,
           extract(epoch FROM ended_at)::float
    FROM promotion JOIN app source ON source.id = source_id JOIN app target ON target.id = target_id
    ORDER BY promotion.id
"""
POSTS = "SELECT nonce, promotion_id, kind FROM post"
HOLDS = """
    SELECT id, app_id, kind, reason, extract(epoch FROM created_at)::float,
           extract(epoch FROM released_at)::float
    FROM hold ORDER BY id
"""
BASELINES = """
    SELECT rule.id, target.name, source.name, baseline
    FROM rule_target JOIN rule ON rule.id = rule_id
    JOIN app target ON target.id = app_id JOIN app source ON source.id = source_id
"""


SEEN = """
    SELECT app.name, version, extract(epoch FROM seen_at)::float
    FROM release JOIN app ON app.id = app_id
"""


def _made(
    app: str, release: Any, times: dict[str, float], seen: dict[tuple[str, int], float]
) -> Made:
    found = NONCE.search(release["description"])
    is_ours = found is not None and release["user"]["email"] == ROBOT
    return Made(
        app=app,
        version=release["version"],
        slug=(release["slug"] or {}).get("id"),
        status=release["status"],
        nonce=found[1] if found and is_ours else None,
        stamp=release["created_at"],
        at=times.get(found[1]) if found else None,
        seen_at=seen.get((app, release["version"])),
        is_current=release["current"],
    )


def _times(requests: list[Any]) -> dict[str, float]:
    """Return, by nonce, when the first request that was carried out came."""
    times: dict[str, float] = {}
    for request in requests:
        is_post = request["method"] == "POST" and request["path"].endswith("/releases")
        if is_post and request["was_applied"]:
            found = NONCE.search((request["body"] or {}).get("description", ""))
            if found:
                times.setdefault(found[1], datetime.fromisoformat(request["at"]).timestamp())
    return times
