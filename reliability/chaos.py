"""`make chaos`: Heroku refuses, dies, lies and lags while people work."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from typing import Any

from reliability.ground import ROBOT, Ground
from reliability.late import Post
from reliability.people import SOURCES, TARGETS, People

LISTS = "/apps/[^/]+/releases"
# The listener's calls to Heroku, and the requests that they are.
CALLS: dict[str, dict[str, str]] = {
    "a source's list": {"method": "GET", "path": LISTS},
    "a target's list": {"method": "GET", "path": LISTS},
    "the post": {"method": "POST", "path": LISTS},
    "a slug": {"method": "GET", "path": "/apps/[^/]+/slugs/[^/]+"},
    "an app": {"method": "GET", "path": "/apps/[^/]+"},
    "anything": {},
}
WORDS = ("id", "version", "status", "current", "slug", "created_at", "description", "user")
LONGEST_LAG = 59.0  # the promise covers a lag of one minute
SILENCE = 60.0


class Chaos:
    """Random troubles from a seed, each with its end."""

    def __init__(self, ground: Ground, people: People, chance: Random) -> None:
        self._ground = ground
        self._people = people
        self._chance = chance
        self.post = Post(ground, Random(chance.random()))
        self._later: list[tuple[float, str]] = []
        self.counts: dict[str, int] = {}
        self.troubles: dict[str, Callable[[], dict[str, Any]]] = {
            "reset before": lambda: {"kind": "reset"},
            "reset after": lambda: {"kind": "reset", "applied": True},
            "cut": lambda: {"kind": "cut", "applied": self._coin()},
            "500": lambda: {"kind": "status", "status": 500, "applied": self._coin()},
            "502": lambda: {"kind": "status", "status": 502, "body": "<h1>Bad gateway</h1>"},
            "503": lambda: {"kind": "status", "status": 503},
            "429": lambda: {"kind": "status", "status": 429},
            "silence": lambda: {"kind": "latency", "seconds": SILENCE, "applied": True},
            "wrong JSON": lambda: {
                "kind": "status",
                "status": 200,
                "body": '{"id": ',
                "content_type": "application/json",
                "applied": True,
            },
            "missing": lambda: {"kind": "edit", "drop": [chance.choice(WORDS)]},
            "extra": lambda: {"kind": "edit", "set": {"colour": "red", "links": [1]}},
            "unknown": lambda: {"kind": "edit", "set": {"status": "rejoicing"}},
        }
        self.lags: dict[str, Callable[[], dict[str, Any]]] = {
            "list lags": lambda: {"kind": "lag", **self._lag()},
            "current lags": lambda: {"kind": "lag", "of": "current", **self._lag()},
            "201 not listed": lambda: {"kind": "lag", "of": "new", **self._lag()},
            "old copies": lambda: {"kind": "copy", **self._lag()},
            "slow": lambda: {
                "kind": "latency",
                "method": "GET",
                "seconds": chance.uniform(0.5, 5),
            },
        }

    def happen(self) -> None:
        """Cause one trouble, let people act during it, and let time pass."""
        name = self._chance.choices(
            ("trouble", "lag", "refused", "deliveries", "late", "rotate"), (10, 10, 1, 2, 3, 1)
        )[0]
        match name:
            case "trouble":
                name = self._trouble()
            case "lag":
                name = self._slip()
            case "refused":
                self._ground.heroku.control("refuse", {"seconds": self._chance.uniform(0.2, 1)})
                time.sleep(1.1)  # our own requests are refused, too
            case "deliveries":
                self._deliver_badly()
            case "late":
                self.post.deliver()
            case _:
                self.post.rotate()
        self.counts[name] = self.counts.get(name, 0) + 1
        for _ in range(self._chance.randint(1, 2)):
            self._people.act()
        self._go_on(self._chance.uniform(0.2, 1.8))

    def heal(self) -> None:
        """Remove all faults; Heroku is healthy from now on."""
        self._ground.heroku.control("faults", method="DELETE")
        for webhook in self._ground.heroku.control("webhooks", method="GET"):
            self._ground.heroku.control(f"webhooks/{webhook['id']}", {}, "PATCH")

    def _coin(self) -> bool:
        return self._chance.random() < 0.5

    def _lag(self) -> dict[str, Any]:
        """Return a lag of random seconds, mostly short, with a random probability."""
        seconds = min(0.3 * 2 ** self._chance.uniform(0, 8), LONGEST_LAG)
        return {"seconds": seconds, "chance": self._chance.choice((0.3, 0.6, 1.0))}

    def _trouble(self) -> str:
        name = self._chance.choice(list(self.troubles))
        call = self._chance.choice(list(CALLS))
        times = self._chance.randint(1, 3)
        self._put(self.troubles[name]() | CALLS[call] | self._of(call) | {"times": times})
        return f"{name}: {call}"

    def _slip(self) -> str:
        """Let one app, a source or a target, lag for a while."""
        name = self._chance.choice(list(self.lags))
        app = self._chance.choice((*SOURCES, *TARGETS))
        fault = self._put(self.lags[name]() | {"app": app})
        self._later.append((time.monotonic() + self._chance.uniform(4, 25), fault))
        return f"{name}: {'a source' if app in SOURCES else 'a target'}"

    def _of(self, call: str) -> dict[str, str]:
        if call == "a source's list":
            return {"app": self._chance.choice(SOURCES)}
        return {"app": self._chance.choice(TARGETS)} if call == "a target's list" else {}

    def _put(self, fault: dict[str, Any]) -> str:
        seed = self._chance.randrange(10**6)
        return str(self._ground.heroku.control("faults", fault | {"seed": seed})["id"])

    def _deliver_badly(self) -> None:
        for webhook in self._ground.heroku.control("webhooks", method="GET"):
            manners = {
                "delay": self._chance.choice((0.0, 0.0, 0.5, 3.0)),
                "shuffle": self._coin(),
                "repeats": self._chance.randint(0, 2),
                "duplicates": self._chance.randint(0, 1),
            }
            self._ground.heroku.control(f"webhooks/{webhook['id']}", manners, "PATCH")

    def _go_on(self, seconds: float) -> None:
        self._ground.heroku.control("rate-limits", {"email": ROBOT, "remaining": 4500})
        time.sleep(seconds)  # time has to pass
        now = time.monotonic()
        for _, fault in (each for each in self._later if each[0] <= now):
            self._ground.heroku.control(f"faults/{fault}", method="DELETE")
        self._later = [each for each in self._later if each[0] > now]
