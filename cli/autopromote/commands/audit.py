"""`autopromote audit`."""

from datetime import UTC, datetime

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.empty import tell_none
from autopromote.options import as_json, num, of_app, warn_if_cut
from autopromote.output import say_json
from autopromote.resources import AuditEntry
from autopromote.tables import table
from autopromote.times import read_time, when

COLUMNS = ("ID", "At", "By", "Action", "Subject", "Change")
MOST_KEYS = 4


@command(
    "audit --app example-app --since 7d",
    "audit --by ana@example.com --since 2030-01-31",
)
@of_app
@click.option("--by", metavar="EMAIL", help="only what this person, or autopromote itself, did")
@click.option("--since", metavar="TIME", help="only what came after it, like 7d, 12h or 2030-01-31")
@num
@as_json
@pass_context
def audit(
    context: Context,
    app: str | None,
    by: str | None,
    since: str | None,
    num: int | None,
    as_json: bool,
) -> None:
    """list who changed what, newest first

    Rules, promotions by hand, approvals, holds, webhooks, logins and tokens are listed. With --app,
    those that concern this app are, be it source or target. --json shows each change whole.
    """
    after = read_time(since, datetime.now(UTC), is_past=True) if since else None
    entries = context.listener.audit_entries(app=app, by=by, since=after, limit=num)
    if as_json:
        say_json(entries)
    elif not entries:
        tell_none(context, "Nobody changed anything that fits.", app)
    else:
        table(COLUMNS, [row(entry) for entry in entries], spare=("ID",))
    warn_if_cut(entries, num, "audit entries")


def row(entry: AuditEntry) -> tuple[str | None, ...]:
    """Return an entry as a row of the table."""
    subject = entry["subject"]
    return (
        entry["id"],
        when(entry["at"]),
        entry["by"],
        entry["action"],
        subject.get("name") or f"{subject['type']} {subject['id']}",
        change(entry.get("before"), entry.get("after")),
    )


def change(before: object, after: object) -> str | None:
    """Return what differs: `mode shadow → armed`; of what is long or nested, its name alone."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return None
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    parts = [_part(name, before.get(name), after.get(name)) for name in names[:MOST_KEYS]]
    left = len(names) - len(parts)
    return ", ".join(parts + ([f"{left} more"] if left else [])) or None


def _part(name: str, before: object, after: object) -> str:
    if any(isinstance(value, dict | list) for value in (before, after)):
        return name
    return f"{name} {_word(before)} → {_word(after)}"


def _word(value: object) -> str:
    return "none" if value is None else str(value)
