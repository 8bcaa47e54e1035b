"""Telling people through apprise: a service is a URL, which holds secrets."""

from __future__ import annotations

import hashlib
import logging
from types import ModuleType

import structlog

log = structlog.get_logger()


def is_service(url: str) -> bool:
    """Return whether apprise knows how to notify such a service."""
    return _apprise().Apprise.instantiate(url, suppress_exceptions=True) is not None


def mark(url: str) -> str:
    """Name a service by a digest of its URL, because the URL holds secrets."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def send(url: str, title: str, body: str) -> bool:
    """Send one message to one service; return whether it took it."""
    service = _apprise().Apprise()
    try:
        return bool(service.add(url) and service.notify(title=title, body=body))
    except Exception as error:  # noqa: BLE001 - one of a hundred plugins must not silence the rest
        log.warning("notify_broken", error=type(error).__name__)
        return False


def _apprise() -> ModuleType:
    """Import it, silent: its log lines name the services' URLs."""
    import apprise  # noqa: PLC0415 - a second of imports, for listeners that do notify

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    return apprise
