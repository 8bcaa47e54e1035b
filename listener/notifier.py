"""Telling people through apprise: a service is a URL, which holds secrets.

The operator's own URLs may be whatever apprise reads. A rule's are an admin's, and lead to services
whose host is fixed in apprise's source, or by our prober to a public address.

Apprise by itself imports all of its plugins, almost two hundred, at the first URL. Here it gets the
one of the scheme where we know it, for what a process has imported stays in its memory.
"""

from __future__ import annotations

import hashlib
import logging
import re
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

import httpx
import structlog

from listener.outbound.address import read_url
from listener.prober import Prober

log = structlog.get_logger()

# Each was looked up in apprise's source: https, and no part of a URL says to which host. A test
# sends by each of them, and sees which host it wants.
FIXED: Mapping[str, str] = {
    "discord": "discord.py",
    "firehydrant": "firehydrant.py",
    "flock": "flock.py",
    "gchat": "google_chat.py",
    "ilert": "ilert.py",
    "incidentio": "incidentio.py",
    "opsgenie": "opsgenie.py",
    "pagerduty": "pagerduty.py",
    "pbul": "pushbullet.py",
    "pover": "pushover.py",
    "signl4": "signl4.py",
    "slack": "slack.py",
    "spike": "spike.py",
    "splunk": "splunk.py",
    "squadcast": "squadcast.py",
    "tgram": "telegram.py",
    "twilio": "twilio.py",
    "victorops": "splunk.py",
    "webex": "webexteams.py",
    "workflow": "workflows.py",
    "workflows": "workflows.py",
    "wxteams": "webexteams.py",
    "zoom": "zoom.py",
}
# As the service itself shows its URL to people.
NATIVE: Mapping[str, str] = {
    "discord.com": "discord.py",
    "hooks.slack.com": "slack.py",
}
# Microsoft Teams alone has a host for each customer.
_OF_TEAMS = re.compile(
    r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(logic\.azure\.com|api\.powerplatform\.com)", re.ASCII
)
BY_US: Mapping[str, str] = {"json": "http", "jsons": "https"}
_OTHERS = {
    "json": "custom_json.py",
    "jsons": "custom_json.py",
    "mailto": "email",
    "mailtos": "email",
}
# What a URL may say after `?`. Others fetch a template or a key, trust no certificate, follow
# redirects, or wait for long.
_OPTIONS = frozenset(
    {
        "action",
        "api-version",
        "avatar",
        "blocks",
        "class",
        "component",
        "expire",
        "fields",
        "flags",
        "footer",
        "format",
        "from",
        "group",
        "image",
        "key",
        "mode",
        "overflow",
        "pa",
        "ping",
        "preview",
        "priority",
        "region",
        "retry",
        "sig",
        "silent",
        "sound",
        "source",
        "sp",
        "sv",
        "thread",
        "timestamp",
        "to",
        "token",
        "topic",
        "tts",
        "ver",
        "wrap",
    }
)
# They take what is declared plain for Markdown nevertheless.
MARKDOWN_ALWAYS = frozenset({"Discord", "Guilded", "Mattermost", "Zulip"})
_URL = re.compile(r"(https?://[A-Za-z0-9._~:/?#@!$&+,;=%-]*[A-Za-z0-9_~/#@$&+=%-])")
_MARKUP = re.compile(r"[\\`*_{}\[\]()<>#+.!|~=-]|&(?=#?\w{1,32};)")
_CALL = "@\u200b"  # no `@` rings at anybody's, and an address is read as it was
_SCHEME = re.compile(r"\s*([a-z][a-z0-9+.-]{0,30})://", re.IGNORECASE | re.ASCII)
_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]+")
_lock = Lock()
_loaded: set[str] = set()


def mark(url: str) -> str:
    """Name a service by a digest of its URL, because the URL holds secrets."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def shown(url: str) -> str:
    """Return of a URL what is no secret."""
    found = _SCHEME.match(url)
    return f"{found[1].lower()}://…" if found is not None else "…"


@dataclass(frozen=True, slots=True)
class Told:
    """What came of telling a service; the message says it without what is secret."""

    is_told: bool
    message: str


Send = Callable[[str, str], Told]  # title and body, to one service


def send(url: str, title: str, body: str) -> Told:
    """Send one message to a service of the operator's, by whatever apprise knows."""
    with _lock:
        apprise = _apprise_for(url)
        found = _parsed(apprise, url)
        service = apprise.Apprise.instantiate(found, suppress_exceptions=True) if found else None
    return _notify(service, title, body)


def send_for_rule(prober: Prober, url: str, title: str, body: str) -> Told:
    """Send one message to a service of a rule, if a rule may name it."""
    try:
        recipient = _read(url)
    except BadService as bad:
        log.warning("notify_refused", service=shown(url), why=str(bad))
        return Told(False, str(bad))
    if isinstance(recipient, _Letter):
        said = {
            "version": "1.0",
            "title": title,
            "message": body,
            "attachments": [],
            "type": "info",
        }
        probe = prober.tell(recipient.url, said, headers=recipient.headers)
        return Told(probe.is_good, f"It {probe.said}.")
    return _notify(recipient, title, body)


def _notify(service: Any, title: str, body: str) -> Told:
    """Tell a service: no words of people are markup to it, and no two lines become one.

    A title has none of them, and apprise escapes it where it must.
    """
    try:
        is_told = service is not None and _tell_plainly(service, title, body)
    except Exception as error:  # noqa: BLE001 - one of a hundred plugins must not silence the rest
        log.warning("notify_broken", error=type(error).__name__)
        is_told = False
    return Told(is_told, "It took it." if is_told else "It did not take it.")


def _tell_plainly(service: Any, title: str, body: str) -> bool:
    import apprise  # noqa: PLC0415 - it is there, for it made the service

    # By a list of one: told directly, some services convert no text, and obey the tags in it.
    told = apprise.Apprise(asset=service.asset)
    told.add(service)
    plain, markdown = apprise.NotifyFormat.TEXT, apprise.NotifyFormat.MARKDOWN
    if service.service_name in MARKDOWN_ALWAYS:
        return bool(told.notify(title=title, body=as_markdown(body)))  # as it is
    if service.resolve_format(plain) is markdown:
        return bool(told.notify(title=title, body=as_markdown(body), body_format=markdown))
    return bool(told.notify(title=title, body=body, body_format=plain))


def as_markdown(text: str) -> str:
    """Write plain text in Markdown: a paragraph for each line, and URLs that can be followed.

    Apprise would escape within URLs, too, and leave lines to be run into one.
    """
    lines = (_escaped(line.strip()) for line in text.splitlines())
    return "\n\n".join(line for line in lines if line)


def _escaped(line: str) -> str:
    pieces = _URL.split(line)  # every second one is a URL
    return "".join(
        piece.replace("@", "%40")
        if number % 2
        else _MARKUP.sub(r"\\\g<0>", piece).replace("@", _CALL)
        for number, piece in enumerate(pieces)
    )


# What a rule may name.


class BadService(ValueError):
    """A rule may not name this URL; the message says why, without what is secret."""


def check(url: str) -> None:
    """Raise BadService unless a rule may name the URL. Nobody is asked."""
    _read(url)


@dataclass(frozen=True, slots=True)
class _Letter:
    """Where our own prober posts what apprise would post, and with which credentials."""

    url: str
    headers: Mapping[str, str] = field(repr=False)


def _read(url: str) -> Any:
    scheme = shown(url).removesuffix("://…")
    if scheme in BY_US:
        return _letter(url, BY_US[scheme])
    if scheme not in FIXED and not (scheme == "https" and _native(url)):
        may = ", ".join((*FIXED, *BY_US))
        raise BadService(f"a rule cannot tell {shown(url)}; it can tell {may}.")
    with _lock:
        apprise = _apprise_for(url)
        found = _parsed(apprise, url)
        _check_said(found)
        asset = apprise.AppriseAsset(http_redirects=False)
        service = apprise.Apprise.instantiate(found, asset=asset) if found else None
    if service is None:
        raise BadService(f"apprise cannot read that {shown(url)}; see its wiki for how it is made.")
    return service


def _check_said(found: Mapping[str, Any]) -> None:
    """Check what apprise itself has read in a URL."""
    said = {name.lower() for name in found.get("qsd") or ()}
    marked = [name for mark in "+-:" for name in found.get(f"qsd{mark}") or ()]
    if more := [*sorted(said - _OPTIONS), *marked]:
        raise BadService(f"{_first(more)}= may not be said of a service of a rule.")
    is_of_teams = FIXED.get(str(found.get("schema"))) == "workflows.py"
    host = str(found.get("host") or "").lower()
    if is_of_teams and (not _OF_TEAMS.fullmatch(host) or found.get("port") not in (None, 443)):
        raise BadService("it is no workflow at logic.azure.com or api.powerplatform.com.")


def _letter(url: str, scheme: str) -> _Letter:
    """Read `json://`; what it says after `?` must be for the other side, as in `?-room=7`."""
    try:
        parts = read_url(_SCHEME.sub(f"{scheme}://", url, count=1))
    except httpx.InvalidURL as error:
        raise BadService(f"it is no URL like {shown(url)}.") from error
    said = parse_qsl(parts.query.decode(), keep_blank_values=True)
    if more := [name for name, _ in said if not name.startswith("-")]:
        raise BadService(f"{_first(more)}= may not be said of a service of a rule.")
    if not _HOST.fullmatch(parts.host) or parts.fragment:
        raise BadService(f"it is no URL like {shown(url)}.")
    own = {name[1:]: value for name, value in said}
    user = parts.userinfo
    headers = (
        {"Authorization": f"Basic {b64encode(unquote_to_bytes(user)).decode()}"} if user else {}
    )
    to = parts.copy_with(userinfo=b"", query=None, fragment=None)
    return _Letter(str(to.copy_merge_params(own) if own else to), headers)


def _first(names: list[str]) -> str:
    return re.sub(r"[^\w+:-]", "?", names[0] if names else "this", flags=re.ASCII)[:30]


def _native(url: str) -> str | None:
    """Return the plugin that reads this https URL, if it is one of those that rules may name."""
    try:
        parts = urlsplit(url.strip())
        return NATIVE.get(parts.hostname or "") if parts.port in (None, 443) else None
    except ValueError:
        return None


# Apprise and its plugins.


def _apprise_for(url: str) -> Any:
    """Import apprise, and the plugin that knows the URL, or all of them where we do not know which.

    It is silent: its log lines name the services' URLs. The lock is held, for it must not look
    through its plugins while another thread adds some.
    """
    _guess_no_languages()
    import apprise  # noqa: PLC0415 - half a second of imports, for listeners that do notify

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    manager = apprise.NotificationManager()  # type: ignore[no-untyped-call]
    folder = Path(manager.module_path)
    if missing := plugins(folder, url) - _loaded:
        _load(manager, folder, missing)
        _loaded.update(missing)
    return apprise


def _guess_no_languages() -> None:
    """Stand in for what `requests` loads to guess how an answer is encoded: 3 MB for a log line."""
    if "charset_normalizer" not in sys.modules:
        nobody = ModuleType("charset_normalizer")
        vars(nobody).update(__version__="3.0.0", detect=lambda _: {"encoding": None})
        sys.modules[nobody.__name__] = nobody


def _parsed(apprise: Any, url: str) -> dict[str, Any]:
    """Read a URL; empty where apprise cannot.

    Its `format=` counts for mail alone. Others would take words of people for markup, whatever they
    are declared to be, or ring at whom these name.
    """
    found: dict[str, Any] = apprise.plugins.url_to_dict(url) or {}
    if _OTHERS.get(str(found.get("schema"))) != "email":
        found.pop("format", None)
    return found


def plugins(folder: Path, url: str) -> frozenset[str]:
    """Return the plugins that can know a URL, as files or folders in the folder."""
    scheme = shown(url).removesuffix("://…")
    known = FIXED.get(scheme) or _OTHERS.get(scheme) or _native(url)
    return frozenset({known}) if known is not None else _all(folder)


def _load(manager: Any, folder: Path, names: frozenset[str]) -> None:
    """Have apprise load these plugins: it takes all that it finds in a folder."""
    with tempfile.TemporaryDirectory(prefix="autopromote-notify-") as some:
        for name in names:
            Path(some, name).symlink_to(folder / name)
        manager.load_modules(path=some, name=manager.module_name_prefix)


@cache
def _all(folder: Path) -> frozenset[str]:
    """Return what apprise takes for plugins."""
    entries = [each for each in folder.iterdir() if not each.name.startswith(("_", "base"))]
    return frozenset(each.name for each in entries if each.is_dir() or each.suffix == ".py")
