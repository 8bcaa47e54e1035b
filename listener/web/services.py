"""What rooms work with, put together in `app.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from flask import Flask, current_app

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
from listener.desk.outputs import OutputsDesk
from listener.desk.pipelines import PipelinesDesk
from listener.desk.promotions import PromotionsDesk
from listener.desk.readiness import Readiness
from listener.desk.rules import RulesDesk
from listener.desk.subscriptions import SubscriptionsDesk
from listener.desk.trials import TrialsDesk
from listener.desk.troubles import TroublesDesk
from listener.keys import Keys
from listener.roles import Roles

NAME = "autopromote"


def utc_now() -> datetime:
    """The time, for whoever passes it on."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The desks, and how to tell who asks."""

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
        """Serve this app's rooms."""
        app.extensions[NAME] = self


def services() -> Services:
    """The services of the app that answers now."""
    return cast(Services, current_app.extensions[NAME])
