"""Answers that lag for a machine that plays on, and how many have."""

from __future__ import annotations

from tests.worker.emulated import Emulated


class Lags:
    """Lets readings of some apps lag, until it is over."""

    def __init__(self, heroku: Emulated) -> None:
        self._heroku = heroku
        self._over: dict[str, int] = {}

    def freeze(self, app: str, of: str, *, times: int, skip: int = 0) -> None:
        """So many readings show what is now, whatever comes."""
        fault = {"kind": "frozen", "app": app, "of": of, "times": times, "skip": skip}
        self._heroku.control("faults", fault)

    def copy(self, app: str, *, seed: int) -> None:
        """One reading shows what was at some moment of the last seconds."""
        fault = {"kind": "copy", "app": app, "seconds": 6, "times": 1, "seed": seed}
        self._heroku.control("faults", fault)

    def struck(self, app: str) -> int:
        """How many answers about an app lagged until now."""
        return self._counted().get(app, 0)

    def clear(self) -> None:
        """What is answered from now on is so."""
        self._over = self._counted()
        self._heroku.control("faults", method="DELETE")

    def _counted(self) -> dict[str, int]:
        counted = dict(self._over)
        for fault in self._heroku.control("faults", method="GET"):
            counted[fault["app"]] = counted.get(fault["app"], 0) + fault["seen"]
        return counted
