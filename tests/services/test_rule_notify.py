"""The services that a rule tells: sealed at once, known again, and never shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

import pytest
from sqlalchemy import select, update

from listener.core.finding import State
from listener.crypto import Cipher, Keys
from listener.db.engine import Database, open_database
from listener.db.tables import rule_receiver, rule_revision, rule_service
from listener.errors import Invalid
from listener.notifier import mark, shown
from listener.prober import Prober
from listener.services import notices
from listener.services.notices import SEALED
from listener.services.rule_definition import NewRule, RuleChange
from tests.services.office import ANA, PROD, STAGING, Office
from tests.worker.chats import open_chat

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general"
DISCORD = "discord://4174216298/hush-hush-hush-hush"


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
    view = office.add_rule(notify=(SLACK, DISCORD, SLACK))
    assert view.notify == ("slack://…", "discord://…")
    kept = everything(office)
    assert "'notify': ['slack://…', 'discord://…']" in kept
    for secret in ("TIiajkdnlazkcOXrIdevi7FQ", "T1JJ3T3L2", "hush", "general"):
        assert secret not in kept
    opened = [office.keys.services.open(one).decode() for one in sealed(office)]
    assert opened == [SLACK, DISCORD]


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
        ("nonsense://hush-hush", "a rule cannot tell nonsense://…"),
        ("mailto://ana:hush-hush@example.com", "a rule cannot tell mailto://…"),
        ("json://hush-hush/?method=PUT", "method= may not be said"),
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


# What an older version stored, and who is told as a test.


def plant(office: Office, url: str) -> None:
    """A service as another version stored it."""
    sealed = office.keys.services.seal(url.encode())
    with office.database.begin() as conn:
        found = update(rule_service).values(shown=shown(url), mark=mark(url), sealed=sealed)
        conn.execute(found)


def test_a_stored_service_that_no_rule_may_name_is_told_nothing_and_doctor_says_so(
    office: Office,
) -> None:
    with open_chat() as chat:
        office.add_rule(notify=(SLACK,))
        assert not [each for each in office.examine() if each.name == "notify"]
        plant(office, f"{chat.url}?method=PUT")
        [finding] = [each for each in office.examine() if each.name == "notify"]
        [tried] = office.notices.try_rule("ship", by=ANA)
    assert (finding.state, finding.rule) == (State.WARNING, "ship")
    assert "tells nobody by json://…: method= may not be said" in finding.message
    assert (tried.shown, tried.told.is_told) == ("json://…", False)
    assert chat.told == []


class Apart(Cipher):
    """Opens something only while the pool has a connection to lend."""

    def __init__(self, database: Database) -> None:
        super().__init__([b"a" * 32])
        self._database = database
        self.opened = 0

    def open(self, sealed: bytes) -> bytes:
        """Decrypt."""
        with self._database.begin():
            self.opened += 1
        return super().open(sealed)


@pytest.fixture
def small(shared_database: tuple[str, Database]) -> Iterator[Database]:
    """The office's database, with a single connection to it."""
    database = open_database(shared_database[0], pool_size=1)
    yield database
    database.dispose()


def test_no_connection_is_held_while_services_are_judged(office: Office, small: Database) -> None:
    """The first URL loads apprise, which takes seconds on a small dyno."""
    office.add_rule(notify=(SLACK,))
    keys = Keys(["k" * 32])
    keys.services = cipher = Apart(small)
    with office.database.begin() as conn:
        conn.execute(update(rule_service).values(sealed=cipher.seal(SLACK.encode())))
    office.context = replace(office.context, keys=keys)
    assert not [each for each in office.examine(database=small) if each.name == "notify"]
    assert cipher.opened == 1


def test_a_service_whose_key_is_gone_is_told_of(office: Office) -> None:
    office.add_rule(notify=(SLACK,))
    other = Keys(["o" * 32]).services.seal(SLACK.encode())
    with office.database.begin() as conn:
        conn.execute(update(rule_service).values(sealed=other))
    [tried] = office.notices.try_rule("ship", by=ANA)
    assert (tried.told.is_told, tried.told.message) == (False, SEALED)
    assert SEALED in str([each for each in office.examine() if each.name == "notify"])


def test_who_is_told_can_be_tried(office: Office) -> None:
    office.add_rule()
    assert office.notices.try_rule("ship", by=ANA) == []
    assert office.notices.try_general(by=ANA) == []
    with pytest.raises(Invalid, match="a rule cannot tell mailto"):
        office.notices.try_url("mailto://hush", by=ANA)
    with open_chat() as chat:
        [refused] = office.notices.try_url(chat.url, by=ANA)
        assert "leads to a loopback address" in refused.told.message
        general = replace(office.context, notify_urls=(chat.url,))
        [told] = notices.try_general(general, by=ANA)
        near = replace(office.context, prober=Prober(allow_private=True))
        [also] = notices.try_url(near, chat.url, by=ANA)
    assert (told.told.is_told, also.told.is_told) == (True, True)
    assert [message["title"] for message in chat.told] == ["A test of autopromote"] * 2
    assert "ana@example.com tries whether" in chat.told[0]["message"]


# Receivers of events.

HOOK = "https://hooks.example.com/hush-hush?key=hush-hush"


def test_receivers_are_kept_sealed_and_shown_without_what_is_secret(office: Office) -> None:
    view = office.add_rule(events_to=(HOOK, HOOK))
    assert view.events_to == ("https://hooks.example.com/…",)
    assert "'events_to': ['https://hooks.example.com/…']" in everything(office)
    assert "hush" not in everything(office)
    assert "hush" not in repr(NewRule(name="s", source=STAGING, targets=(PROD,), events_to=(HOOK,)))
    assert "hush" not in repr(RuleChange(events_to=(HOOK,)))
    with office.database.begin() as conn:
        kept = conn.execute(select(rule_receiver.c.sealed)).scalar_one()
    assert office.keys.services.open(kept).decode() == HOOK
    assert office.rules.update("ship", RuleChange(name="s"), by=ANA).events_to == view.events_to
    assert office.rules.update("s", RuleChange(events_to=()), by=ANA).events_to == ()


@pytest.mark.parametrize(
    "url", ["hush", "ftp://hush", "https://a:hush@b.example", "https://ü/hush"]
)
def test_what_is_no_receiver_is_refused_without_showing_it(office: Office, url: str) -> None:
    with pytest.raises(Invalid, match="events_to: it must be URLs like") as refused:
        office.add_rule(events_to=(url,))
    assert "hush" not in str(refused.value)


def test_the_secrets_of_receivers_are_told_to_an_admin(office: Office) -> None:
    assert office.notices.secrets(None) == []
    office.add_rule(events_to=(HOOK,))
    [found] = office.notices.secrets("ship")
    assert (found.shown, len(found.secrets)) == ("https://hooks.example.com/…", 1)
    assert found.secrets[0].startswith("whsec_")
    assert found.secrets[0] not in repr(found)
    assert office.notices.secrets(None) == []
    general = replace(office.context, events_to=(HOOK,))
    [other] = notices.secrets(general, None)
    assert other.shown == found.shown
    assert set(other.secrets).isdisjoint(found.secrets)  # who names the same URL gets another
    assert [each.shown for each in office.notices.try_rule("ship", by=ANA)] == [found.shown]
