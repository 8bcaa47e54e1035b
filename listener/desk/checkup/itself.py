"""The listener itself: its version beside the command line's, its database, its keys."""

from __future__ import annotations

import re

from listener import VERSION
from listener.desk.readiness import Faults
from listener.findings import Finding, State

_COMMAND_LINE = re.compile(r"autopromote/(\S+)")
_NUMBERS = re.compile(r"(\d{1,6})\.(\d{1,6})")


def version(asked_by: str, own: str = VERSION) -> Finding:
    """Whether who asks, by its User-Agent, and the listener are of versions that go together."""
    found = _COMMAND_LINE.match(asked_by)
    theirs, ours = _series(found[1] if found else ""), _series(own)
    if found is None or theirs is None or ours is None or theirs == ours:
        return Finding(name="version", state=State.OK, message=f"The listener is of version {own}.")
    return Finding(
        name="version",
        state=State.WARNING,
        message=f"The listener is of version {own}, the command line of {found[1]}.",
        why="Either may lack what the other speaks of.",
        mend="pipx upgrade heroku-autopromote" if theirs < ours else "git push heroku main",
    )


def _series(version: str) -> tuple[int, int] | None:
    """What must be alike, the minor number only before 1.0; None where it is no release."""
    found = _NUMBERS.match(version)
    if found is None:
        return None
    major, minor = int(found[1]), int(found[2])
    return (major, minor if major == 0 else 0)


def database(faults: Faults) -> Finding:
    """Whether it is there and migrated."""
    if faults.database is None:
        message = "The database is there and migrated."
        return Finding(name="database", state=State.OK, message=message)
    return Finding(
        name="database",
        state=State.BROKEN,
        message=faults.database,
        why="Nothing is received, decided or promoted.",
        mend="heroku run python -m listener migrate -a LISTENER"
        if "migrate" in faults.database
        else "heroku pg:info -a LISTENER",
    )


def keys(faults: Faults) -> Finding:
    """Whether every stored secret can be opened."""
    if faults.database is not None:
        message = "The stored secrets could not be read."
        return Finding(name="keys", state=State.UNKNOWN, message=message)
    if faults.keys is None:
        return Finding(name="keys", state=State.OK, message="SECRET_KEY opens every stored secret.")
    return Finding(
        name="keys",
        state=State.BROKEN,
        message=f"SECRET_KEY does not open the webhook secret of {', '.join(faults.apps)}.",
        why="Deliveries are refused with 503 until a former key is put behind the new one"
        " or the secrets are made anew.",
        mend=f"autopromote webhooks:rotate --now -a {faults.apps[0]}",
    )


def runners(faults: Faults) -> Finding:
    """Whether every runner makes its rounds."""
    if faults.database is not None:
        message = "The runners' last rounds could not be read."
        return Finding(name="runners", state=State.UNKNOWN, message=message)
    if faults.runners is None:
        living = sum(runner.is_alive for runner in faults.seen)
        message = f"Runners at work: {living}."
        return Finding(name="runners", state=State.OK, message=message, facts={"living": living})
    return Finding(
        name="runners",
        state=State.BROKEN,
        message=faults.runners,
        why="What is due is left undone.",
        mend="heroku ps:restart -a LISTENER",
    )
