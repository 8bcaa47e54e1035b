"""The commit blocks service: people keep commits from being promoted, and let them go again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from listener.core.commits import Shipment, short
from listener.db import apps, audit, commit_blocks, promotions, queries, shipments
from listener.db import waiting_promotions as waiting
from listener.db.commit_blocks import BlockRow
from listener.errors import Conflict, Invalid, NotFound
from listener.inventory.commits import sha_of
from listener.inventory.context import Context
from listener.services import apps as named
from listener.services.holds import too_late_anywhere
from listener.services.views import BlockPut, BlockView

WHOLE = 40  # characters of a SHA, or more
NOT_BLOCKED, NOT_UNBLOCKED = "Nothing was blocked.", "Nothing was unblocked."
MOST_NAMED = 5
MOST_OPEN = 100  # on each app, and on every app: each decision reads them all


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBlock:
    """A commit that is to be blocked; without an app, for every app."""

    sha: str
    reason: str
    app: str | None = None  # a source or a target


def list_(context: Context, *, app: str | None, with_ended: bool, limit: int) -> list[BlockView]:
    """List the blocks, newest first; with an app, those that count for it."""
    with context.database.begin() as conn:
        app_id = named.find_id(context, conn, app)
        rows = commit_blocks.list_(
            conn, app_id=app_id, with_ended=with_ended, scope=context.reach.sees, limit=limit
        )
        return _views(conn, rows)


def block(context: Context, wish: NewBlock, *, by: str) -> BlockPut:
    """Block a commit, and say which promotions that comes too late for.

    Raises Invalid where the commit is ambiguous, Conflict where it is blocked already or too many
    are.
    """
    app, note = _app(context, wish.app, NOT_BLOCKED)
    with context.database.begin() as conn:
        sha, repository = _meant(context, conn, wish.sha)
        row = commit_blocks.put(conn, sha, app, repository=repository, reason=wish.reason, by=by)
        if row is None:
            raise Conflict("commit_blocked", f"{short(sha)} is blocked there already.")
        (view,) = _views(conn, [row])
        if commit_blocks.count_open(conn, app) > MOST_OPEN:
            raise Conflict("commit_blocks_full", _full(view))
        _record(conn, by, "commit.blocked", view)
        _wake(conn, app)
    too_late_anywhere(context)  # whoever held a target's lock before has seen it, or has posted
    with context.database.begin() as conn:
        late = _too_late(context, conn, row)
    return BlockPut(view, late, " ".join(filter(None, [_put_message(view, late), note])))


def unblock(context: Context, sha: str, *, app: str | None, by: str) -> BlockView:
    """Let a blocked commit go again; what waits for that is decided anew.

    Raises NotFound, and Invalid where it may be several.
    """
    start, (app_id, _) = _checked(sha), _app(context, app, NOT_UNBLOCKED)
    with context.database.begin() as conn:
        found = _blocked(context, conn, start, app_id)
        row = commit_blocks.end(conn, found.id, by=by)
        if row is None:
            raise NotFound("commit_block", "Somebody else has just unblocked it.")
        (view,) = _views(conn, [row])
        _record(conn, by, "commit.unblocked", view)
        _wake(conn, row.app_id)
        return view


def _app(context: Context, name: str | None, but: str) -> tuple[str | None, str]:
    """Return the id of the app, and a note on what Heroku did not tell of it.

    Raises Forbidden where what is asked for is not allowed there, or for every app.
    """
    if name is None:
        context.reach.check_all()
        return None, ""
    found = named.find_at_heroku(context, named.urgent(context, but, [name]), name)
    context.reach.check(found.name)
    return found.id, found.note


def _checked(sha: str) -> str:
    start = sha_of(sha)
    if start is None:
        raise Invalid("commit: write a commit's SHA, or its first 7 characters or more.")
    return start


def _meant(context: Context, conn: Connection, said: str) -> tuple[str, str | None]:
    """Return the commit that is meant, with its repository as far as that is known.

    What nobody knows is kept as it is said, and every commit that begins so is blocked.
    """
    start = _checked(said)
    seen = commit_blocks.known(conn, start, scope=context.reach.sees, most=MOST_NAMED + 1)
    known = {sha: name for sha, name in seen.items() if sha_of(sha) is not None}
    whole = [sha for sha in known if len(sha) >= WHOLE]  # Heroku's webhooks shorten some
    if len(whole) > 1:
        raise Invalid(f"commit: {start} may be {_or(whole)}: say more of it. {NOT_BLOCKED}")
    name = next((name for name in known.values() if name is not None), None)
    return (whole[0] if whole else start), name


def _or(shas: Sequence[str]) -> str:
    more = "or more" if len(shas) > MOST_NAMED else ""
    return ", ".join(filter(None, [*shas[:MOST_NAMED], more]))


def _blocked(context: Context, conn: Connection, start: str, app_id: str | None) -> BlockRow:
    rows = commit_blocks.list_(conn, scope=context.reach.sees, limit=1000)
    alike = [row for row in rows if row.sha.startswith(start) or start.startswith(row.sha)]
    found = [row for row in alike if row.app_id == app_id]
    if len({row.sha for row in found}) > 1:
        which = _or([row.sha for row in found])
        raise Invalid(f"commit: {start} may be {which}: say more of it. {NOT_UNBLOCKED}")
    if not found:
        raise NotFound("commit_block", _where_else(conn, start, alike))
    return found[0]


def _where_else(conn: Connection, start: str, alike: Iterable[BlockRow]) -> str:
    """Say that it is not blocked there, and where it is."""
    names = [view.place for view in _views(conn, list(alike))]
    return f"{short(start)} is not blocked there" + (
        f", but on {', '.join(names)}." if names else "."
    )


def _wake(conn: Connection, app_id: str | None) -> None:
    waiting.reschedule_target(conn, app_id)
    if app_id is not None:
        waiting.reschedule_source(conn, app_id)


def _too_late(context: Context, conn: Connection, row: BlockRow) -> tuple[int, ...]:
    """Find the promotions under way that hold the commit, or may; of apps that one may see."""
    active, scope = queries.active(conn, None), context.reach.sees
    ships = shipments.of_each(conn, active)
    found = (promotions.find(conn, id, scope=scope) for id in active)
    return tuple(
        each.id
        for each in found
        if each is not None
        and row.app_id in (None, each.source_id, each.target_id)
        and _may_hold(row, ships.get(each.id), each.commit)
    )


def _may_hold(row: BlockRow, ships: Shipment | None, commit: str | None) -> bool:
    head = sha_of(commit)
    if head is not None and row.value.stops(head):
        return True
    if ships is None or ships.comparison is None or not ships.comparison.is_whole:
        return True
    return any(row.value.stops(each.sha) for each in ships.comparison.coming)


def _views(conn: Connection, rows: Sequence[BlockRow]) -> list[BlockView]:
    names = apps.names(conn, {row.app_id for row in rows if row.app_id is not None})
    return [BlockView(row, names.get(row.app_id or "")) for row in rows]


def _full(view: BlockView) -> str:
    return (
        f"{MOST_OPEN} commits are blocked on {view.place}, and there may be no more: unblock one"
        f" that nobody ships any more. {NOT_BLOCKED}"
    )


def _put_message(view: BlockView, late: Sequence[int]) -> str:
    row = view.row
    known = "" if len(row.sha) >= WHOLE else " Nobody knows such a commit yet."
    message = f"{short(row.sha)} is blocked on {view.place} until it is unblocked.{known}"
    if not late:
        return message
    numbers = ", ".join(map(str, late))
    return f"{message} Too late for promotion {numbers}, already posting."


def _record(conn: Connection, by: str, action: str, view: BlockView) -> None:
    row = view.row
    state = {"app": row.app_id, "commit": row.sha, "reason": row.reason, "by": row.by}
    is_new = row.unblocked_at is None
    audit.record(
        conn,
        by=by,
        action=action,
        subject_type="commit",
        subject_id=row.sha,
        subject_name=f"{short(row.sha)} on {view.place}",
        before=None if is_new else state,
        after=state if is_new else None,
    )
