"""Holds: what stands still, why, and until when."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import Blueprint
from pydantic import Field

from listener.api import fields
from listener.api.answers import HEROKU, Answer, Ref, Time, returns, returns_list
from listener.api.auth import On, needs, person
from listener.api.fields import MOST_TARGETS, AppName, Id, Moment, Reason
from listener.api.request_body import Body, takes
from listener.api.schemas import Promotion
from listener.api.services import context
from listener.roles import Role
from listener.services import holds, views
from listener.services.hold_release import Agreed, HoldSelection
from listener.services.holds import NewHold

bp = Blueprint("holds", __name__, url_prefix="/api/holds")


class Hold(Answer):
    """Automatic promotion to an app, or to every target, stands still until it is released."""

    id: str
    app: Ref | None
    except_: Annotated[list[Ref], Field(alias="except")]
    kind: Literal["person", "freeze", "rollback", "detected", "guard"]
    reason: str
    by: str
    created_at: Time
    from_: Annotated[Time | None, Field(alias="from")]
    until: Time | None
    released_at: Time | None
    released_by: str | None

    @classmethod
    def of(cls, view: views.HoldView) -> Hold:
        """Return a hold; without an app it is on every target."""
        return cls(**_hold(view))


class HoldPut(Hold):
    """A new hold, and the promotions that it came too late for."""

    too_late_for: list[str]
    message: str

    @classmethod
    def put(cls, put: views.HoldPut) -> HoldPut:
        """Return a new hold."""
        late = [str(number) for number in put.too_late_for]
        return cls(**_hold(put.hold), too_late_for=late, message=put.message)


def _hold(view: views.HoldView) -> dict[str, Any]:
    row = view.row
    return {
        "id": str(row.id),
        "app": Ref(id=row.app_id, name=view.app_name or row.app_id)
        if row.app_id is not None
        else None,
        "except_": [Ref(id=app_id, name=name) for app_id, name in view.but],
        "kind": row.kind,
        "reason": row.reason,
        "by": row.by,
        "created_at": row.created_at,
        "from_": row.starts_at,
        "until": row.ends_at,
        "released_at": row.released_at,
        "released_by": row.released_by,
    }


class Next(Answer):
    """What goes to an app now."""

    app: Ref
    promotion: Promotion | None
    message: str

    @classmethod
    def of(cls, item: views.Next) -> Next:
        """Return what goes to an app now."""
        return cls(
            app=Ref(id=item.app_id, name=item.app_name),
            promotion=Promotion.of(item.promotion) if item.promotion is not None else None,
            message=item.message,
        )


class HoldsReleased(Answer):
    """The holds that were released, those that are to come still, and what goes next."""

    released: list[Hold]
    planned: list[Hold]
    next: list[Next]
    cancelled: list[Promotion]
    message: str

    @classmethod
    def of(cls, done: views.HoldsReleased) -> HoldsReleased:
        """Return what was released, and what goes next."""
        return cls(
            released=[Hold.of(view) for view in done.released],
            planned=[Hold.of(view) for view in done.planned],
            next=[Next.of(item) for item in done.next],
            cancelled=[Promotion.of(view) for view in done.cancelled],
            message=done.message,
        )


class TargetRelease(Answer):
    """The release of a target for which it was held, else the one that it runs."""

    id: str
    version: int
    created_at: Time | None


class Going(Answer):
    """A promotion that waits for a held target, and whether it would go by itself.

    `needs_word`: somebody must approve it; `is_older`: its release was made before that one.
    """

    promotion: Promotion
    goes: bool
    needs_word: bool
    made_at: Time | None
    is_older: bool | None
    than: TargetRelease | None
    message: str

    @classmethod
    def of(cls, item: views.Going, freed: views.Freed) -> Going:
        """Return whether a waiting promotion would go."""
        than = None
        if (found := item.than) is not None:
            than = TargetRelease(id=found.id, version=found.version, created_at=found.created_at)
        return cls(
            promotion=Promotion.of(item.promotion),
            goes=item in freed.going,
            needs_word=item.needs_word,
            made_at=item.made_at,
            is_older=item.is_older,
            than=than,
            message=item.message,
        )


class Freed(Answer):
    """What would become of all that waits for a target; `still` is why nothing goes yet."""

    app: Ref
    still: str | None
    waiting: list[Going]

    @classmethod
    def of(cls, item: views.Freed) -> Freed:
        """Return what would become of what waits for a target."""
        return cls(
            app=Ref(id=item.app_id, name=item.app_name),
            still=item.still,
            waiting=[Going.of(each, item) for each in item.waiting],
        )


class Preview(Answer):
    """What to send with the release, so that nothing else goes than was shown."""

    holds: list[str]
    promotions: list[str]


class ReleaseForeseen(Answer):
    """What a release of holds would let go; nothing is released."""

    holds: list[Hold]
    planned: list[Hold]
    targets: list[Freed]
    agreed: Preview
    message: str

    @classmethod
    def of(cls, view: views.ReleaseForeseen) -> ReleaseForeseen:
        """Return what a release would let go."""
        return cls(
            holds=[Hold.of(each) for each in view.holds],
            planned=[Hold.of(each) for each in view.planned],
            targets=[Freed.of(item) for item in view.freed],
            agreed=Preview(
                holds=[str(each.row.id) for each in view.holds],
                promotions=[str(number) for number in sorted(view.going)],
            ),
            message=view.message,
        )


class HoldBody(Body):
    """The app to hold (null: every target but those left out), why, and from when until when."""

    app: AppName | None
    but: Annotated[tuple[AppName, ...], Field(max_length=MOST_TARGETS, alias="except")] = ()
    reason: Reason
    starts_at: Moment | None = Field(default=None, alias="from")
    ends_at: Moment | None = Field(default=None, alias="until")


class Shown(Body):
    """The ids of the holds that end and of the promotions that would go, as they were shown."""

    holds: tuple[Id, ...]
    promotions: tuple[Id, ...]


class OneBody(Body):
    """How to release a hold: with `agreed`, only as it was shown; `discard` cancels what waits."""

    agreed: Shown | None = None
    discard: bool = False

    @property
    def was_agreed(self) -> Agreed | None:
        """What somebody agreed to, if that is said."""
        if self.agreed is None:
            return None
        shown = self.agreed
        return Agreed(holds=frozenset(shown.holds), promotions=frozenset(shown.promotions))


class ForeseenBody(Body):
    """The app whose holds in force are meant; null means those on every target."""

    app: AppName | None


class ReleaseBody(OneBody):
    """The app whose holds in force are released; null releases those on every target."""

    app: AppName | None


@bp.get("")
@needs(Role.VIEWER, on=On.APPS)
@returns_list(Hold, queries=("app", "all", "limit"))
def list_() -> list[Hold]:
    """List the holds in force or to come, newest first; with `all`, every one that ever was."""
    found = holds.list_(
        context(), app=fields.text("app"), with_ended=fields.flag("all"), limit=fields.limit()
    )
    return [Hold.of(view) for view in found]


@bp.post("")
@needs(Role.PROMOTER, on=On.APPS)
@takes(HoldBody)
@returns(HoldPut, 201, problems=HEROKU)
def add(body: HoldBody) -> HoldPut:
    """Put a hold, and tell what it came too late for; on every target only an admin of all may."""
    wish = NewHold(
        app=body.app,
        reason=body.reason,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        but=body.but,
    )
    return HoldPut.put(holds.put(context(), wish, by=person().email))


@bp.get("/<hold>")
@needs(Role.VIEWER, on=On.APPS)
@returns(Hold, problems=(404,))
def show(hold: str) -> Hold:
    """Show one hold, whether it is in force, to come or over."""
    return Hold.of(holds.get(context(), hold))


@bp.post("/<hold>/actions/foresee")
@needs(Role.VIEWER, on=On.APPS)
@returns(ReleaseForeseen, problems=(404, 409, 429))
def foresee_one(hold: str) -> ReleaseForeseen:
    """Show what the release of one hold would let go; nothing is released."""
    return ReleaseForeseen.of(holds.foresee(context(), HoldSelection(hold=hold)))


@bp.post("/<hold>/actions/release")
@needs(Role.APPROVER, on=On.APPS)
@takes(OneBody)
@returns(HoldsReleased, problems=(404, 409, 429, 502))
def release_one(body: OneBody, hold: str) -> HoldsReleased:
    """Release one hold, which may be one that is to come, and tell what goes next."""
    done = holds.release_one(
        context(), hold, by=person().email, agreed=body.was_agreed, discard=body.discard
    )
    return HoldsReleased.of(done)


@bp.post("/actions/foresee")
@needs(Role.VIEWER, on=On.APPS)
@takes(ForeseenBody)
@returns(ReleaseForeseen, problems=(404, 409, 429, 502))
def foresee(body: ForeseenBody) -> ReleaseForeseen:
    """Show what the release of the holds in force would let go; nothing is released."""
    return ReleaseForeseen.of(holds.foresee(context(), HoldSelection(app=body.app)))


@bp.post("/actions/release")
@needs(Role.APPROVER, on=On.APPS)
@takes(ReleaseBody)
@returns(HoldsReleased, problems=HEROKU)
def release(body: ReleaseBody) -> HoldsReleased:
    """Release the holds in force, and tell what goes next; those to come stay."""
    done = holds.release(
        context(), body.app, by=person().email, agreed=body.was_agreed, discard=body.discard
    )
    return HoldsReleased.of(done)
