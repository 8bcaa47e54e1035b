"""Remembers what GitHub last answered to a read, so that asking again may cost nothing."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

LONGEST_ETAG = 200


class Answers:
    """The values read last, by path, with the ETags of their answers; threads share it."""

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[str, tuple[str, object]] = OrderedDict()

    def get(self, path: str) -> tuple[str, object] | None:
        """Return the ETag and the value of a path."""
        with self._lock:
            if path in self._kept:
                self._kept.move_to_end(path)
            return self._kept.get(path)

    def put(self, path: str, etag: str, value: object) -> None:
        """Keep a value, and forget the one that was not asked for longest."""
        if not (0 < len(etag) <= LONGEST_ETAG and etag.isascii() and etag.isprintable()):
            return
        with self._lock:
            self._kept[path] = etag, value
            self._kept.move_to_end(path)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
