"""Answers of Heroku's that all who only look share for ten seconds.

Whatever is decided, saved or posted reads anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import Any, TypeVar

from listener.heroku import HerokuError, Spared

Answer = TypeVar("Answer")
SECONDS = 10.0
MOST_KEPT = 256


class TooLate(Exception):
    """No answer came in time; nothing is known of Heroku."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question that was asked, with its answer if that came yet."""

    at: float
    writes: int
    answer: Future[Any] = field(default_factory=Future)
    has_failed: bool = False


class SharedAnswers:
    """Asks each question once in so many seconds; threads share it, and wait for each other.

    After a change of ours at Heroku, by `writes`, everything is asked anew. An error is told to
    those who wait for the answer, or a slow Heroku would keep one after the other; the next one
    asks again, or the first after `failed_for` seconds. What was only spared for the asker's budget
    is nobody else's.
    """

    def __init__(
        self, writes: Callable[[], int], *, seconds: float = SECONDS, failed_for: float = 0.0
    ) -> None:
        self._writes = writes
        self._seconds = seconds
        self._failed_for = failed_for
        self._lock = Lock()
        self._asked: dict[Hashable, _Asked] = {}

    def __call__(self, call: Callable[[], Answer], *, until: float) -> Answer:
        """Return the answer to this call, if need be by calling.

        Raises TooLate where neither an answer comes nor a call begins until then, by the monotonic
        clock.
        """
        key = _key(call)
        while (left := until - time.monotonic()) >= 0:
            asked, is_ours = self._question(key)
            if is_ours:
                return self._answered(key, asked, call)
            try:
                error = asked.answer.exception(timeout=left)
            except TimeoutError:
                break
            if error is None:
                found: Answer = asked.answer.result()
                return found
            if isinstance(error, HerokuError) and not isinstance(error, Spared):
                raise error
        raise TooLate

    def _question(self, key: Hashable) -> tuple[_Asked, bool]:
        with self._lock:
            now, writes = time.monotonic(), self._writes()
            asked = self._asked.get(key)
            if asked is not None and asked.writes == writes and self._stands(asked, now):
                return asked, False
            if len(self._asked) >= MOST_KEPT:
                kept = {k: v for k, v in self._asked.items() if self._stands(v, now)}
                self._asked = kept if len(kept) < MOST_KEPT else {}
            self._asked[key] = _Asked(now, writes)
            return self._asked[key], True

    def _stands(self, asked: _Asked, now: float) -> bool:
        return now - asked.at < (self._failed_for if asked.has_failed else self._seconds)

    def _answered(self, key: Hashable, asked: _Asked, call: Callable[[], Answer]) -> Answer:
        try:
            found = call()
        except BaseException as error:
            is_shared = isinstance(error, HerokuError) and not isinstance(error, Spared)
            is_kept = is_shared and self._failed_for > 0
            with self._lock:
                if self._asked.get(key) is asked and is_kept:
                    self._asked[key] = replace(asked, at=time.monotonic(), has_failed=True)
                elif self._asked.get(key) is asked:
                    del self._asked[key]
            asked.answer.set_exception(error)
            raise
        asked.answer.set_result(found)
        return found


def _key(call: Any) -> Hashable:
    """Name a call by what is called with what."""
    if isinstance(call, partial):
        named = tuple(sorted(call.keywords.items()))
        return _key(call.func), tuple(map(_key, call.args)), named
    if isinstance(call, list):
        return tuple(call)
    return call  # type: ignore[no-any-return]  # a function, or a method of one object
