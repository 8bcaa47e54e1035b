"""How GitHub signs and labels a delivery of a webhook."""

import hashlib
import hmac

from emulator.records import Delivery, Event, Webhook


def headers(hook: Webhook, delivery: Delivery, event: Event, body: bytes) -> dict[str, str]:
    """Return the headers of a delivery, signed with the webhook's secret."""
    digest = hmac.digest(hook.secret.encode(), body, hashlib.sha256).hex()
    return {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/0123456",
        "X-GitHub-Event": event.include,
        "X-GitHub-Delivery": delivery.id,
        "X-GitHub-Hook-ID": hook.id,
        "X-GitHub-Hook-Installation-Target-Type": "repository",
        "X-Hub-Signature-256": f"sha256={digest}",
    }
