"""Reading what the apps of a promotion should have in common, where its rule asks for that."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from listener.apps import App
from listener.conditions import Aspect
from listener.decision import Candidate
from listener.findings import Unread
from listener.gates.network import compared
from listener.heroku import Heroku, HerokuError, Refused
from listener.parity import Traits

# The post on a decision takes some calls more, after which the same would be read again.
KEPT_FOR = timedelta(seconds=30)
# Whoever mends a difference should not wait long; each time costs four calls at most.
COMPARE_EVERY = timedelta(minutes=1)
AUTHORIZE_ANEW = (
    "heroku config:set -a LISTENER HEROKU_API_KEY=$(heroku authorizations:create -d autopromote -S)"
)
UNAUTHORIZED, FORBIDDEN = 401, 403
NOT_WANTED = Unread("The rule does not ask for it.")
WORDS: Mapping[Aspect, str] = {
    Aspect.BUILDPACKS: "buildpacks",
    Aspect.CONFIG_NAMES: "names of the config vars",
}

Trait = tuple[App, Aspect]


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer of Heroku's and when it came, by this process's steady clock."""

    answer: Any
    arrived: float

    @property
    def is_young(self) -> bool:
        """Recent enough to decide on."""
        return time.monotonic() - self.arrived <= KEPT_FOR.total_seconds()


class Comparisons:
    """Asks Heroku for traits of apps, all at once, and not again for the post on a decision."""

    def __init__(self, heroku: Heroku) -> None:
        self._asks: dict[Aspect, Callable[[str], Any]] = {
            Aspect.BUILDPACKS: heroku.buildpacks,
            Aspect.CONFIG_NAMES: heroku.config_var_names,
        }
        self._kept: dict[tuple[str, Aspect], Kept] = {}

    def read(self, candidate: Candidate) -> Candidate:
        """The candidate with what its rule wants compared; what cannot be read says why."""
        both = candidate.source, candidate.target
        wanted = compared(candidate.conditions)
        found = self._answers([(app, aspect) for app in both for aspect in wanted])
        source, target = (
            Traits(
                app,
                buildpacks=found.get((app, Aspect.BUILDPACKS), NOT_WANTED),
                config_vars=found.get((app, Aspect.CONFIG_NAMES), NOT_WANTED),
            )
            for app in both
        )
        return replace(candidate, traits=(source, target))

    def forget(self, candidate: Candidate) -> None:
        """Read both apps anew the next time: what differed is being mended."""
        for app in (candidate.source, candidate.target):
            for aspect in self._asks:
                self._kept.pop((app.id, aspect), None)

    def _answers(self, wanted: Sequence[Trait]) -> dict[Trait, Any]:
        with ThreadPoolExecutor(max_workers=max(len(wanted), 1)) as pool:
            return dict(zip(wanted, pool.map(self._answer, wanted), strict=True))

    def _answer(self, trait: Trait) -> Any:
        app, aspect = trait
        kept = self._kept.get((app.id, aspect))
        if kept is not None and kept.is_young:
            return kept.answer
        try:
            answer = self._asks[aspect](app.id)
        except HerokuError as error:
            return _unread(app, aspect, error)
        self._kept[app.id, aspect] = Kept(answer, time.monotonic())
        return answer


def _unread(app: App, aspect: Aspect, error: HerokuError) -> Unread:
    status = error.status if isinstance(error, Refused) else None
    mend = AUTHORIZE_ANEW if status in (UNAUTHORIZED, FORBIDDEN) else ""
    return Unread(f"The {WORDS[aspect]} of {app.name} could not be read: {error}", mend, status)
