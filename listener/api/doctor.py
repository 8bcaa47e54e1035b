"""Findings: what is wrong or would go wrong, and how to mend it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from listener.api.answers import Answer, Ref, returns_list
from listener.api.auth import On, needs
from listener.api.services import context, services
from listener.core import finding
from listener.core.finding import State
from listener.roles import Role

bp = Blueprint("findings", __name__, url_prefix="/api/findings")


class Finding(Answer):
    """One thing that was looked at: how it is, why that matters, and the command that mends it."""

    name: str
    state: State
    app: Ref | None
    rule: str | None
    message: str
    why: str | None
    mend: str | None
    facts: dict[str, Any]

    @classmethod
    def of(cls, found: finding.Finding) -> Finding:
        """Return a finding."""
        app = found.app
        return cls(
            name=found.name,
            state=found.state,
            app=Ref(id=app.id, name=app.name) if app is not None else None,
            rule=found.rule,
            message=found.message,
            why=found.why or None,
            mend=found.mend or None,
            facts=dict(found.facts),
        )


@bp.get("")
@needs(Role.VIEWER, on=On.APPS)
@returns_list(Finding, problems=(429,))
def list_() -> list[Finding]:
    """Examine everything now, and list the findings in the order in which to mend them."""
    found = services().doctor.of(context()).examine(asked_by=request.headers.get("User-Agent", ""))
    return [Finding.of(each) for each in found]
