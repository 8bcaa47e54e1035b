"""The services that views use, put together in `app.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from flask import Flask, current_app

from listener.crypto import Keys
from listener.roles import Roles
from listener.services.approvals import ApprovalsDesk
from listener.services.backtests import BacktestsDesk, TrialsDesk
from listener.services.deliveries import Inbox
from listener.services.diff import DiffsDesk
from listener.services.doctor import Doctor
from listener.services.explain import ExplanationsDesk
from listener.services.holds import HoldsDesk
from listener.services.login import BrowsersDesk, Logins
from listener.services.output import OutputsDesk
from listener.services.pipelines import PipelinesDesk
from listener.services.promotions import PromotionsDesk
from listener.services.rule_files import FilesDesk
from listener.services.rules import RulesDesk
from listener.services.status import Gauges, Journal, Readiness
from listener.services.subscriptions import SubscriptionsDesk
from listener.services.troubles import TroublesDesk

NAME = "autopromote"


def utc_now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services, and what it takes to tell who asks."""

    keys: Keys
    roles: Roles
    inbox: Inbox
    journal: Journal
    logins: Logins
    readiness: Readiness
    gauges: Gauges
    rules: RulesDesk
    backtests: BacktestsDesk
    trials: TrialsDesk
    files: FilesDesk
    pipelines: PipelinesDesk
    subscriptions: SubscriptionsDesk
    promotions: PromotionsDesk
    approvals: ApprovalsDesk
    browsers: BrowsersDesk
    outputs: OutputsDesk
    holds: HoldsDesk
    explanations: ExplanationsDesk
    diffs: DiffsDesk
    troubles: TroublesDesk
    doctor: Doctor
    metrics_token: str | None = None
    public_url: str | None = None
    now: Callable[[], datetime] = utc_now

    def join(self, app: Flask) -> None:
        """Give these services to this app's views."""
        app.extensions[NAME] = self


def services() -> Services:
    """Return the services of the app that answers now."""
    return cast(Services, current_app.extensions[NAME])
