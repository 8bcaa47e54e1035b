"""What is said of a release that no rule made a promotion of: one row a sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from listener.core.gates.options import NONE
from listener.core.release import History, Release
from listener.core.rule import Mode, OnNewer, Strategy
from listener.db.rules import RuleRow, RuleTarget
from listener.services import explain
from tests.core.releases import log, release

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULE = RuleRow(
    id=1,
    name="ship",
    mode=Mode.ARMED,
    strategy=Strategy.SLUG,
    on_newer=OnNewer.SUPERSEDE,
    conditions=NONE,
    source_id="s",
    revision=1,
    created_by="ana@example.com",
    created_at=NOON,
    updated_at=NOON,
    removed_at=None,
    targets=(RuleTarget("t", 2),),
)
STAGING = log(
    release(1, None),
    release(2, "a"),
    release(3, "b"),
    release(4, "b", words="Set FOO config vars"),
    release(5, "b", words="Attach REDIS by heroku-redis"),
    release(6, "a", words="Rollback to v2"),
    release(7, "c", "failed"),
    release(8, "c", "pending"),
    release(9, "c", "building"),
)


def found(version: int, history: History = STAGING) -> Release:
    it = history.find(version)
    assert it is not None
    return it


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (1, "s v1 has no slug: s had no code yet."),
        (3, "s v3 is a deploy: the first release with this slug."),
        (4, "s v4 is a config change: its slug is that of v3, so it brings no new code."),
        (5, "s v5 is an add-on change: its slug is that of v3, so it brings no new code."),
        (6, "s v6 is a rollback to the slug of v2: it brings no new code."),
        (7, "s v7 has not run: it is failed."),
        (8, "s v8 is pending: its release phase is running."),
        (9, "s v9 has not run: it is building."),
    ],
)
def test_what_it_is(version: int, words: str) -> None:
    assert explain.what_it_is("s", STAGING, found(version)) == words


@pytest.mark.parametrize(
    ("mode", "version", "words"),
    [
        (Mode.OFF, 3, "Rule ship is off."),
        (Mode.SHADOW, 2, "Rule ship acts from v3 on."),
        (Mode.ARMED, 1, "Rule ship acts from v3 on."),
        (Mode.ARMED, 3, "It was not looked at yet."),
        (Mode.ARMED, 4, "Only a deploy brings new code, so there is nothing to promote."),
        (Mode.ARMED, 6, "Only a deploy brings new code, so there is nothing to promote."),
        (Mode.ARMED, 7, "It is failed: there is nothing to promote."),
        (Mode.ARMED, 8, "Looked at again when its release phase ends."),
        (Mode.ARMED, 9, "Looked at again when its release phase ends."),
    ],
)
def test_why_there_is_no_promotion(mode: Mode, version: int, words: str) -> None:
    rule = replace(RULE, mode=mode)
    assert explain.without(rule, "t", STAGING, found(version)) == words
