"""What the buttons of a promotion's page do: the same as the API's calls, by the same services."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from listener.api.services import context
from listener.db.promotions import PromotionRow
from listener.errors import Invalid
from listener.roles import Role
from listener.services import approvals, holds, promotions, rollback
from listener.services.apps import number_of
from listener.services.hold_release import Agreed
from listener.services.promote import NewOverride, NewPromotions, promote_by_hand
from listener.services.promotion_page import Act
from listener.services.rollback import NewRollback
from listener.services.seen import Saw
from listener.services.views import PromotionView

Said = Mapping[str, str]
ASIDE = "aside."  # and the name of a gate: a field of the form

# Of whom each is asked, as the API has it.
ROLES = {
    Act.APPROVE: Role.APPROVER,
    Act.REJECT: Role.APPROVER,
    Act.RELEASE: Role.APPROVER,
    Act.OVERRIDE: Role.ADMIN,
    Act.RETRY: Role.PROMOTER,
    Act.PROMOTE: Role.PROMOTER,
    Act.ROLL_BACK: Role.PROMOTER,
    Act.CANCEL: Role.PROMOTER,
}


def of_form(said: Said) -> Act:
    """Return what a form says to do. Raises Invalid."""
    try:
        return Act(said.get("do", ""))
    except ValueError as error:
        raise Invalid("The form does not say what to do.") from error


def do(wanted: Act, promotion: str, said: Said, *, by: str) -> int:
    """Do it, and return the number of the promotion to look at then: this one, or a new one."""
    row = promotions.get(context(), promotion).row
    made = _DOING[wanted](row, said, by)
    return made.row.id if made is not None else row.id


def _approve(row: PromotionRow, said: Said, by: str) -> None:
    approvals.approve(context(), str(row.id), by=by, saw=said.get("seen", ""))


def _reject(row: PromotionRow, said: Said, by: str) -> None:
    approvals.reject(context(), str(row.id), reason=said.get("reason") or None, by=by)


def _cancel(row: PromotionRow, said: Said, by: str) -> None:
    promotions.cancel(context(), str(row.id), by=by)


def _retry(row: PromotionRow, said: Said, by: str) -> None:
    promotions.retry(context(), str(row.id), by=by, saw=_saw(row, said))


def _release(row: PromotionRow, said: Said, by: str) -> None:
    holds.release(context(), row.target_id, by=by, agreed=_agreed(said))


def _promote(row: PromotionRow, said: Said, by: str) -> PromotionView:
    return _by_hand(row, None, said, by)


def _override(row: PromotionRow, said: Said, by: str) -> PromotionView:
    shown = _numbers(said.get("holds", ""))
    override = NewOverride(gates=_aside(said), reason=_reason(said), holds=shown)
    return _by_hand(row, override, said, by)


def _by_hand(row: PromotionRow, override: NewOverride | None, said: Said, by: str) -> PromotionView:
    wish = NewPromotions(
        source=row.source_id,
        targets=(row.target_id,),
        version=row.version,
        override=override,
        saw=_saw(row, said),
    )
    return promote_by_hand(context(), wish, by=by)[0]


def _roll_back(row: PromotionRow, said: Said, by: str) -> PromotionView:
    reason, saw = _reason(said), said.get("runs", "")
    wish = NewRollback(app=row.target_id, to=None, reason=reason, seen=saw)
    return rollback.roll_back(context(), wish, by=by).promotion


_DOING: Mapping[Act, Callable[[PromotionRow, Said, str], PromotionView | None]] = {
    Act.APPROVE: _approve,
    Act.REJECT: _reject,
    Act.CANCEL: _cancel,
    Act.RETRY: _retry,
    Act.RELEASE: _release,
    Act.PROMOTE: _promote,
    Act.OVERRIDE: _override,
    Act.ROLL_BACK: _roll_back,
}


def _reason(said: Said) -> str:
    if not (reason := said.get("reason", "")):
        raise Invalid("Say why: others read it.")
    return reason


def _aside(said: Said) -> tuple[str, ...]:
    gates = tuple(name.removeprefix(ASIDE) for name in said if name.startswith(ASIDE))
    if not gates:
        raise Invalid("Choose the gates that are not to be asked.")
    return gates


def _saw(row: PromotionRow, said: Said) -> Saw:
    return Saw(promotion_id=row.id, name=said.get("seen", ""), runs=said.get("runs", ""))


def _agreed(said: Said) -> Agreed:
    return Agreed(holds=_numbers(said.get("holds", "")), promotions=_numbers(said.get("going", "")))


def _numbers(text: str) -> frozenset[int]:
    found = [number_of(each) for each in text.split(",") if each]
    if None in found:
        raise Invalid("The form cannot be read.")
    return frozenset(number for number in found if number is not None)
