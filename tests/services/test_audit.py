"""The audit of an app: everything that people changed about it, and nothing of others."""

from __future__ import annotations

from listener.services import audit
from listener.services.holds import NewHold
from listener.services.promote import NewPromotions
from tests.services.office import ANA, EU, HOOK, PROD, STAGING, Office


def actions(office: Office, app: str | None) -> list[str]:
    """What was done about an app, oldest first, each with its subject."""
    found = audit.list_(office.context, app=app, limit=100)
    return [f"{row.action} {row.subject_type}" for row in reversed(found)]


def test_rules_promotions_holds_and_webhooks_of_an_app_are_found(office: Office) -> None:
    office.add_rule()
    office.subscriptions.add(STAGING, by=ANA, reached_at=HOOK)
    office.promotions.promote_by_hand(NewPromotions(source=STAGING, targets=(PROD,)), by=ANA)
    office.work()
    office.holds.put(NewHold(app=PROD, reason="fair week"), by=ANA)

    changes = ["rule.added rule", "promotion.added promotion"]
    assert actions(office, PROD) == [*changes, "hold.put hold"]
    assert actions(office, STAGING) == [changes[0], "subscription.added subscription", changes[1]]
    assert actions(office, EU) == []
    assert actions(office, "nobody") == []
    assert len(actions(office, None)) == 4


def test_a_hold_on_every_target_concerns_each(office: Office) -> None:
    office.add_rule()
    office.holds.put(NewHold(app=None, reason="fair week"), by=ANA)
    assert actions(office, PROD) == ["rule.added rule", "hold.put hold"]
