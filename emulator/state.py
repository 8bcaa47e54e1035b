"""The state of the emulated Heroku; one lock guards everything that changes."""

import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from itertools import count
from random import Random
from uuid import uuid4

from emulator.annals import Annals
from emulator.clock import Clock, SystemClock
from emulator.faults import Faults
from emulator.github.state import API, GitHub
from emulator.metrics import DELAY, Minutes, no_minutes
from emulator.pace import Pace
from emulator.rates import Rates
from emulator.records import (
    Account,
    App,
    Authorization,
    Coupling,
    Delivery,
    Demands,
    Event,
    Exchange,
    OAuthClient,
    Pipeline,
    PipelinePromotion,
    Release,
    Repository,
    Slug,
    Webhook,
)
from emulator.timetable import Timetable


class State:
    """Everything Heroku knows. Hold `lock` while you read or change it."""

    def __init__(self, *, clock: Clock | None = None, pace: Pace | None = None) -> None:
        self.clock: Clock = clock or SystemClock()
        self.pace = pace or Pace()
        self.url = "http://localhost"  # of the server, once there is one
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.closing = threading.Event()
        self.chance = Random(7)  # the same random order in every run

        self.on_queue: Callable[[str], object] = str  # does nothing until couriers are attached
        self.annals = Annals()
        self.faults = Faults(self.clock, self.annals)
        self.rates = Rates(self.clock)
        self.timetable = Timetable(self.clock, self.changed, self.closing)
        self._remember_nothing()

    def _remember_nothing(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.authorizations: dict[str, Authorization] = {}
        self.oauth_clients: dict[str, OAuthClient] = {}
        self.demands = Demands()
        self.apps: dict[str, App] = {}
        self.slugs: dict[str, Slug] = {}
        self.releases: dict[str, list[Release]] = {}
        self.with_code: dict[str, list[int]] = {}  # of an app, versions whose code still exists
        self.webhooks: dict[str, Webhook] = {}
        self.events: dict[str, Event] = {}
        self.deliveries: dict[str, Delivery] = {}
        self.queues: dict[str, list[str]] = {}
        self.pipelines: dict[str, Pipeline] = {}
        self.couplings: dict[str, Coupling] = {}
        self.promotions: dict[str, PipelinePromotion] = {}
        self.preauthorized: dict[tuple[str, str], datetime] = {}  # until when
        self.repositories: dict[str, Repository] = {}  # by owner/name
        self.repositories_api = "open"  # or "forbidden", or "missing" as in an older Heroku
        self.connected: dict[str, str] = {}  # the repository of an app or pipeline, by id
        self.metrics: defaultdict[str, Minutes] = defaultdict(no_minutes)  # of an app, by id
        self.metrics_delay = DELAY
        self.github = GitHub(self.clock)
        self.exchanges: list[Exchange] = []
        self.sequence = count(1)

    @property
    def github_url(self) -> str:
        """The URL of the fake GitHub's API."""
        return f"{self.url}{API}"

    def now(self) -> datetime:
        """Return the time of this world."""
        return self.clock.now()

    def is_preauthorized(self, account: Account, app: App) -> bool:
        """Return whether a second factor was given for this app and is still valid."""
        until = self.preauthorized.get((account.id, app.id))
        return until is not None and self.now() < until

    def find_current(self, app: App) -> Release | None:
        """Return the current release of an app, or None."""
        history = reversed(self.releases[app.id])
        return next((release for release in history if release.is_current), None)

    def wake(self, webhook_id: str) -> None:
        """Announce that the queue of this webhook has a delivery."""
        self.changed.notify_all()
        self.on_queue(webhook_id)

    def queued(self) -> int:
        """Return how many deliveries are not settled yet."""
        return sum(len(queue) for queue in self.queues.values())


def new_id() -> str:
    """Return a new unique id."""
    return str(uuid4())
