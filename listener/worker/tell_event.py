"""Tell a receiver of each thing that became of a promotion: in order, until it takes it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from listener.core import promotion_events
from listener.core.deployments import Event
from listener.core.promotion import PromotionKind
from listener.core.promotion_events import TYPE, Words, cloud_event, moment
from listener.db import approvals, apps, outbox, rules, shown_shipments
from listener.db.tables import rule_receiver
from listener.inventory import notify_urls, receivers
from listener.inventory.receivers import Receiver
from listener.worker.word import Word


class NotTaken(Exception):
    """The receiver did not take an event; the message says why, without the URL."""


def tell(word: Word) -> None:
    """Send what is new. Raises NotTaken."""
    to = _receiver(word)
    if to is None:  # nobody wants it any more, or not of this promotion
        word.settle()
        return
    for event in promotion_events.news(word.events, last=word.shown):
        probe = receivers.send(word.context, to, _made(word, event), id=_id(word, event))
        if not probe.is_good:
            raise NotTaken(f"{to.shown} {probe.said}.")
        status = promotion_events.standing(event, word.shown)
        word.advance(state=word.state, told_event=event.id, shown=status)
    word.settle()


def _receiver(word: Word) -> Receiver | None:
    """Return who is told: the settings name it, or the rule; None where its owner does not now."""
    ours = receivers.general(word.context)
    found = (each for each in ours if outbox.channel_of(receivers.mark(each.url)) == word.channel)
    return next(found, None) or _of_rule(word)


def _of_rule(word: Word) -> Receiver | None:
    rule_id = outbox.rule_of(word.channel)
    if rule_id is None:
        return None
    with word.context.database.begin() as conn:
        if not _hears(conn, word, rule_id):
            return None
        told = rules.of_rules(conn, [rule_id], rule_receiver).get(rule_id, ())
    its = (each for each in told if outbox.channel_of(each.mark, rule_id) == word.channel)
    url = next((notify_urls.opened(word.context, each) for each in its), None)
    return Receiver(url, rule_id) if url is not None else None


def _hears(conn: Connection, word: Word, rule_id: int) -> bool:
    """Return whether the rule's receivers hear of the promotion; who heard of it, hears its end."""
    return word.shown is not None or rule_id in _concerned(conn, word)


def _concerned(conn: Connection, word: Word) -> list[int]:
    """Return the rules that the promotion concerns; a rollback, all of its target."""
    if word.row.kind is PromotionKind.ROLLBACK:
        return [each.id for each in rules.targeting(conn, word.row.target_id)]
    return [word.rule.id] if word.rule is not None else []


def _id(word: Word, event: Event) -> str:
    return f"promotion-{word.row.id}-event-{event.id}"


def _made(word: Word, event: Event) -> dict[str, Any]:
    """Return the event, with the promotion as it is now."""
    row, context = word.row, word.context
    with context.database.begin() as conn:
        promotion = _promotion(conn, word)
    told = {"status": event.word, "message": event.message, "at": moment(event.at)}
    link = {"url": word.link()}
    return cloud_event(
        id=_id(word, event),
        source=receivers.source(context),
        type=f"{TYPE}.{event.word}",
        subject=f"promotions/{row.id}",
        at=event.at,
        data={"event": told, "promotion": promotion | link},
    )


def _promotion(conn: Connection, word: Word) -> dict[str, Any]:
    row, rule = word.row, word.rule
    names = apps.names(conn, [row.source_id, row.target_id])
    ships = shown_shipments.of_each(conn, [row.id], with_commits=True).get(row.id)
    by_rule = row.rule_id is not None and rule is not None
    release = {"id": row.target_release_id, "version": row.target_version}
    return {
        "id": str(row.id),
        "status": row.status,
        "reason": row.reason,
        "kind": row.kind,
        "by_hand": row.is_by_hand,
        "rule": _rule(word) if by_rule else None,
        "source": {
            "app": {"id": row.source_id, "name": names[row.source_id]},
            "release": {"id": row.release_id, "version": row.version},
            "slug": {"id": row.artifact, "commit": row.commit},
        },
        "target": {
            "app": {"id": row.target_id, "name": names[row.target_id]},
            "release": release if row.target_release_id is not None else None,
        },
        "ships": Words(ships, row.commit).as_json(),
        "gates": row.gates,
        "people": {
            "released_by": row.author,
            "asked_by": row.created_by,
            "said": [
                {"by": each.by, "approved": each.is_approved, "at": moment(each.at)}
                for each in approvals.of(conn, row)
            ],
        },
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
        "ended_at": moment(row.ended_at),
    }


def _rule(word: Word) -> dict[str, Any] | None:
    rule = word.rule
    if rule is None:
        return None
    revision = word.row.rule_revision
    return {"id": str(rule.id), "name": rule.name, "mode": rule.mode, "revision": revision}
