"""Blocked commits: nothing that holds one is promoted, until somebody unblocks it."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint
from pydantic import Field

from listener.api import fields
from listener.api.answers import HEROKU, Answer, Ref, Time, returns, returns_list
from listener.api.auth import On, needs, person
from listener.api.fields import AppName, Reason
from listener.api.request_body import Body, takes
from listener.api.services import context
from listener.roles import Role
from listener.services import commit_blocks, views
from listener.services.commit_blocks import NewBlock

bp = Blueprint("commit_blocks", __name__, url_prefix="/api/commit-blocks")


class CommitBlock(Answer):
    """A commit that is kept from an app, or from every app, until it is unblocked.

    `commit` is its SHA, or how it begins where nobody knew such a commit.
    """

    id: str
    commit: str
    app: Ref | None
    repository: str | None
    reason: str
    by: str
    created_at: Time
    unblocked_at: Time | None
    unblocked_by: str | None

    @classmethod
    def of(cls, view: views.BlockView) -> CommitBlock:
        """Return a block; without an app it counts for every app."""
        return cls(**_block(view))


class CommitBlockPut(CommitBlock):
    """A new block, and the promotions that it came too late for."""

    too_late_for: list[str]
    message: str

    @classmethod
    def put(cls, put: views.BlockPut) -> CommitBlockPut:
        """Return a new block."""
        late = [str(number) for number in put.too_late_for]
        return cls(**_block(put.block), too_late_for=late, message=put.message)


def _block(view: views.BlockView) -> dict[str, Any]:
    row = view.row
    return {
        "id": str(row.id),
        "commit": row.sha,
        "app": Ref(id=row.app_id, name=view.app_name or row.app_id)
        if row.app_id is not None
        else None,
        "repository": row.repository,
        "reason": row.reason,
        "by": row.by,
        "created_at": row.created_at,
        "unblocked_at": row.unblocked_at,
        "unblocked_by": row.unblocked_by,
    }


Sha = Annotated[str, Field(min_length=1, max_length=64)]


class CommitBlockBody(Body):
    """The commit to block, why, and the app: a source or a target (null: every app)."""

    commit: Sha
    reason: Reason
    app: AppName | None = None


class UnblockBody(Body):
    """The commit to unblock, and the app that it is blocked on (null: every app)."""

    commit: Sha
    app: AppName | None = None


@bp.get("")
@needs(Role.VIEWER, on=On.APPS)
@returns_list(CommitBlock, queries=("app", "all", "limit"))
def list_() -> list[CommitBlock]:
    """List the blocked commits, newest first; with `all`, also those that were unblocked."""
    found = commit_blocks.list_(
        context(), app=fields.text("app"), with_ended=fields.flag("all"), limit=fields.limit()
    )
    return [CommitBlock.of(view) for view in found]


@bp.post("")
@needs(Role.APPROVER, on=On.APPS)
@takes(CommitBlockBody)
@returns(CommitBlockPut, 201, problems=HEROKU)
def add(body: CommitBlockBody) -> CommitBlockPut:
    """Block a commit, and tell what that came too late for; on every app, for all apps' approvers.

    An abbreviation is looked up among the commits that are known.
    """
    wish = NewBlock(sha=body.commit, reason=body.reason, app=body.app)
    return CommitBlockPut.put(commit_blocks.block(context(), wish, by=person().email))


@bp.post("/actions/unblock")
@needs(Role.APPROVER, on=On.APPS)
@takes(UnblockBody)
@returns(CommitBlock, problems=HEROKU)
def unblock(body: UnblockBody) -> CommitBlock:
    """Unblock a commit; what waits for that is decided anew."""
    done = commit_blocks.unblock(context(), body.commit, app=body.app, by=person().email)
    return CommitBlock.of(done)
