"""Telling people through apprise: a service is a URL, which holds secrets.

Apprise by itself imports all of its plugins, almost two hundred, at the first URL. Here it gets
only those that can know a URL, for what a process has imported stays in its memory.
"""

from __future__ import annotations

import hashlib
import logging
import re
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

import structlog

log = structlog.get_logger()

_SCHEME = re.compile(r"([a-z0-9]+)://", re.IGNORECASE)
# How a plugin says which schemes are its own; one says it in a way that only Python can read.
_SCHEMES = re.compile(
    rb"""^    \w*protocol\b[^=\n]*=\s*(\([^)]*\)|\[[^]]*\]|["'][^"'\n]*["']|)""", re.MULTILINE
)
_WORD = re.compile(rb"""["']([^"'\n]+)["']""")
# It reads an https URL, as the service itself shows it to people.
_READS_FOREIGN = b"def parse_native_url("
_lock = Lock()
_loaded: set[str] = set()


def is_service(url: str) -> bool:
    """Return whether apprise knows how to notify such a service."""
    with _lock:
        apprise = _apprise_for(url)
        return apprise.Apprise.instantiate(url, suppress_exceptions=True) is not None


def mark(url: str) -> str:
    """Name a service by a digest of its URL, because the URL holds secrets."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def send(url: str, title: str, body: str) -> bool:
    """Send one message to one service; return whether it took it."""
    try:
        service = _service(url)
        return service is not None and bool(service.notify(title=title, body=body))
    except Exception as error:  # noqa: BLE001 - one of a hundred plugins must not silence the rest
        log.warning("notify_broken", error=type(error).__name__)
        return False


def _service(url: str) -> Any:
    with _lock:
        service = _apprise_for(url).Apprise()
        return service if service.add(url) else None


def _apprise_for(url: str) -> ModuleType:
    """Import apprise, and those of its plugins that can know the URL.

    It is silent: its log lines name the services' URLs. The lock is held, for it must not look
    through its plugins while another thread adds some.
    """
    import apprise  # noqa: PLC0415 - half a second of imports, for listeners that do notify

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    manager = apprise.NotificationManager()  # type: ignore[no-untyped-call]
    folder = Path(manager.module_path)
    wanted = {name for scheme in _SCHEME.findall(url) for name in plugins(folder, scheme.lower())}
    if missing := wanted - _loaded:
        _load(manager, folder, missing)
        _loaded.update(missing)
    return apprise


def _load(manager: Any, folder: Path, names: set[str]) -> None:
    """Have apprise load these plugins: it takes all that it finds in a folder."""
    with tempfile.TemporaryDirectory(prefix="autopromote-notify-") as some:
        for name in names:
            Path(some, name).symlink_to(folder / name)
        manager.load_modules(path=some, name=manager.module_name_prefix)


def plugins(folder: Path, scheme: str) -> frozenset[str]:
    """Return the plugins that can know a URL with this scheme, as files or folders in the folder.

    For a scheme that is nobody's own these are the plugins that read URLs of other schemes.
    """
    by_scheme, others = _table(folder)
    return by_scheme.get(scheme, others)


@cache
def _table(folder: Path) -> tuple[dict[str, frozenset[str]], frozenset[str]]:
    """Read the sources of the plugins, which are many, one after the other."""
    by_scheme: dict[str, frozenset[str]] = {}
    others = set()
    for entry in _entries(folder):
        for source in entry.rglob("*.py") if entry.is_dir() else [entry]:
            text = source.read_bytes()
            declared = _SCHEMES.findall(text)
            for scheme in (word.decode() for one in declared for word in _WORD.findall(one)):
                by_scheme[scheme] = by_scheme.get(scheme, frozenset()) | {entry.name}
            if _READS_FOREIGN in text or b"" in declared:
                others.add(entry.name)
    return by_scheme, frozenset(others)


def _entries(folder: Path) -> Iterator[Path]:
    """Return what apprise takes for plugins."""
    for entry in folder.iterdir():
        is_package = entry.is_dir() and not entry.name.startswith("_")
        if is_package or (entry.suffix == ".py" and not entry.name.startswith(("_", "base"))):
            yield entry
