"""The services that views use, put together in `app.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import cast

from flask import Flask, current_app, g

from listener.crypto import Keys
from listener.inventory.context import Context
from listener.roles import NOWHERE, Roles
from listener.services.brings import BringsDesk
from listener.services.browser_login import BrowserLogins
from listener.services.deliveries import Inbox
from listener.services.doctor import Doctor
from listener.services.github_events import GitHubInbox
from listener.services.identity import LoginClient
from listener.services.login import BrowsersDesk, Logins
from listener.services.login_client import LoginClientDesk
from listener.services.machines import MachinesDesk
from listener.services.output import OutputsDesk
from listener.services.output_tail import OutputTails
from listener.services.own_address import OwnAddress
from listener.services.people import PeopleDesk
from listener.services.refusals import Refusals
from listener.services.status import Gauges, Readiness
from listener.services.subscriptions import SubscriptionsDesk
from listener.services.tokens import TokensDesk
from listener.services.walls import WallsDesk

NAME = "autopromote"


def utc_now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services, and what it takes to tell who asks."""

    context: Context
    keys: Keys
    roles: Roles
    inbox: Inbox
    github_inbox: GitHubInbox
    tokens: TokensDesk
    login_client: LoginClient | None
    login_clients: LoginClientDesk
    logins: Logins
    readiness: Readiness
    gauges: Gauges
    subscriptions: SubscriptionsDesk
    browsers: BrowsersDesk
    browser_logins: BrowserLogins
    people: PeopleDesk
    machines: MachinesDesk
    walls: WallsDesk
    refusals: Refusals
    outputs: OutputsDesk
    output_tails: OutputTails
    brings: BringsDesk
    doctor: Doctor
    own_address: OwnAddress
    metrics_token: str | None = None
    public_url: str | None = None  # as it was set
    now: Callable[[], datetime] = utc_now

    def join(self, app: Flask) -> None:
        """Give these services to this app's views."""
        app.extensions[NAME] = self


def services() -> Services:
    """Return the services of the app that answers now."""
    return cast(Services, current_app.extensions[NAME])


def context() -> Context:
    """Return what the services work with for whoever asks now: that person's apps, and no others.

    For a request of which nobody has checked who asks, there is no app at all.
    """
    return replace(services().context, reach=g.get("reach", NOWHERE))
