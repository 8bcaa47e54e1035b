"""Read what the apps of a promotion must have in common, if its rule asks for that."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from listener.core.app import App
from listener.core.finding import Unread
from listener.core.gates.base import OCI_IMAGE, Candidate
from listener.core.gates.external import compared
from listener.core.gates.options import Aspect
from listener.core.parity import Traits
from listener.core.release import Release
from listener.heroku import Heroku, HerokuError, Refused

# A post after a decision takes some more calls, and would read the same again after them.
KEPT_FOR = timedelta(seconds=30)
# A person who mends a difference should not wait long; each time costs four calls at most.
COMPARE_EVERY = timedelta(minutes=1)
AUTHORIZE_ANEW = (
    "heroku config:set -a LISTENER HEROKU_API_KEY=$(heroku authorizations:create -d autopromote -S)"
)
UNAUTHORIZED, FORBIDDEN = 401, 403
FIR = "fir"
NOT_WANTED = Unread("The rule does not ask for it.")
WORDS: Mapping[Aspect, str] = {
    Aspect.BUILDPACKS: "buildpacks",
    Aspect.CONFIG_NAMES: "names of the config vars",
}

Trait = tuple[App, Aspect, str | None]  # on Fir, also the image that runs


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer of Heroku's and when it arrived, by this process's monotonic clock."""

    answer: Any
    arrived: float

    @property
    def is_young(self) -> bool:
        """Whether it is recent enough to decide on."""
        return time.monotonic() - self.arrived <= KEPT_FOR.total_seconds()


class Comparisons:
    """Asks Heroku for traits of apps, all at once; the post after a decision uses kept answers."""

    def __init__(self, heroku: Heroku) -> None:
        self._heroku = heroku
        self._kept: dict[tuple[str, Aspect, str | None], Kept] = {}

    def read(self, candidate: Candidate) -> Candidate:
        """Return the candidate with the traits its rule compares; an unread trait says why."""
        running = candidate.target_history.current
        both = (
            (candidate.source, _image(candidate.release)),
            (candidate.target, _image(running) if running is not None else None),
        )
        wanted = compared(candidate.conditions)
        found = self._answers([(app, aspect, image) for app, image in both for aspect in wanted])
        source, target = (
            Traits(
                app,
                buildpacks=found.get((app, Aspect.BUILDPACKS, image), NOT_WANTED),
                config_vars=found.get((app, Aspect.CONFIG_NAMES, image), NOT_WANTED),
            )
            for app, image in both
        )
        return replace(candidate, traits=(source, target))

    def forget(self, candidate: Candidate) -> None:
        """Forget the answers for both apps, so that a mended difference is seen next time."""
        mended = {candidate.source.id, candidate.target.id}
        for key in [key for key in self._kept.copy() if key[0] in mended]:
            self._kept.pop(key, None)

    def _answers(self, wanted: Sequence[Trait]) -> dict[Trait, Any]:
        with ThreadPoolExecutor(max_workers=max(len(wanted), 1)) as pool:
            return dict(zip(wanted, pool.map(self._answer, wanted), strict=True))

    def _answer(self, trait: Trait) -> Any:
        app, aspect, image = trait
        kept = self._kept.get((app.id, aspect, image))
        if kept is not None and kept.is_young:
            return kept.answer
        try:
            answer = self._ask(app, aspect, image)
        except HerokuError as error:
            return _unread(app, aspect, error)
        self._kept[app.id, aspect, image] = Kept(answer, time.monotonic())
        return answer

    def _ask(self, app: App, aspect: Aspect, image: str | None) -> Any:
        if aspect is Aspect.CONFIG_NAMES:
            return self._heroku.config_var_names(app.id)
        if app.generation == FIR:
            return of_image(self._heroku, app, image)
        return self._heroku.buildpacks(app.id)


def of_image(heroku: Heroku, app: App, image: str | None) -> list[str] | Unread:
    """Return the buildpacks that built an image.

    A Fir app chooses no buildpacks, so both of its own lists are empty and say nothing.
    """
    found = heroku.image_buildpacks(app.id, image) if image is not None else []
    return found or Unread(
        f"What {app.name} was built with: it cannot be told, for Heroku names no buildpacks of"
        f" {'its image' if image is not None else 'an app without an image'}."
    )


def buildpacks_now(heroku: Heroku, app: App) -> list[str] | Unread:
    """Return the buildpacks of an app; on Fir, those that built the image it runs."""
    if app.generation != FIR:
        return heroku.buildpacks(app.id)
    listed = heroku.releases(app.id, enough=lambda _: True)
    running = next((each for each in listed if each.is_current), None)
    artifact = running.artifact if running is not None else None
    is_image = artifact is not None and artifact.type == OCI_IMAGE
    return of_image(heroku, app, artifact.id if artifact is not None and is_image else None)


def _image(release: Release) -> str | None:
    return release.artifact if release.artifact_type == OCI_IMAGE else None


def _unread(app: App, aspect: Aspect, error: HerokuError) -> Unread:
    status = error.status if isinstance(error, Refused) else None
    mend = AUTHORIZE_ANEW if status in (UNAUTHORIZED, FORBIDDEN) else ""
    return Unread(f"The {WORDS[aspect]} of {app.name} could not be read: {error}", mend, status)
