"""How gunicorn runs the listener; `Procfile` names this file."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import tempfile
from contextlib import closing
from threading import Thread
from types import FrameType
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from listener import logs, process_memory
from listener.config import BadSettings, read
from listener.web.worker import FrontWorker

try:
    _settings = read(os.environ)
except BadSettings as _bad:
    # Here, before any worker: they would fail one after the other, each with a traceback.
    sys.exit(str(_bad))


def _address(port: int) -> str:
    """Return an address for all interfaces, with IPv6 if that does not shut IPv4 out."""
    try:
        with closing(socket.socket(socket.AF_INET6)) as probe:
            takes_both = not probe.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
            probe.bind(("::", 0))
    except OSError:
        takes_both = False
    return f"[::]:{port}" if takes_both else f"0.0.0.0:{port}"


class LogfmtLogger(Logger):  # type: ignore[misc]
    """Gunicorn's own events as lines of ours; its access log stays off, for we write our own."""

    def setup(self, cfg: Any) -> None:
        """Apply gunicorn's configuration, then send its error log to ours."""
        super().setup(cfg)
        logs.configure()
        self.error_log.handlers = []
        self.error_log.propagate = True


bind = [_address(_settings.port)]
worker_class = FrontWorker
workers = _settings.processes
timeout = 60  # without a sign of life of a whole process; a request has limits of its own
graceful_timeout = 25  # Heroku kills what is left 30 s after SIGTERM
keepalive = (
    95  # longer than Heroku's router keeps idle connections, so that it never meets a closed one
)
forwarded_allow_ips = "*"  # a dyno is reached through the router alone
forwarder_headers = ""  # and nobody may name another path than the one that is asked for
control_socket_disable = True
logger_class = LogfmtLogger

# Where processes share what they count; read by prometheus_client when it is imported. A folder
# that somebody named is his own.
_own_counts: str | None = None
if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    _own_counts = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(
        prefix="autopromote-metrics-"
    )


def on_starting(server: Any) -> None:
    """Load what workers need before they are forked, so that they share it."""
    from listener.app import load  # noqa: PLC0415 - after it is known where its processes count

    load()
    process_memory.settle()


def post_worker_init(worker: Any) -> None:
    """Begin to promote, now that the process is the one that stays; end when told to terminate."""
    from listener.app import shift_of  # noqa: PLC0415 - see above

    process_memory.settle()
    shift = shift_of(worker.wsgi)
    terminate = signal.getsignal(signal.SIGTERM)

    def end(number: int, frame: FrameType | None) -> None:
        # Beside the requests that are still answered: both have the same 25 seconds.
        Thread(target=shift.end, name="end-of-shift", daemon=True).start()
        if callable(terminate):
            terminate(number, frame)

    signal.signal(signal.SIGTERM, end)
    shift.begin()


def worker_exit(server: Any, worker: Any) -> None:
    """Wait for the steps at hand."""
    from listener.app import shift_of  # noqa: PLC0415 - see above

    if worker.wsgi is not None:
        shift_of(worker.wsgi).end()


def on_exit(server: Any) -> None:
    """Leave nothing behind that is ours."""
    if _own_counts is not None:
        shutil.rmtree(_own_counts, ignore_errors=True)
