"""The services that a rule tells: read from URLs that hold secrets, which are never shown again."""

from __future__ import annotations

import re
from collections.abc import Iterable

from listener import notifier
from listener.errors import Invalid
from listener.keys import Seal
from listener.store.services import Service

MOST = 10
LONGEST = 2000
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,30})://[!-~]+", re.IGNORECASE | re.ASCII)


def services_of(urls: Iterable[str], seal: Seal) -> tuple[Service, ...]:
    """The services behind these URLs, sealed. Raises Invalid, without the URL."""
    wanted = tuple(dict.fromkeys(url.strip() for url in urls))
    if len(wanted) > MOST:
        raise Invalid(f"notify: a rule tells {MOST} services at most.")
    return tuple(_service(url, seal) for url in wanted)


def _service(url: str, seal: Seal) -> Service:
    found = _SCHEME.fullmatch(url)
    if found is None or len(url) > LONGEST:
        raise Invalid("notify: it must be apprise URLs like slack://….")
    shown = f"{found[1].lower()}://…"
    if not notifier.is_service(url):
        raise Invalid(f"notify: apprise cannot read that {shown}; see its wiki for how it is made.")
    return Service(shown, notifier.mark(url), seal.seal(url.encode()))
