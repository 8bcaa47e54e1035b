"""Heroku's side of the stage: what people, builds and faults do there, and what it shows."""

from __future__ import annotations

from typing import Any

import httpx

ANA, BO, ROBOT = "ana@example.com", "bo@example.com", "robot@example.com"
TOKEN = "HRKU-test-robot"
STAGING, PROD, EU = "acme-staging", "acme-prod", "acme-prod-eu"


class Emulated:
    """An emulated Heroku that knows our account."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport
        self.control("tokens", {"token": TOKEN, "email": ROBOT})

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """What people, builds and faults do at Heroku."""
        # Without a client: its cookies, redirects and hooks take longer than the answer does.
        request = httpx.Request(method, f"http://localhost/_emulator/{path}", json=body)
        answer = self._transport.handle_request(request)
        answer.read()
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def clear(self) -> None:
        """Take everything away that a test may have left."""
        for app in self.control("state", method="GET")["apps"]:
            self.control(f"apps/{app['id']}", method="DELETE")
        for left in ("faults", "requests"):
            self.control(left, method="DELETE")
        self.control("rate-limits", {"email": ROBOT, "remaining": 4500})

    def make_app(self, name: str, **facts: Any) -> None:
        """A new app with one deploy."""
        self.control("apps", {"name": name, "owner": ANA, **facts})
        self.deploy(name)

    def deploy(self, app: str = STAGING, **more: Any) -> int:
        """New code on an app; answers the version."""
        return int(self.control(f"apps/{app}/deploys", {"user": ANA, **more})["version"])

    def promote_by_dashboard(self, app: str, version: int, *, source: str = STAGING) -> int:
        """Somebody releases on an app what a release of another runs, without us."""
        slug = self.release(source, version)["slug"]["id"]
        return self.deploy(app, slug_id=slug, description=f"Promote {source} v{version}", user=BO)

    def hotfix(self, app: str = PROD) -> int:
        """Somebody pushes code of their own."""
        return self.deploy(app, user=BO, description="Hotfix")

    def hotfix_quietly(self) -> None:
        """Production gets history that nobody is told of."""
        self.control(f"apps/{PROD}/history", {"releases": 1})

    def configure(self, app: str) -> int:
        """Somebody sets a config var."""
        return int(self.control(f"apps/{app}/config", {"FOO": "bar"})["version"])

    def roll_back(self, app: str, version: int) -> int:
        """Somebody rolls an app back."""
        body = {"release": version, "user": BO}
        return int(self.control(f"apps/{app}/rollbacks", body)["version"])

    def phase(self, app: str, **phase: Any) -> None:
        """Give the app a release phase, ended by `finish`; `none=True` takes it away."""
        release_phase = None if phase.pop("none", False) else {"seconds": None, **phase}
        self.control(f"apps/{app}", {"release_phase": release_phase}, "PATCH")

    def finish(self, app: str, version: int, status: str = "succeeded") -> None:
        """End a release phase."""
        self.control(f"apps/{app}/releases/{version}", {"status": status})

    def releases(self, app: str) -> list[dict[str, Any]]:
        """What an app truly ran, oldest first, whatever answers lag."""
        found: list[dict[str, Any]] = self.control(f"apps/{app}/releases", method="GET")
        return found

    def release(self, app: str, version: int) -> dict[str, Any]:
        """One release of an app."""
        return next(r for r in self.releases(app) if r["version"] == version)

    def current(self, app: str = PROD) -> int:
        """The version that an app runs."""
        return int(next(r for r in self.releases(app) if r["current"])["version"])

    def slug_of(self, app: str, version: int) -> str:
        """The slug of a release."""
        return str(self.release(app, version)["slug"]["id"])

    def runs(self, version: int, app: str = PROD, *, source: str = STAGING) -> bool:
        """Whether an app runs what this release of another ran."""
        return self.slug_of(app, self.current(app)) == self.slug_of(source, version)

    def times_released(self, version: int, app: str = PROD, *, source: str = STAGING) -> int:
        """How many releases of an app have the slug of this release of another."""
        slug = self.slug_of(source, version)
        return sum((r["slug"] or {}).get("id") == slug for r in self.releases(app))

    def ours(self, app: str = PROD) -> list[int]:
        """The versions of an app that carry a nonce."""
        return [r["version"] for r in self.releases(app) if "(autopromote " in r["description"]]
