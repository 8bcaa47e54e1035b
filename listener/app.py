"""Puts the listener together: the one place that knows every part."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import cast

import httpx
from flask import Flask

from listener import crypto
from listener.api import (
    audit,
    commit_blocks,
    deliveries,
    diff,
    doctor,
    early,
    errors,
    events,
    explain,
    health,
    holds,
    login_client,
    machine_tokens,
    metrics,
    middleware,
    notices,
    openapi,
    people,
    pipelines,
    promotions,
    rule_calendar,
    rule_files,
    rules,
    stats,
    subscriptions,
    tokens,
    troubles,
    walls,
    webhooks,
)
from listener.api.fast_path import FastDeliveries
from listener.api.request_body import LARGEST
from listener.api.services import Services
from listener.config import Settings, read
from listener.crypto import Keys
from listener.db.engine import Database, open_database
from listener.github import App, GitHub, Token
from listener.heroku import Heroku, OAuth
from listener.inventory.commits import CommitReader
from listener.inventory.context import Context
from listener.inventory.reader import HerokuReader
from listener.inventory.shared import SharedAnswers
from listener.inventory.traits import Comparisons
from listener.outbound.http import trusted
from listener.pages import (
    approval,
    compiled,
    figures,
    lanes,
    login,
    login_callback,
    problem,
    promotion,
    rule,
    sessions,
    wall,
)
from listener.pages import audit as audit_page
from listener.pages import deliveries as deliveries_page
from listener.pages import doctor as doctor_page
from listener.prober import Prober
from listener.roles import NOWHERE, Roles
from listener.services.brings import BringsDesk
from listener.services.browser_login import BrowserLogins
from listener.services.deliveries import Inbox
from listener.services.doctor import Doctor
from listener.services.github_events import GitHubInbox
from listener.services.identity import Identities, LoginClient
from listener.services.login import BrowsersDesk, Logins
from listener.services.login_client import LoginClientDesk
from listener.services.machines import MachinesDesk
from listener.services.output import OutputsDesk
from listener.services.output_tail import OutputTails
from listener.services.own_address import OwnAddress
from listener.services.people import PeopleDesk
from listener.services.refusals import Refusals
from listener.services.status import Gauges, ReachabilityCheck, Readiness
from listener.services.subscriptions import SubscriptionsDesk
from listener.services.tokens import TokensDesk
from listener.services.walls import WallsDesk
from listener.web.fast_path import FAST_PATH
from listener.web.limits import JUDGE
from listener.worker.supervisor import Supervisor

SHIFT = "autopromote_shift"

ROOMS = (
    webhooks,
    tokens,
    people,
    login_client,
    machine_tokens,
    walls,
    rules,
    rule_calendar,
    rule_files,
    pipelines,
    subscriptions,
    deliveries,
    promotions,
    stats,
    events,
    notices,
    commit_blocks,
    holds,
    explain,
    diff,
    doctor,
    troubles,
    audit,
    health,
    metrics,
    openapi,
)
PAGES = (
    lanes,
    promotion,
    rule,
    figures,
    audit_page,
    deliveries_page,
    doctor_page,
    sessions,
    wall,
    approval,
    login,
    login_callback,
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the worker and the services work with."""

    settings: Settings
    context: Context
    keys: Keys
    roles: Roles
    outside: httpx.BaseTransport | None = None  # the way to our own public address

    @property
    def database(self) -> Database:
        """The database of this process."""
        return self.context.database

    def close(self) -> None:
        """Let go of every connection."""
        self.context.database.dispose()
        self.context.heroku.close()
        if self.context.github is not None:
            self.context.github.close()


def create_app(settings: Settings | None = None) -> Flask:
    """Build the WSGI app of a process, from its environment by default; call it after any fork."""
    return build(assemble(settings or read(os.environ)))


def build(parts: Parts) -> Flask:
    """Build the app that answers requests; promotions wait for its shift to begin."""
    app = routes()
    app.config["MAX_CONTENT_LENGTH"] = LARGEST
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Flask's own provider has it
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions[SHIFT] = Supervisor(parts.context, promoting=parts.settings.runners)
    app.extensions[JUDGE] = early.judge_for(
        parts.keys, has_github=parts.settings.github_webhook_secret is not None
    )
    services, counts = services_of(parts), metrics.Metrics()
    services.join(app)
    app.extensions[FAST_PATH] = FastDeliveries(services.inbox, counts, services.public_url)
    middleware.init_app(app)
    counts.join(app)
    errors.init_app(app)
    problem.join(app)  # before the log has its line, which an app does last
    return app


def load() -> None:
    """Make what all processes have in common, before they are forked.

    What that takes for a while, they use afterwards. What it executes, they need not have in
    memory: a process has those pages of a library that it executes itself.
    """
    app = routes()
    openapi.write(app)
    compiled.TEMPLATES.compile(app)
    crypto.prepare()
    trusted()


def routes() -> Flask:
    """Build an app that knows every route, and has nothing to answer with."""
    app = Flask("listener", static_folder=None, template_folder="pages/templates")
    app.jinja_env.bytecode_cache = compiled.TEMPLATES
    for room in (*ROOMS, *PAGES):
        app.register_blueprint(room.bp)
    return app


def shift_of(app: Flask) -> Supervisor:
    """Return the app's shift on promotions; whoever runs the process begins and ends it."""
    return cast(Supervisor, app.extensions[SHIFT])


def assemble(settings: Settings) -> Parts:
    """Build everything that promotions need; nothing connects yet."""
    database = open_database(settings.database_url, pool_size=settings.pool_size)
    heroku = Heroku(settings.heroku_api_key, url=settings.heroku_api_url)
    keys = Keys(settings.secret_keys)
    github = _github(settings)
    reader = HerokuReader(database, heroku)
    context = Context(
        database=database,
        heroku=heroku,
        github=github,
        reader=reader,
        comparisons=Comparisons(heroku),
        commits=CommitReader(database, heroku, reader, github),
        keys=keys,
        allowed_apps=settings.apps,
        reconcile_every=settings.reconcile,
        records_for=settings.retention,
        audit_for=settings.audit,
        notify_urls=settings.notify,
        events_to=settings.events_to,
        prober=Prober(allow_private=settings.allow_private_checks),
        public_url=settings.public_url,
        shared=SharedAnswers(lambda: heroku.writes),
    )
    roles = Roles(admins=settings.admins, approvers=settings.approvers, viewers=settings.viewers)
    return Parts(settings, context, keys, roles)


def _github(settings: Settings) -> GitHub | None:
    """Return a client of GitHub; the token goes first, and there is none where nothing is set."""
    if settings.github_token is not None:
        return GitHub(Token(settings.github_token), url=settings.github_url)
    if settings.github_app_id is None or settings.github_private_key is None:
        return None
    app = App(settings.github_app_id, settings.github_private_key)
    return GitHub(app, url=settings.github_url)


def services_of(parts: Parts) -> Services:
    """Build the services that the views call."""
    settings, keys = parts.settings, parts.keys
    context = replace(parts.context, database=parts.database.by_values())
    nobodys = replace(context, reach=NOWHERE)  # until a view says for whom it asks

    client = _login_client(settings)
    clients = LoginClientDesk(
        parts.database,
        lambda: OAuth(
            settings.heroku_api_key, url=settings.heroku_api_url, budget=context.heroku.budget
        ),
        client=client,
        address=context.address,
    )
    readiness = Readiness(parts.database, keys)
    refusals = Refusals(parts.database)
    outputs = OutputsDesk(nobodys)
    desk = TokensDesk(parts.database, keys, refusals)
    mirror = ReachabilityCheck(keys.mark, transport=parts.outside)

    return Services(
        context=context,
        keys=keys,
        roles=parts.roles,
        inbox=Inbox(parts.database, keys),
        github_inbox=GitHubInbox(parts.database, settings.github_webhook_secret),
        tokens=desk,
        login_client=client,
        login_clients=clients,
        logins=Logins(desk, refusals, parts.roles, Identities(settings.heroku_api_url, client)),
        readiness=readiness,
        gauges=Gauges(parts.database, context.heroku),
        subscriptions=SubscriptionsDesk(nobodys, keys),
        browsers=BrowsersDesk(parts.database, keys, desk, refusals),
        browser_logins=BrowserLogins(keys, id_url=settings.heroku_id_url, client=settings.oauth_id),
        people=PeopleDesk(parts.database, parts.roles),
        machines=MachinesDesk(parts.database, keys),
        walls=WallsDesk(parts.database, keys, context.changes),
        refusals=refusals,
        outputs=outputs,
        output_tails=OutputTails(outputs),
        brings=BringsDesk(context.heroku),
        doctor=Doctor(
            nobodys,
            readiness,
            mirror,
            login=clients.examine,
        ),
        own_address=OwnAddress(context, mirror),
        metrics_token=settings.metrics_token,
        public_url=settings.public_url,
    )


def _login_client(settings: Settings) -> LoginClient | None:
    if settings.oauth_id is None or settings.oauth_secret is None:
        return None
    return LoginClient(settings.oauth_id, settings.oauth_secret)
