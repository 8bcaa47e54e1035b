"""Keeping a lease while Heroku takes its time."""

from __future__ import annotations

from listener.steps.tools import Tools
from listener.store import work


def keep(tools: Tools, claim: work.Claim) -> None:
    """Each call may take ten seconds where Heroku is slow; the lease must outlast them all."""
    with tools.database.begin() as conn:
        work.renew(conn, claim)
