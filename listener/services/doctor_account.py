"""Findings about the listener's account at Heroku, and about the listener itself."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from listener import VERSION
from listener.core.finding import Finding, State, Unread
from listener.db.access_tokens import TokenRow
from listener.heroku import Account, Authorization
from listener.inventory.traits import AUTHORIZE_ANEW, UNAUTHORIZED
from listener.services.status import ReadinessErrors

# What Heroku grants in six minutes; with less, promotions may have to wait.
FEW_REQUESTS = 450
SOON = timedelta(days=14)  # for somebody to make another token, and have it used
# The plain scopes do not cover releases and config vars.
ENOUGH = frozenset({"global", "write-protected"})
WRITING = ENOUGH | {"write"}


def token(account: Account | Unread) -> Finding:
    """Tell whether Heroku accepts the token, and whose it is."""
    match account:
        case Account(email=email):
            return Finding(name="token", state=State.OK, message=f"The listener acts as {email}.")
        case Unread(status=status) if status == UNAUTHORIZED:
            return Finding(
                name="token",
                state=State.BROKEN,
                message="Heroku does not accept the listener's HEROKU_API_KEY (any more).",
                why="Nothing can be read or promoted.",
                mend=AUTHORIZE_ANEW,
            )
        case unread:
            return unread.finding("token")


def scopes(told: Sequence[str] | None) -> Finding:
    """Tell whether the token may do what the listener does."""
    if told is None:
        message = "Heroku did not tell what the token may do."
        return Finding(name="scopes", state=State.UNKNOWN, message=message)
    words, facts = ", ".join(told), {"scopes": list(told)}
    if ENOUGH.intersection(told):
        message = f"The token has the scope {words}."
        return Finding(name="scopes", state=State.OK, message=message, facts=facts)
    can_write = bool(WRITING.intersection(told))
    return Finding(
        name="scopes",
        state=State.WARNING if can_write else State.BROKEN,
        message=f"The token has no more than the scope {words}.",
        why="Releases and config vars need a protected scope."
        if can_write
        else "It may read, and make no release.",
        mend=AUTHORIZE_ANEW,
        facts=facts,
    )


def expiry(found: Sequence[Authorization] | Unread) -> Finding:
    """Tell whether the token ends one day; Heroku does not tell which of several it is."""
    if isinstance(found, Unread):
        return found.finding("expiry")
    ending = [each.expires_in for each in found if each.expires_in is not None]
    if not ending:
        message = "No token of the account ends by itself."
        return Finding(name="expiry", state=State.OK, message=message)
    left = timedelta(seconds=min(ending))
    if len(found) == 1:
        return Finding(
            name="expiry",
            state=State.WARNING,
            message=f"The listener's token ends in {_words(left)}.",
            why="From then on nothing can be read or promoted.",
            mend=AUTHORIZE_ANEW,
        )
    return Finding(
        name="expiry",
        state=State.UNKNOWN,
        message=f"Of {len(found)} tokens of the account {len(ending)} end by themselves, the first"
        f" in {_words(left)}; Heroku does not tell which is the listener's.",
        mend="heroku authorizations",
    )


def machines(tokens: Iterable[TokenRow], now: datetime) -> list[Finding]:
    """Report the tokens of machines that end soon."""
    return [
        Finding(
            name="machine_token",
            state=State.WARNING,
            message=f"The token {each.name} ends in {_words(each.expires_at - now)}.",
            why="From then on whatever uses it is refused. Make another one, have it used, and"
            f" revoke {each.name}.",
            mend=f"autopromote tokens:create NAME --role {each.role}{_flag(each.apps)}",
        )
        for each in tokens
        if each.expires_at - now <= SOON
    ]


def _flag(apps: Sequence[str] | None) -> str:
    return f" --apps {shlex.quote('+'.join(apps))}" if apps is not None else ""


def _words(left: timedelta) -> str:
    hours = int(left.total_seconds() // 3600)
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"


def requests(left: int | None) -> Finding:
    """Tell how many requests the account has left; all its tokens share them."""
    if left is None:
        message = "Heroku did not tell how many requests are left."
        return Finding(name="requests", state=State.UNKNOWN, message=message)
    message, facts = f"Heroku grants {left} more requests for now.", {"left": left}
    if left >= FEW_REQUESTS:
        return Finding(name="requests", state=State.OK, message=message, facts=facts)
    return Finding(
        name="requests",
        state=State.WARNING,
        message=message,
        why="75 come back each minute; without any, promotions wait."
        " A Heroku user of its own shares them with nobody.",
        mend="heroku authorizations",
        facts=facts,
    )


_COMMAND_LINE = re.compile(r"autopromote/(\S+)")
_NUMBERS = re.compile(r"(\d{1,6})\.(\d{1,6})")


def version(asked_by: str, own: str = VERSION) -> Finding:
    """Tell whether the caller's version, by its User-Agent, and the listener's go together."""
    found = _COMMAND_LINE.match(asked_by)
    theirs, ours = _series(found[1] if found else ""), _series(own)
    if found is None or theirs is None or ours is None or theirs == ours:
        return Finding(name="version", state=State.OK, message=f"The listener is of version {own}.")
    return Finding(
        name="version",
        state=State.WARNING,
        message=f"The listener is of version {own}, the command line of {found[1]}.",
        why="Either may lack what the other speaks of. The command is for a checkout of the newer.",
        mend="pipx install --force ." if theirs < ours else "git push heroku main",
    )


def _series(version: str) -> tuple[int, int] | None:
    """Return what must be equal: major, and minor before 1.0; None where it is no version."""
    found = _NUMBERS.match(version)
    if found is None:
        return None
    major, minor = int(found[1]), int(found[2])
    return (major, minor if major == 0 else 0)


def database(faults: ReadinessErrors) -> Finding:
    """Tell whether the database is there and migrated."""
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


def keys(faults: ReadinessErrors) -> Finding:
    """Tell whether every stored secret can be opened."""
    if faults.database is not None:
        message = "The stored secrets could not be read."
        return Finding(name="keys", state=State.UNKNOWN, message=message)
    if faults.keys is None:
        return Finding(name="keys", state=State.OK, message="SECRET_KEY opens every stored secret.")
    return Finding(
        name="keys",
        state=State.BROKEN,
        message="SECRET_KEY does not open the webhook secret of"
        f" {', '.join(faults.apps) or 'some apps'}.",
        why="Deliveries are refused with 503 until a former key is put behind the new one"
        " or the secrets are made anew.",
        mend=f"autopromote webhooks:rotate --now -a {faults.apps[0] if faults.apps else 'APP'}",
    )


def runners(faults: ReadinessErrors) -> Finding:
    """Tell whether every runner makes its rounds."""
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
