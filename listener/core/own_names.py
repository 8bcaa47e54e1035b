"""What a command says in place of names that only a running listener knows: its app, its user."""

from __future__ import annotations

import re

LISTENER, USER = re.compile(r"\bLISTENER\b"), re.compile(r"\bLISTENERS_USER\b")
# Heroku adds these characters to the name of every app of today.
_AT_HEROKU = re.compile(r"https://([a-z][a-z0-9-]*?)(?:-[0-9a-f]{12})?\.herokuapp\.com/?")


def app_at(url: str | None) -> str | None:
    """Return the name of the app at an address of Heroku's; None where the address tells none."""
    found = _AT_HEROKU.fullmatch(url or "")
    return found[1] if found is not None else None


def filled(text: str, *, url: str | None, user: str | None) -> str:
    """Return the text with the names that are known, so that its commands can be copied."""
    app = app_at(url)
    text = LISTENER.sub(app, text) if app is not None else text
    return USER.sub(user.replace("\\", ""), text) if user is not None else text
