"""The URLs of the services that rules tell, which are kept sealed."""

from __future__ import annotations

import structlog

from listener.crypto import DecryptionError
from listener.db.rules import Service
from listener.inventory.context import Context

log = structlog.get_logger()


def opened(context: Context, service: Service) -> str | None:
    """Return the URL of a service; None where no key decrypts it."""
    try:
        return context.keys.services.open(service.sealed).decode()
    except DecryptionError:
        log.warning("notify_sealed", service=service.shown)
        return None
