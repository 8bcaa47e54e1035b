"""Puts the listener together: the one place that knows every part."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from typing import cast

import httpx
from flask import Flask

from listener.desk.approvals import ApprovalsDesk
from listener.desk.backtests import BacktestsDesk
from listener.desk.browsers import BrowsersDesk
from listener.desk.checkup.doctor import Doctor
from listener.desk.diffs import DiffsDesk
from listener.desk.explanations import ExplanationsDesk
from listener.desk.files import FilesDesk
from listener.desk.gauges import Gauges
from listener.desk.holds import HoldsDesk
from listener.desk.inbox import Inbox
from listener.desk.journal import Journal
from listener.desk.logins import Logins
from listener.desk.mirror import Mirror
from listener.desk.outputs import OutputsDesk
from listener.desk.pipelines import PipelinesDesk
from listener.desk.promotions import PromotionsDesk
from listener.desk.readiness import Readiness
from listener.desk.rules import RulesDesk
from listener.desk.subscriptions import SubscriptionsDesk, hook_url
from listener.desk.trials import TrialsDesk
from listener.desk.troubles import TroublesDesk
from listener.heroku import Account, Heroku
from listener.keys import Keys
from listener.probing import Prober
from listener.roles import Roles
from listener.settings import Settings, read
from listener.shift import Shift
from listener.steps.comparing import Comparisons
from listener.steps.readings import Readings
from listener.steps.tools import Tools
from listener.store.engine import Database, open_database
from listener.web import (
    approvals,
    audit,
    deliveries,
    diffs,
    explanations,
    files,
    findings,
    health,
    holds,
    metrics,
    openapi,
    pipelines,
    problems,
    promotions,
    requests,
    rules,
    subscriptions,
    tokens,
    troubles,
    webhooks,
)
from listener.web.services import Services

LARGEST_BODY = 1024 * 1024
SHIFT = "autopromote_shift"

ROOMS = (
    webhooks,
    tokens,
    rules,
    files,
    pipelines,
    subscriptions,
    deliveries,
    promotions,
    approvals,
    holds,
    explanations,
    diffs,
    findings,
    troubles,
    audit,
    health,
    metrics,
    openapi,
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What steps and desks work with."""

    settings: Settings
    tools: Tools
    keys: Keys
    roles: Roles
    outside: httpx.BaseTransport | None = None  # the way to our own public address

    @property
    def database(self) -> Database:
        """The database of this process."""
        return self.tools.database

    def close(self) -> None:
        """Let go of every connection."""
        self.tools.database.dispose()
        self.tools.heroku.close()


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI app of a process, from its environment unless told; to be called after any fork."""
    return build(assemble(settings or read(os.environ)))


def build(parts: Parts) -> Flask:
    """The app that answers requests; promotions wait for its shift to begin."""
    app = Flask("listener", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Flask's own provider has it
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions[SHIFT] = Shift(parts.tools, promoting=parts.settings.runners)
    services_of(parts).join(app)
    requests.join(app)
    metrics.Meter().join(app)
    problems.join(app)
    for room in ROOMS:
        app.register_blueprint(room.bp)
    return app


def shift_of(app: Flask) -> Shift:
    """The app's shift on promotions, for whoever runs the process to begin and to end."""
    return cast(Shift, app.extensions[SHIFT])


def assemble(settings: Settings) -> Parts:
    """Everything that promotions need; nothing connects yet."""
    database = open_database(settings.database_url, pool_size=settings.pool_size)
    heroku = Heroku(settings.heroku_api_key, url=settings.heroku_api_url)
    keys = Keys(settings.secret_keys)
    tools = Tools(
        database=database,
        heroku=heroku,
        readings=Readings(database, heroku),
        comparisons=Comparisons(heroku),
        keys=keys,
        allowed_apps=settings.apps,
        reconcile_every=settings.reconcile,
        notify_urls=settings.notify,
        prober=Prober(allow_private=settings.allow_private_checks),
        public_url=settings.public_url,
    )
    roles = Roles(admins=settings.admins, approvers=settings.approvers, viewers=settings.viewers)
    return Parts(settings, tools, keys, roles)


def services_of(parts: Parts) -> Services:
    """The desks that rooms work with."""
    settings, tools, keys = parts.settings, parts.tools, parts.keys

    def whose(token: str) -> Account:
        with closing(Heroku(token, url=settings.heroku_api_url)) as heroku:
            return heroku.account()

    readiness = Readiness(parts.database, keys)
    mirror = Mirror(settings.public_url, keys.mark, transport=parts.outside)

    return Services(
        keys=keys,
        roles=parts.roles,
        inbox=Inbox(parts.database, keys),
        journal=Journal(parts.database),
        logins=Logins(keys, parts.roles, whose),
        readiness=readiness,
        gauges=Gauges(parts.database, tools.heroku),
        rules=RulesDesk(tools),
        backtests=BacktestsDesk(tools),
        trials=TrialsDesk(tools),
        files=FilesDesk(tools),
        pipelines=PipelinesDesk(tools),
        subscriptions=SubscriptionsDesk(tools, keys, public_url=settings.public_url),
        promotions=PromotionsDesk(tools),
        approvals=ApprovalsDesk(tools),
        browsers=BrowsersDesk(parts.database, keys),
        outputs=OutputsDesk(tools),
        holds=HoldsDesk(tools),
        explanations=ExplanationsDesk(tools),
        diffs=DiffsDesk(tools),
        troubles=TroublesDesk(parts.database),
        doctor=Doctor(tools, readiness, mirror, hook_url=hook_url(settings.public_url)),
        metrics_token=settings.metrics_token,
        public_url=settings.public_url,
    )
