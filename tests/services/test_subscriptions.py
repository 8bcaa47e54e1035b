"""The subscriptions desk: one webhook at Heroku with a secret of ours, however often asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import literal, update

from listener.crypto import Keys
from listener.db import subscriptions
from listener.db.subscriptions import LiveSecret
from listener.db.tables import secret
from listener.errors import Conflict, HerokuUnreadable, Invalid, NotFound
from listener.services.views import SubscriptionView
from tests.services.office import ANA, HOOK, PROD, PUBLIC_URL, STAGING, Office

HOST = "autopromote.example.com"


def add(office: Office, app: str = STAGING) -> SubscriptionView:
    return office.subscriptions.add(app, by=ANA, reached_at=HOST)[0]


def live(office: Office) -> list[LiveSecret]:
    with office.database.begin() as conn:
        return subscriptions.live_secrets(conn)


def texts(office: Office) -> list[str]:
    """The live secrets, newest first."""
    return [office.keys.open(item.sealed).decode() for item in live(office)]


def prove(office: Office) -> None:
    """A delivery signed with the newest secret arrives."""
    newest = live(office)[0]
    with office.database.begin() as conn:
        subscriptions.prove(conn, newest.id)
        subscriptions.delivered(conn, newest.subscription_id)


def let_pass(office: Office, hours: int) -> None:
    """Have so many hours gone by since the secrets were rotated out."""
    past = {"valid_until": secret.c.valid_until - literal(timedelta(hours=hours))}
    with office.database.begin() as conn:
        conn.execute(update(secret).values(past))


# Making.


def test_heroku_gets_one_webhook_with_a_secret_of_ours(office: Office) -> None:
    view, is_made = office.subscriptions.add(STAGING, by=ANA, reached_at=HOST)
    (webhook,) = office.webhooks()
    assert is_made
    assert (webhook["url"], webhook["level"], webhook["include"]) == (HOOK, "sync", ["api:release"])
    assert view.row.heroku_id == webhook["id"]
    assert (view.is_healthy, view.app_name) == (None, STAGING)
    assert [(item.state, item.proved_at) for item in view.row.secrets] == [("current", None)]
    (text,) = texts(office)
    assert len(bytes.fromhex(text)) == 32
    assert office.signs_with(STAGING, text)


def test_no_secret_is_ever_shown_or_written_down(office: Office) -> None:
    view = add(office)
    (text,) = texts(office)
    assert text not in repr(view)
    assert text not in repr(office.audit())
    assert text.encode() not in live(office)[0].sealed


def test_making_it_twice_is_making_it_once(office: Office) -> None:
    first = add(office)
    before = texts(office)
    office.calls()
    view, is_made = office.subscriptions.add(STAGING, by="bo@example.com", reached_at=HOST)
    assert (is_made, view.row.id, texts(office)) == (False, first.row.id, before)
    assert len(office.webhooks()) == 1
    assert {method for method, _ in office.calls()} == {"GET"}
    assert [entry.action for entry in office.audit()] == ["subscription.added"]


@pytest.mark.parametrize("applied", [True, False])
def test_one_that_was_half_made_heals(office: Office, applied: bool) -> None:
    office.break_heroku("/apps/.*/webhooks", method="POST", applied=applied, times=1)
    with pytest.raises(HerokuUnreadable, match="the same command again takes it further"):
        add(office)
    (half,) = office.subscriptions.list_(app=None, limit=10)
    assert half.is_healthy is False
    assert "half made" in half.health
    sent = texts(office)
    view, is_made = office.subscriptions.add(STAGING, by=ANA, reached_at=HOST)
    assert (is_made, view.row.id, view.is_healthy) == (False, half.row.id, None)
    assert texts(office) == sent
    assert len(office.webhooks()) == 1
    assert office.signs_with(STAGING, sent[0])


def test_one_at_heroku_whose_secret_we_lack_gets_a_new_one(office: Office) -> None:
    body = {"url": HOOK, "level": "notify", "include": ["api:build"], "secret": "not-ours"}
    office.heroku("POST", f"/apps/{STAGING}/webhooks", body)
    view = add(office)
    (webhook,) = office.webhooks()
    assert view.row.heroku_id == webhook["id"]
    assert (webhook["level"], webhook["include"]) == ("sync", ["api:release"])
    assert office.signs_with(STAGING, texts(office)[0])


def test_a_second_one_that_points_to_us_is_removed(office: Office) -> None:
    view = add(office)
    body = {"url": HOOK, "level": "sync", "include": ["api:release"], "secret": "not-ours"}
    office.heroku("POST", f"/apps/{STAGING}/webhooks", body)
    other = {**body, "url": "https://example.com/another"}
    office.heroku("POST", f"/apps/{STAGING}/webhooks", other)
    add(office)
    found = {webhook["id"]: webhook["url"] for webhook in office.webhooks()}
    assert found[view.row.heroku_id] == HOOK
    assert sorted(found.values()) == sorted([HOOK, "https://example.com/another"])


def test_one_that_somebody_removed_is_made_again_with_the_same_secret(office: Office) -> None:
    add(office)
    (before,) = texts(office)
    office.heroku("DELETE", f"/apps/{STAGING}/webhooks/{office.webhooks()[0]['id']}")
    view = add(office)
    assert view.row.heroku_id == office.webhooks()[0]["id"]
    assert texts(office) == [before]
    assert office.signs_with(STAGING, before)


def test_one_that_somebody_made_in_its_place_gets_a_secret_of_ours(office: Office) -> None:
    add(office)
    path = f"/apps/{STAGING}/webhooks"
    office.heroku("DELETE", f"{path}/{office.webhooks()[0]['id']}")
    body = {"url": HOOK, "level": "sync", "include": ["api:release"], "secret": "not-ours"}
    office.heroku("POST", path, body)
    view = add(office)
    (webhook,) = office.webhooks()
    assert view.row.heroku_id == webhook["id"]
    assert office.signs_with(STAGING, texts(office)[0])


def test_a_listener_that_moved_takes_its_webhook_along(office: Office) -> None:
    add(office)
    moved = office.subscriptions_at("https://new.example.com/")
    (view,) = moved.list_(app=None, limit=10)
    assert view.is_healthy is False
    assert "the listener is at https://new.example.com/webhooks/heroku" in view.health
    moved.add(STAGING, by=ANA, reached_at=HOST)
    (webhook,) = office.webhooks()
    assert webhook["url"] == "https://new.example.com/webhooks/heroku"


def test_without_a_public_url_it_says_what_to_set(office: Office) -> None:
    desk = office.subscriptions_at(None)
    with pytest.raises(Conflict) as refusal:
        desk.add(STAGING, by=ANA, reached_at="ap.example.com")
    assert refusal.value.id == "public_url_unknown"
    assert "`heroku config:set PUBLIC_URL=https://ap.example.com`" in refusal.value.message
    assert office.webhooks() == []


@pytest.mark.parametrize(
    ("status", "words"), [(401, "HEROKU_API_KEY is not valid"), (403, "`heroku access:add`")]
)
def test_a_refusal_keeps_herokus_words_and_leaves_nothing(
    office: Office, status: int, words: str
) -> None:
    office.break_heroku("/apps/.*/webhooks", method="POST", status=status)
    with pytest.raises(HerokuUnreadable, match=words):
        add(office)
    assert office.subscriptions.list_(app=None, limit=10) == []


def test_the_eleventh_webhook_is_refused_in_herokus_words(office: Office) -> None:
    for number in range(10):
        body = {"url": f"https://example.com/{number}", "level": "notify", "include": ["api:app"]}
        office.heroku("POST", f"/apps/{STAGING}/webhooks", body)
    with pytest.raises(HerokuUnreadable, match=r"Heroku refused \(4.."):
        add(office)
    assert office.subscriptions.list_(app=None, limit=10) == []


def test_an_app_that_heroku_lacks_is_invalid(office: Office) -> None:
    with pytest.raises(Invalid, match="Heroku knows no app no-such-app"):
        add(office, "no-such-app")


# Looking.


def test_deliveries_make_it_healthy(office: Office) -> None:
    add(office)
    prove(office)
    view = office.subscriptions.get(STAGING)
    assert view.is_healthy is True
    assert view.health.startswith("The last delivery arrived ")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"level": "notify"}, "its level is notify"),
        ({"url": "https://example.com/elsewhere"}, "points to https://example.com/elsewhere"),
        ({"include": ["api:build"]}, "does not tell of releases"),
        (None, "Heroku has this webhook no more"),
    ],
)
def test_what_is_wrong_at_heroku_is_said_until_it_is_mended(
    office: Office, change: dict[str, object] | None, words: str
) -> None:
    view = add(office)
    path = f"/apps/{STAGING}/webhooks/{view.row.heroku_id}"
    office.heroku("PATCH" if change else "DELETE", path, change)
    assert office.subscriptions.list_(app=None, limit=10)[0].is_healthy is None
    looked_at = office.subscriptions.get(str(view.row.id))
    assert looked_at.is_healthy is False
    assert words in looked_at.health
    assert f"`autopromote webhooks:add -a {STAGING}`" in looked_at.health
    assert office.subscriptions.list_(app=None, limit=10)[0].health == looked_at.health
    add(office)
    assert office.subscriptions.get(STAGING).is_healthy is None
    assert len(office.webhooks()) == 1


def test_it_is_shown_though_heroku_is_down(office: Office) -> None:
    view = add(office)
    office.break_heroku(".*")
    assert office.subscriptions.get(STAGING) == view


# Rotating.


def test_the_old_secret_counts_until_the_new_one_is_proved_and_72_hours_passed(
    office: Office,
) -> None:
    add(office)
    prove(office)
    (old,) = texts(office)
    view = office.subscriptions.rotate(STAGING, now=False, by=ANA)
    new = texts(office)[0]
    assert [item.state for item in view.row.secrets] == ["current", "previous"]
    assert office.signs_with(STAGING, new)
    let_pass(office, hours=73)
    assert texts(office) == [new, old]
    prove(office)
    assert texts(office) == [new]


def test_a_proved_new_secret_alone_ends_nothing(office: Office) -> None:
    add(office)
    office.subscriptions.rotate(STAGING, now=False, by=ANA)
    prove(office)
    let_pass(office, hours=71)
    assert len(texts(office)) == 2


def test_now_drops_the_old_secret(office: Office) -> None:
    add(office)
    (old,) = texts(office)
    view = office.subscriptions.rotate(STAGING, now=True, by=ANA)
    assert [item.state for item in view.row.secrets] == ["current"]
    assert old not in texts(office)
    assert office.signs_with(STAGING, texts(office)[0])


@pytest.mark.parametrize("applied", [True, False])
def test_a_rotation_that_stopped_half_way_sends_the_same_new_secret(
    office: Office, applied: bool
) -> None:
    add(office)
    (old,) = texts(office)
    office.break_heroku("/apps/.*/webhooks/.*", method="PATCH", applied=applied, times=1)
    with pytest.raises(HerokuUnreadable):
        office.subscriptions.rotate(STAGING, now=False, by=ANA)
    (view,) = office.subscriptions.list_(app=None, limit=10)
    assert "A rotation stopped half-way" in view.health
    new, kept = texts(office)
    assert kept == old
    office.subscriptions.rotate(STAGING, now=False, by=ANA)
    assert texts(office) == [new, old]
    assert office.signs_with(STAGING, new)


def test_a_secret_that_no_key_opens_is_replaced(office: Office) -> None:
    add(office)
    office.keys = Keys(["another key of at least 32 characters"])
    desk = office.subscriptions_at(PUBLIC_URL)
    desk.rotate(STAGING, now=True, by=ANA)
    (text,) = texts(office)
    assert office.signs_with(STAGING, text)


def test_making_it_again_replaces_a_secret_that_no_key_opens(office: Office) -> None:
    add(office)
    office.keys = Keys(["another key of at least 32 characters"])
    office.subscriptions_at(PUBLIC_URL).add(STAGING, by=ANA, reached_at=HOST)
    newest = office.keys.open(live(office)[0].sealed).decode()
    assert office.signs_with(STAGING, newest)


def test_rotations_are_written_down(office: Office) -> None:
    add(office)
    office.subscriptions.rotate(STAGING, now=False, by=ANA)
    office.subscriptions.rotate(STAGING, now=True, by=ANA)
    actions = [entry.action for entry in office.audit()]
    assert actions[1:] == ["subscription.rotated", "subscription.rotated_now"]


# Removing.


def test_a_removed_one_is_gone_on_both_sides(office: Office) -> None:
    view = add(office)
    office.subscriptions.remove(str(view.row.id), by=ANA)
    assert (office.webhooks(), live(office)) == ([], [])
    with pytest.raises(NotFound) as refusal:
        office.subscriptions.get(STAGING)
    assert refusal.value.id == "subscription_not_found"
    again = add(office)
    assert again.row.id != view.row.id


def test_what_heroku_has_no_more_can_be_removed(office: Office) -> None:
    view = add(office)
    office.heroku("DELETE", f"/apps/{STAGING}/webhooks/{view.row.heroku_id}")
    office.subscriptions.remove(STAGING, by=ANA)
    assert office.subscriptions.list_(app=None, limit=10) == []


def test_it_stays_where_heroku_cannot_be_asked(office: Office) -> None:
    add(office)
    office.break_heroku("/apps/.*/webhooks.*", method="DELETE")
    with pytest.raises(HerokuUnreadable, match=r"The subscription was not removed\.$"):
        office.subscriptions.remove(STAGING, by=ANA)
    assert len(office.subscriptions.list_(app=None, limit=10)) == 1


def test_they_are_listed_newest_first_and_by_app(office: Office) -> None:
    add(office)
    add(office, PROD)
    listed = [view.app_name for view in office.subscriptions.list_(app=None, limit=10)]
    assert listed == [PROD, STAGING]
    assert [v.app_name for v in office.subscriptions.list_(app=STAGING, limit=10)] == [STAGING]


def test_of_many_deliveries_at_once_one_is_noted(office: Office) -> None:
    row_id, noted = add(office).row.id, []
    with office.database.begin() as conn:
        for _ in range(2):
            subscriptions.delivered(conn, row_id)
            row = subscriptions.find(conn, row_id)
            noted.append(row and row.last_delivery_at)
    assert noted[0] is not None
    assert noted[0] == noted[1]
