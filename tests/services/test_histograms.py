"""Delays for `/metrics`: every process tells the same, however long it lives, with few labels."""

from __future__ import annotations

from datetime import timedelta

import pytest

from listener.db.figures import Delay
from listener.services import histograms
from listener.services.histograms import BOUNDS, Delays
from listener.services.promote import NewPromotions
from tests.services.office import ANA, EU, PROD, STAGING, Office


def ship(office: Office, times: int = 1) -> None:
    for _ in range(times):
        office.deploy(STAGING)
        office.look(STAGING)


def counts(delays: Delays) -> dict[tuple[Delay, str], int]:
    return {key: found.counts.total() for key, found in delays.read().items()}


def test_delays_are_counted_by_target_and_posts_are_those_of_rules(office: Office) -> None:
    assert counts(Delays(office.database)) == {}
    office.add_rule()
    ship(office, 2)
    office.promotions.promote_by_hand(NewPromotions(source=STAGING, targets=(EU,)), by=ANA)
    office.work()
    assert counts(Delays(office.database)) == {
        (Delay.LEAD, PROD): 2,
        (Delay.LEAD, EU): 1,
        (Delay.POST, PROD): 2,
    }


def test_buckets_are_cumulative_and_the_last_one_has_all(office: Office) -> None:
    office.add_rule()
    ship(office, 2)
    with office.database.begin() as conn:
        conn.exec_driver_sql(
            "UPDATE release SET created_at = created_at - interval '100 seconds'"
            " WHERE id = (SELECT release_id FROM promotion ORDER BY id LIMIT 1)"
        )
    found = Delays(office.database).read()[Delay.POST, PROD]
    told = dict(found.cumulative)
    assert (told["60.0"], told["300.0"], told["+Inf"]) == (1, 2, 2)
    assert len(told) == len(BOUNDS) + 1
    assert 100 <= found.seconds < 130


def test_what_is_settled_is_counted_once_and_kept(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histograms, "SETTLED_FOR", timedelta())
    monkeypatch.setattr(histograms, "FOLD_EVERY", timedelta())
    office.add_rule()
    old = Delays(office.database)
    for number in (1, 2, 3):
        ship(office)
        fresh = Delays(office.database)
        assert counts(old) == counts(old) == counts(fresh)
        assert counts(old)[Delay.LEAD, PROD] == number
    with office.database.begin() as conn:
        conn.exec_driver_sql("UPDATE post SET outcome = 'refused'")
    ship(office)
    assert counts(old)[Delay.LEAD, PROD] == 4  # it read the first three no more


def test_a_long_past_is_read_in_parts(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histograms, "SETTLED_FOR", timedelta())
    monkeypatch.setattr(histograms, "FOLD_EVERY", timedelta())
    monkeypatch.setattr(histograms, "MOST_AT_ONCE", 1)
    office.add_rule(targets=(PROD, EU))
    ship(office, 2)
    with office.database.begin() as conn:  # two at the same moment, and one at another
        conn.exec_driver_sql(
            "UPDATE post SET settled_at = (SELECT min(settled_at) FROM post)"
            " WHERE id < (SELECT max(id) FROM post)"
        )
    assert counts(Delays(office.database))[Delay.LEAD, PROD] == 2
    assert counts(Delays(office.database))[Delay.LEAD, EU] == 2


def test_targets_that_came_later_share_a_label(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histograms, "MOST_APPS", 1)
    office.add_rule()
    ship(office)
    office.promotions.promote_by_hand(NewPromotions(source=STAGING, targets=(EU,)), by=ANA)
    office.work()
    assert counts(Delays(office.database)) == {
        (Delay.LEAD, PROD): 1,
        (Delay.LEAD, "other"): 1,
        (Delay.POST, PROD): 1,
    }
