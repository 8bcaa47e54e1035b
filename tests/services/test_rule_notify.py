"""The services that a rule tells: sealed at once, known again, and never shown."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from sqlalchemy import select

from listener.db.tables import rule_revision, rule_service
from listener.errors import Invalid
from listener.services.rule_definition import NewRule, RuleChange
from tests.services.office import ANA, PROD, STAGING, Office

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general"
MAIL = "mailto://ana:hush-hush@example.com"


def everything(office: Office) -> str:
    """All that is kept of rules, but for the sealed bytes."""
    with office.database.begin() as conn:
        kept = list(conn.execute(select(rule_revision.c.declared)))
        kept += list(conn.execute(select(rule_service.c.shown, rule_service.c.mark)))
    return str(kept) + str([asdict(entry) for entry in office.audit()])


def sealed(office: Office) -> list[bytes]:
    with office.database.begin() as conn:
        return list(conn.execute(select(rule_service.c.sealed).order_by("position")).scalars())


def test_they_are_kept_sealed_and_shown_without_what_is_secret(office: Office) -> None:
    view = office.add_rule(notify=(SLACK, MAIL, SLACK))
    assert view.notify == ("slack://…", "mailto://…")
    kept = everything(office)
    assert "'notify': ['slack://…', 'mailto://…']" in kept
    for secret in ("TIiajkdnlazkcOXrIdevi7FQ", "T1JJ3T3L2", "hush", "general"):
        assert secret not in kept
    opened = [office.keys.services.open(one).decode() for one in sealed(office)]
    assert opened == [SLACK, MAIL]


def test_they_stay_until_something_else_is_said(office: Office) -> None:
    office.add_rule(notify=(SLACK,))
    assert office.rules.update("ship", RuleChange(name="s"), by=ANA).notify == ("slack://…",)
    same = office.rules.update("s", RuleChange(notify=(SLACK,)), by=ANA)
    assert same.row.revision == 2
    other = office.rules.update("s", RuleChange(notify=(f"{SLACK}s",)), by=ANA)
    assert (other.row.revision, other.notify) == (3, ("slack://…",))
    assert [office.keys.services.open(one).decode() for one in sealed(office)] == [f"{SLACK}s"]
    assert office.rules.update("s", RuleChange(notify=()), by=ANA).notify == ()
    assert sealed(office) == []


def test_a_removed_rule_keeps_no_secret(office: Office) -> None:
    office.add_rule(notify=(SLACK,))
    office.rules.remove("ship", by=ANA)
    assert sealed(office) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("hush-hush", "apprise URLs like slack://…"),
        ("nonsense://hush-hush", "apprise cannot read that nonsense://…"),
        ("slack://hush-hush", "apprise cannot read that slack://…"),
        ("json://hush hush", "apprise URLs like"),
        (f"json://hush-hush/{'x' * 2000}", "apprise URLs like"),
    ],
)
def test_what_is_none_is_refused_and_not_repeated(office: Office, url: str, words: str) -> None:
    with pytest.raises(Invalid) as refusal:
        office.add_rule(notify=(url,))
    assert words in refusal.value.message
    assert "hush" not in refusal.value.message
    with pytest.raises(Invalid, match="10 services at most"):
        office.add_rule(notify=tuple(f"json://x/{n}" for n in range(11)))


def test_a_wish_hides_them() -> None:
    wish = NewRule(name="ship", source=STAGING, targets=(PROD,), notify=(SLACK,))
    assert "slack" not in repr((wish, RuleChange(notify=(SLACK,))))
