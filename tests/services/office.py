"""An office: every desk, a database of its own, and an emulated Heroku in the same process."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import httpx
from sqlalchemy import func, select, text

from emulator.world import World
from listener.core.finding import Finding
from listener.core.promotion import Status
from listener.crypto import Keys
from listener.db import apps, audit, promotions
from listener.db.apps import AppRow
from listener.db.audit import AuditRow
from listener.db.engine import Database
from listener.db.promotions import PromotionRow
from listener.db.tables import promotion
from listener.heroku import HEADER, Heroku, matches
from listener.inventory.commits import CommitReader
from listener.inventory.context import Clock, Context
from listener.inventory.reader import HerokuReader
from listener.inventory.traits import Comparisons
from listener.services.deliveries import Inbox
from listener.services.doctor import Doctor
from listener.services.output import OutputsDesk
from listener.services.rule_definition import NewRule
from listener.services.status import MARK, ReachabilityCheck, Readiness
from listener.services.subscriptions import SubscriptionsDesk
from listener.services.views import RuleView
from listener.worker import handlers
from listener.worker.queues import PROMOTING
from tests.anew import gathered_anew
from tests.bound import Bound
from tests.services.letterbox import Answering, Letterbox
from tests.standing import emulator_of

ANA, BO, ROBOT = "ana@example.com", "bo@example.com", "robot@example.com"
TOKEN = "HRKU-test-robot"
STAGING, PROD, EU = "acme-staging", "acme-prod", "acme-prod-eu"
PUBLIC_URL = "https://autopromote.example.com"
HOOK = f"{PUBLIC_URL}/webhooks/heroku"
MOST_STEPS = 60
LONGEST_PAUSE = 3.0


class Office:
    """The desks of one listener, and its Heroku."""

    def __init__(
        self,
        database: Database,
        world: World,
        letterbox: Letterbox,
        *,
        allowed_apps: tuple[str, ...] = ("*",),
    ) -> None:
        self.database = database
        self._world = world
        self._letterbox = letterbox
        transport = httpx.WSGITransport(emulator_of(world).wsgi_app)
        self._http = httpx.Client(transport=transport, base_url="http://localhost")
        self.control("tokens", {"token": TOKEN, "email": ROBOT})
        heroku = Heroku(TOKEN, url="http://localhost", transport=transport)
        self.keys = Keys(["k" * 32])
        reader = HerokuReader(database, heroku)
        self.context = Context(
            database.by_values(),  # as in `app.services_of`
            heroku,
            reader,
            Comparisons(heroku),
            CommitReader(database, heroku, reader),
            self.keys,
            allowed_apps=allowed_apps,
        )
        self._inbox = Inbox(database, self.keys)
        self.rules = Bound(self.context, "rules")
        self.backtests = Bound(self.context, "backtests")
        self.trials = Bound(self.context, "backtests")
        self.files = Bound(self.context, "rule_files")
        self.promotions = Bound(self.context, "promotions", "promote", "rollback")
        self.approvals = Bound(self.context, "approvals")
        self.outputs = OutputsDesk(self.context)
        self.holds = Bound(self.context, "holds")
        self.notices = Bound(self.context, "notices")
        self.explanations = Bound(self.context, "explain")
        self.diffs = Bound(self.context, "diff")
        self.subscriptions = self.subscriptions_at(PUBLIC_URL)

    def subscriptions_at(self, public_url: str | None) -> SubscriptionsDesk:
        """A subscriptions desk of a listener that is reached there."""
        return SubscriptionsDesk(replace(self.context, public_url=public_url), self.keys)

    def examine(
        self,
        *,
        asked_by: str = "",
        keys: Keys | None = None,
        public_url: str | None = PUBLIC_URL,
        database: Database | None = None,
    ) -> list[Finding]:
        """What a doctor finds, of a listener that is reached there and answers itself."""
        context = replace(self.context, database=database or self.database, public_url=public_url)
        readiness = Readiness(context.database, keys or self.keys)
        outside = Answering({MARK: self.keys.mark})
        mirror = ReachabilityCheck(self.keys.mark, transport=outside)
        doctor = Doctor(context, readiness, mirror)
        return doctor.examine(asked_by=asked_by)

    # Heroku.

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """What people, builds and faults do at Heroku."""
        answer = self._http.request(method, f"/_emulator/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def heroku(self, method: str, path: str, body: Any = None) -> Any:
        """Ask Heroku as another client of the same account."""
        headers = {
            "Authorization": f"Bearer {TOKEN}",
            "Accept": "application/vnd.heroku+json; version=3",
        }
        answer = self._http.request(method, path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def make_app(self, name: str, **facts: Any) -> None:
        """A new app with one deploy."""
        self.control("apps", {"name": name, "owner": ANA, **facts})
        self.deploy(name)

    def deploy(self, app: str, **more: Any) -> int:
        """New code on an app; answers the version."""
        return int(self.control(f"apps/{app}/deploys", {"user": ANA, **more})["version"])

    def deploy_same(self, app: str, like: str) -> int:
        """Release on an app, as somebody promoting by hand does, what another runs."""
        slug = self.current(like)["slug"]["id"]
        body = {"slug_id": slug, "user": ANA, "description": f"Promote {like}"}
        return int(self.control(f"apps/{app}/deploys", body)["version"])

    def releases(self, app: str) -> list[dict[str, Any]]:
        """What Heroku shows of an app, oldest first."""
        found = self.heroku("GET", f"/apps/{app}/releases")
        return sorted(found, key=lambda release: int(release["version"]))

    def current(self, app: str) -> dict[str, Any]:
        """The release that runs."""
        return next(release for release in self.releases(app) if release["current"])

    def webhooks(self, app: str = STAGING) -> list[dict[str, Any]]:
        """The webhooks that Heroku has on an app."""
        return list(self.heroku("GET", f"/apps/{app}/webhooks"))

    def receive(self) -> None:
        """Take in what Heroku has delivered."""
        self.take(self.letters())

    def take(self, letters: Iterable[httpx.Request]) -> None:
        """Take in these deliveries."""
        for letter in letters:
            self._inbox.receive(letter.content, letter.headers[HEADER])

    def letters(self) -> list[httpx.Request]:
        """What Heroku has delivered since the last time, once nothing more is on its way."""
        assert self._world.settle(30).idle
        found = list(self._letterbox.letters)
        self._letterbox.letters.clear()
        return found

    def refuse_deliveries(self, status: int) -> None:
        """Have whatever Heroku delivers answered so."""
        self._letterbox.status = status

    def signs_with(self, app: str, secret: str) -> bool:
        """Whether Heroku signs what it tells of an app with this secret."""
        self.letters()
        self.deploy(app)
        letters = self.letters()
        assert letters, "Heroku delivered nothing"
        return all(matches(item.content, item.headers[HEADER], secret) for item in letters)

    def break_heroku(self, path: str, status: int = 503, method: str = ".*", **more: Any) -> None:
        """Have requests that match answered with an error, from now on."""
        fault = {"kind": "status", "status": status, "method": method, "path": path, **more}
        self.control("faults", fault)

    def grant(self, calls: int) -> None:
        """Have so many calls left."""
        self.control("rate-limits", {"email": ROBOT, "remaining": calls})
        self.context.heroku.account()
        self.calls()

    def mend_heroku(self) -> None:
        """Take every fault away."""
        self.control("faults", method="DELETE")

    def calls(self) -> list[tuple[str, str]]:
        """Method and path of every request that Heroku has had since the last time."""
        seen = self.control("requests", method="GET")
        self.control("requests", method="DELETE")
        return [(item["method"], item["path"]) for item in seen]

    # The listener.

    def add_rule(self, name: str = "ship", **wish: Any) -> RuleView:
        """A rule from staging to production, unless something else is wished."""
        wish = {"source": STAGING, "targets": (PROD,), **wish}
        return self.rules.add(NewRule(name=name, **wish), by=ANA)

    def look(self, app: str) -> None:
        """Have an app looked at, and take every step that follows."""
        with self.database.begin() as conn:
            apps.ask_look(conn, self.app(app).id, must_read=True)
        self.work()

    def rules_desk_reading_by(self, reader: Any) -> Bound:
        """A rules desk that asks Heroku through something that does more besides."""
        return Bound(replace(self.context, reader=reader), "rules")

    def promotions_desk_reading_by(self, reader: Any) -> Bound:
        """A promotions desk that asks Heroku through something that does more besides."""
        return Bound(replace(self.context, reader=reader), "rollback")

    def files_desk_reading_by(self, reader: Any) -> Bound:
        """A files desk that asks Heroku through something that does more besides."""
        return Bound(replace(self.context, reader=reader), "rule_files")

    def work(self) -> None:
        """Take every step that is due, as runners do, also those that were put off a little."""
        for _ in range(MOST_STEPS):
            if sum(self._step(queue) for queue in PROMOTING):
                continue
            seconds = self._promotion_due_in()
            if seconds is None or seconds > LONGEST_PAUSE:
                return
            time.sleep(max(seconds, 0.0))
        raise AssertionError(f"still due after {MOST_STEPS} rounds: {self.found()}")

    def work_until(self, status: Status) -> None:
        """Take steps until the newest promotion has this status."""
        for _ in range(MOST_STEPS):
            if self.found()[-1].status is status:
                return
            if not sum(self._step(queue) for queue in PROMOTING):
                time.sleep(max(self._promotion_due_in() or 0.0, 0.0))
        raise AssertionError(f"not {status} after {MOST_STEPS} rounds: {self.found()}")

    def _promotion_due_in(self) -> float | None:
        soonest = func.min(promotion.c.due_at) - func.clock_timestamp()
        with self.database.begin() as conn:
            seconds = conn.execute(select(func.extract("epoch", soonest))).scalar()
        return None if seconds is None else float(seconds)

    def _step(self, queue: Any) -> bool:
        with self.database.begin() as conn:
            claim = queue.claim(conn, "test")
        if claim is None:
            return False
        with gathered_anew(self.database):
            following = queue.step(self.context, claim, Clock(claim.claimed_at))
            if following is not None:
                handlers.go_on(self.context, following)
        return True

    def somebody_waits_for_a_lock(self) -> bool:
        """Whether a transaction on this database is kept waiting by another."""
        query = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        with self.database.begin() as conn:
            return bool(conn.execute(query).scalar_one())

    def found(self) -> list[PromotionRow]:
        """Every promotion, oldest first."""
        with self.database.begin() as conn:
            return promotions.list_(conn)[::-1]

    def app(self, name: str) -> AppRow:
        """What we know of an app."""
        with self.database.begin() as conn:
            row = apps.find(conn, name)
        assert row is not None
        return row

    def audit(self) -> list[AuditRow]:
        """What was written down of changes, oldest first."""
        with self.database.begin() as conn:
            return audit.list_entries(conn)[::-1]
