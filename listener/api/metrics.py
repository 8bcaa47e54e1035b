"""Metrics for Prometheus: requests as processes counted them, the rest as the database tells."""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterator

from flask import Blueprint, Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram
from prometheus_client import generate_latest as written
from prometheus_client.metrics_core import (
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from typing_extensions import override

from listener.api import auth
from listener.api.answers import Reply, replies
from listener.api.services import services
from listener.db.figures import Delay
from listener.roles import Role
from listener.services.histograms import Histograms
from listener.services.status import Gauges

bp = Blueprint("metrics", __name__)

NAME = "autopromote_meter"
# Each label's value stays in memory, and anybody may make up a method.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """Counts requests, in this process; `text` tells those of all."""

    def __init__(self) -> None:
        self._own = CollectorRegistry()
        self._requests = Counter(
            "autopromote_requests",
            "Requests answered.",
            ("route", "method", "status"),
            registry=self._own,
        )
        self._seconds = Histogram(
            "autopromote_request_seconds",
            "How long answering took.",
            ("route",),
            registry=self._own,
            buckets=BUCKETS,
        )

    def join(self, app: Flask) -> None:
        """Count every request to this app."""
        app.extensions[NAME] = self
        app.after_request(self._count)

    def text(self) -> bytes:
        """Return the request counts in Prometheus' format."""
        everybody = CollectorRegistry()
        try:
            MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]
        except ValueError:  # no folder to share counts in: this process is alone
            return written(self._own)
        return written(everybody)

    def _count(self, response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule is not None else "unknown"
        method = request.method if request.method in METHODS else OTHER
        seconds = time.perf_counter() - g.began_at
        self.count(route, method, response.status_code, seconds=seconds)
        return response

    def count(self, route: str, method: str, status: int, *, seconds: float) -> None:
        """Count a request to one of our routes."""
        self._requests.labels(route, method, status).inc()
        self._seconds.labels(route).observe(seconds)


class _Figures(Collector):
    """The database's figures, collected once."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield every figure in Prometheus' format."""
        found, left = self._gauges.figures(), self._gauges.heroku_requests_left()
        yield _by("promotions", "Promotions there are.", "status", found.promotions)
        yield _by("deliveries", "Deliveries kept.", "fate", found.deliveries)
        yield _by("due_lag_seconds", "How long due work has waited.", "queue", found.lags)
        yield _one("open_holds", "Holds nobody released.", found.open_holds)
        yield from _delays(self._gauges.delays())
        if left is not None:
            yield _one("heroku_requests_left", "Requests Heroku still grants.", left)


DELAYS = {
    Delay.LEAD: ("lead_time_seconds", "From a release on the source until it ran on the target."),
    Delay.POST: ("post_delay_seconds", "From a release on the source until a rule's post of it."),
}


def _delays(found: Histograms) -> Iterator[Metric]:
    for delay, (name, says) in DELAYS.items():
        family = HistogramMetricFamily(f"autopromote_{name}", says, labels=["app"])
        for (of, app), histogram in sorted(found.items()):
            if of is delay:
                family.add_metric([app], histogram.cumulative, histogram.seconds)
        yield family


def _by(name: str, says: str, label: str, values: dict[str, int] | dict[str, float]) -> Metric:
    family = GaugeMetricFamily(f"autopromote_{name}", says, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _one(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(f"autopromote_{name}", says, value=value)


@bp.get("/metrics")
@replies(Reply(problems=(401, 403)))
def scrape() -> ResponseReturnValue:
    """Return every figure, for an admin of every app or for AUTOPROMOTE_METRICS_TOKEN."""
    if not _is_scraper():
        auth.check(Role.ADMIN)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(services().gauges))
    meter = current_app.extensions[NAME]
    return Response(meter.text() + written(registry), content_type=CONTENT_TYPE_LATEST)


def _is_scraper() -> bool:
    token = services().metrics_token
    return token is not None and hmac.compare_digest(auth.bearer().encode(), token.encode())
