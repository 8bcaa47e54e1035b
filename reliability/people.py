"""What people do at Heroku and ask of the listener, with a diary of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from random import Random
from typing import Any

import psycopg

from reliability.ground import ANA, ROBOT, RULES, Ground

BO = "bo@example.com"
ANSWER_SECONDS = 6.0  # after this a person stops waiting
SOURCES = tuple(source for source, _, _ in RULES.values())
TARGETS = tuple(target for _, targets, _ in RULES.values() for target in targets)
SOURCE_OF = {target: source for source, targets, _ in RULES.values() for target in targets}


@dataclass(frozen=True, slots=True)
class Act:
    """Something a person did, between two times of this machine's clock."""

    kind: str
    app: str
    began: float
    done: float
    version: int | None = None


@dataclass
class People:
    """A team at work; the seed decides what they do."""

    ground: Ground
    chance: Random
    diary: list[Act] = field(default_factory=list)
    asks_for_sure: bool | None = None

    def act(self) -> None:
        """Do one of the things that people do, mostly a deploy."""
        self.release_some_holds()
        doing = self.chance.choices(
            (self.deploy, self.hotfix, self.roll_back, self.roll_back_source, self.configure),
            weights=(60, 8, 6, 5, 6),
        )[0]
        doing()
        if self.chance.random() < 0.03:
            self.ask_rollback()

    def deploy(self, app: str = "") -> None:
        """Deploy new code to staging."""
        app = app or self.chance.choice(SOURCES)
        self._at_heroku("deploy", app, f"apps/{app}/deploys", {"user": ANA})

    def hotfix(self) -> None:
        """Push new code to production by hand."""
        app = self.chance.choice(TARGETS)
        body = {"user": BO, "description": "Hotfix"}
        self._at_heroku("hotfix", app, f"apps/{app}/deploys", body)

    def roll_back(self) -> None:
        """Roll production back in the dashboard."""
        self._go_back("rollback", self.chance.choice(TARGETS))

    def roll_back_source(self) -> None:
        """Roll staging back."""
        self._go_back("source rollback", self.chance.choice(SOURCES))

    def configure(self) -> None:
        """Set a config var on a random app."""
        app = self.chance.choice((*SOURCES, *TARGETS))
        self._at_heroku("config", app, f"apps/{app}/config", {"N": str(self.chance.random())})

    def ask_rollback(self) -> None:
        """Roll production back through the listener."""
        app = self.chance.choice(TARGETS)
        self._ask(
            "asked rollback", app, "rollback", "--app", app, "--reason", "it is slow", "--no-wait"
        )

    def release_some_holds(self) -> None:
        """Release about half of the holds."""
        for app in self.held():
            if self.chance.random() < 0.5:
                self.release_hold(app)

    def release_hold(self, app: str) -> None:
        """Release the hold of an app: what the app runs is intended."""
        self._ask("release", app, "holds:release", "--app", app, *self._sure(app))

    def approve(self, promotion: int) -> None:
        """Approve a promotion that waits for a person's word."""
        self.ground.type("promotions:approve", str(promotion), patience=ANSWER_SECONDS)

    def _sure(self, app: str) -> tuple[str, ...]:
        """Return the flag by which a person confirms what the release lets go."""
        if self.asks_for_sure is None:
            self.asks_for_sure = "--confirm" in self.ground.must_type("holds:release", "--help")
        return ("--confirm", app) if self.asks_for_sure else ()

    def held(self) -> list[str]:
        """Return the targets that the listener holds; none if the database is away."""
        query = (
            "SELECT DISTINCT app.name FROM hold JOIN app ON app.id = hold.app_id"
            " WHERE hold.released_at IS NULL ORDER BY app.name"
        )
        try:
            return [row[0] for row in self.ground.database.ask(query)]
        except psycopg.Error:
            return []

    def _go_back(self, kind: str, app: str) -> None:
        ran = [
            release
            for release in self.ground.heroku.releases(app)
            if release["eligible_for_rollback"] and release["slug"] and not release["current"]
        ]
        if ran:
            to = self.chance.choice(ran[-4:])["version"]
            self._at_heroku(kind, app, f"apps/{app}/rollbacks", {"release": to, "user": BO})

    def _at_heroku(self, kind: str, app: str, path: str, body: Any) -> None:
        began = time.time()
        made = self.ground.heroku.control(path, body)
        self.diary.append(Act(kind, app, began, time.time(), made["version"]))

    def _ask(self, kind: str, app: str, *words: str) -> None:
        """Ask the listener; without an answer, it may still have done it."""
        began = time.time()
        self.ground.type(*words, patience=ANSWER_SECONDS)
        self.diary.append(Act(kind, app, began, time.time()))


__all__ = ["ANA", "BO", "ROBOT", "SOURCES", "SOURCE_OF", "TARGETS", "Act", "People"]
