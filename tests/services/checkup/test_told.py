"""Whether those who are to be told of promotions are told."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import insert, text

from listener.core.finding import Finding, State
from listener.db import promotions, rules
from listener.db.tables import outbox
from listener.github import GitHub, Token
from listener.roles import Reach, Scope
from listener.services import doctor_told
from tests.services.office import PROD, STAGING, Office

DENIED = "GitHub answered 403: Resource not accessible. It needs the permission deployments=write."


def findings(
    office: Office, *, has_credentials: bool = True, reach: Reach | None = None
) -> list[Finding]:
    """What is found, with credentials that nobody uses here."""
    github = GitHub(Token("ghp_0123"), url="http://127.0.0.1:9") if has_credentials else None
    context = replace(office.context, github=github, reach=reach or office.context.reach)
    with context.database.begin() as conn:
        live = rules.live(conn)
    return doctor_told.findings(context, live)


def untold(office: Office, channel: str = "deployment", error: str = DENIED, days: int = 0) -> int:
    """A promotion of which somebody was not told, so many days ago."""
    version = office.deploy(STAGING)
    office.look(STAGING)
    with office.database.begin() as conn:
        row = next(each for each in promotions.list_(conn) if each.version == version)
        values = {"promotion_id": row.id, "channel": channel, "told_event": 1, "error": error}
        made_at = text(f"now() - interval '{days} days'")
        conn.execute(insert(outbox).values(created_at=made_at, **values))
    return row.id


def test_where_nobody_failed_nothing_is_found(office: Office) -> None:
    office.add_rule(conditions={"deployment": "production"})
    assert findings(office) == []


def test_a_rule_that_tells_github_needs_credentials(office: Office) -> None:
    office.add_rule(conditions={"commit_status": True})
    [found] = findings(office, has_credentials=False)
    assert (found.name, found.state, found.rule) == ("told", State.WARNING, "ship")
    assert found.message.startswith("Rule ship wants GitHub told, and the listener has no")
    assert found.mend.startswith("heroku config:set AUTOPROMOTE_GITHUB_TOKEN=")


def test_who_was_not_told_is_found_with_the_permission_that_lacks(office: Office) -> None:
    office.add_rule()
    untold(office)
    last = untold(office)
    event = untold(office, "events 0123", "https://a.example/… answered 500.")
    untold(office, error="GitHub answered 404.", days=8)

    first, second = findings(office)
    assert first.message == (
        f"Not told: an event of promotion {event} to {PROD}. https://a.example/… answered 500."
    )
    assert second.message == f"Not told: the Deployment of promotion {last} to {PROD}. {DENIED}"
    assert second.why == "It was given up. No promotion waits for it."
    assert findings(office, reach=Reach(sees=Scope(("pay-*",)))) == []
    assert [each.name for each in office.examine() if each.name == "told"] == ["told"]
