"""What people do at Heroku and want of the listener, and a diary of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from random import Random
from typing import Any

import psycopg

from reliability.ground import ANA, ROBOT, RULES, Ground

BO = "bo@example.com"
ANSWER_SECONDS = 6.0  # then a person does something else
SOURCES = tuple(source for source, _, _ in RULES.values())
TARGETS = tuple(target for _, targets, _ in RULES.values() for target in targets)
SOURCE_OF = {target: source for source, targets, _ in RULES.values() for target in targets}


@dataclass(frozen=True, slots=True)
class Act:
    """Something a person did, between two moments of this machine's clock."""

    kind: str
    app: str
    began: float
    done: float
    version: int | None = None


@dataclass
class People:
    """A team at work, by the dice of a seed."""

    ground: Ground
    chance: Random
    diary: list[Act] = field(default_factory=list)
    asks_for_sure: bool | None = None

    def act(self) -> None:
        """One of the things that people do, deploys mostly."""
        self.release_some_holds()
        doing = self.chance.choices(
            (self.deploy, self.hotfix, self.roll_back, self.roll_back_source, self.configure),
            weights=(60, 8, 6, 5, 6),
        )[0]
        doing()
        if self.chance.random() < 0.03:
            self.ask_rollback()

    def deploy(self, app: str = "") -> None:
        """New code on staging."""
        app = app or self.chance.choice(SOURCES)
        self._at_heroku("deploy", app, f"apps/{app}/deploys", {"user": ANA})

    def hotfix(self) -> None:
        """New code on production, pushed by hand."""
        app = self.chance.choice(TARGETS)
        body = {"user": BO, "description": "Hotfix"}
        self._at_heroku("hotfix", app, f"apps/{app}/deploys", body)

    def roll_back(self) -> None:
        """Production goes back, in the dashboard."""
        self._go_back("rollback", self.chance.choice(TARGETS))

    def roll_back_source(self) -> None:
        """Staging goes back."""
        self._go_back("source rollback", self.chance.choice(SOURCES))

    def configure(self) -> None:
        """A config var is set somewhere."""
        app = self.chance.choice((*SOURCES, *TARGETS))
        self._at_heroku("config", app, f"apps/{app}/config", {"N": str(self.chance.random())})

    def ask_rollback(self) -> None:
        """Production goes back, through the listener."""
        app = self.chance.choice(TARGETS)
        self._ask(
            "asked rollback", app, "rollback", "--app", app, "--reason", "it is slow", "--no-wait"
        )

    def release_some_holds(self) -> None:
        """Somebody looks at what is held, and lets about every second go on."""
        for app in self.held():
            if self.chance.random() < 0.5:
                self.release_hold(app)

    def release_hold(self, app: str) -> None:
        """What the app runs counts as meant."""
        self._ask("release", app, "holds:release", "--app", app, *self._sure(app))

    def _sure(self, app: str) -> tuple[str, ...]:
        """What a person types who has seen what goes then."""
        if self.asks_for_sure is None:
            self.asks_for_sure = "--confirm" in self.ground.must_type("holds:release", "--help")
        return ("--confirm", app) if self.asks_for_sure else ()

    def held(self) -> list[str]:
        """The targets that the listener holds; none where it does not answer now."""
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
        """Of the listener: where it does not answer, it may have done it all the same."""
        began = time.time()
        self.ground.type(*words, patience=ANSWER_SECONDS)
        self.diary.append(Act(kind, app, began, time.time()))


__all__ = ["ANA", "BO", "ROBOT", "SOURCES", "SOURCE_OF", "TARGETS", "Act", "People"]
