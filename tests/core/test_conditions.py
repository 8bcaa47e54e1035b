"""Conditions as people write them: read, refused with what to write, and written again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.core.gates.options import (
    NONE,
    OPTIONS,
    Aspect,
    BadCondition,
    Conditions,
    FailureLimit,
    OnFailure,
    parse,
    stored,
)

OFFICE = "Mon-Fri 09:00-16:30 Europe/London"
EVERYTHING: dict[str, Any] = {
    "soak": "30m",
    "windows": [OFFICE],
    "approvals": 1,
    "approval_timeout": "2h",
    "self_approval": False,
    "authors": ["*@acme.com"],
    "not_authors": ["/^bot/"],
    "commit_messages": ["*"],
    "not_commit_messages": ["*[no promote]*"],
    "commit_authors": ["*"],
    "not_commit_authors": ["*[bot]"],
    "on_same_commit": "go",
    "descriptions": ["Deploy *"],
    "not_descriptions": ["*WIP*"],
    "checks": ["https://staging.example.com/healthz"],
    "github_checks": True,
    "required_checks": ["test"],
    "ignored_checks": ["lint"],
    "checks_timeout": "2h",
    "parity": ["stack", "config-names"],
    "closed": ["24 Dec UTC"],
    "min_gap": "2h",
    "max_per_day": 4,
    "brake": "2/1d",
    "verify": ["https://www.example.com/healthz"],
    "verify_for": "10m",
    "on_failure": "rollback",
    "repo": "acme/shop",
    "deployment": "production",
    "commit_status": True,
}


def test_everything_can_be_asked_for() -> None:
    fields = set(Conditions.__dataclass_fields__) - {"unreadable"}
    assert set(EVERYTHING) == set(OPTIONS) == fields
    found = parse(EVERYTHING)
    assert (found.soak, found.approvals) == (timedelta(minutes=30), 1)
    assert [window.text for window in found.windows] == [OFFICE]
    assert found.parity == (Aspect.STACK, Aspect.CONFIG_NAMES)
    assert (found.brake, found.on_failure) == (
        FailureLimit(2, timedelta(days=1)),
        OnFailure.ROLLBACK,
    )
    assert found.as_json() == EVERYTHING


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "is no name of a check"),
        (" ", "is no name of a check"),
        ("x" * 200, "is no name of a check"),
        ("a\x1bb", "is no name of a check"),
        ("autopromote/ship/prod", "is a status of the listener's own"),
        ("Autopromote/ship/prod", "is a status of the listener's own"),
    ],
)
def test_what_is_no_name_of_a_check_at_github(name: str, message: str) -> None:
    for condition in ("required_checks", "ignored_checks"):
        with pytest.raises(BadCondition, match=message):
            parse({condition: [name]})


def test_a_name_of_a_check_has_one_space_between_words() -> None:
    assert parse({"required_checks": [" test  (3.11) "]}).required_checks == ("test (3.11)",)


def test_nothing_asked_for_is_nothing_written() -> None:
    assert parse({}) == NONE
    assert NONE.as_json() == {}


def test_what_is_not_said_stays_and_null_takes_it_away() -> None:
    before = parse(EVERYTHING)
    after = parse({"soak": None, "brake": None, "windows": [], "approvals": 2}, before)
    assert (after.soak, after.brake, after.windows) == (timedelta(0), None, ())
    assert (after.approvals, after.min_gap) == (2, before.min_gap)


def test_one_text_is_a_list_of_one_and_repeats_count_once() -> None:
    assert parse({"authors": "*@acme.com"}) == parse({"authors": ["*@acme.com", "*@acme.com"]})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("soak", "30", "write a number with s, m, h or d, like 30m"),
        ("soak", 30, "it must be a text"),
        ("windows", ["Mon-Fri 09:00-16:30"], "Mon-Fri 09:00-16:30 Europe/London"),
        ("windows", [7], "it must be a text"),
        ("windows", 7, "it must be a list of 20 texts at most"),
        ("checks", ["x"] * 21, "it must be a list of 20 texts at most"),
        ("authors", ["x"] * 21, "a rule has 20 patterns at most"),
        ("authors", ["/(/"], "is no regular expression of RE2"),
        ("approvals", 6, "it must be a number from 0 to 5"),
        ("approvals", True, "it must be a number from 0 to 5"),
        ("approvals", "1", "it must be a number from 0 to 5"),
        ("approval_timeout", "10s", "it must be from 1m to 90d"),
        ("self_approval", "no", "it must be true or false"),
        ("checks", ["staging.example.com"], "is no URL like https://example.com/healthz"),
        ("checks", ["ftp://example.com"], "is no URL like"),
        ("checks", ["https://xn--/"], "names no host: a part of it is no encoded name"),
        ("verify", ["https://xn--a.b/"], "names no host: a part of it is no encoded name"),
        ("checks", ["https://ana:pw@example.com"], "is no URL like"),
        ("checks", ["https://example.com/ä"], "only ASCII characters"),
        ("parity", ["colour"], "'colour' is none of stack, generation, buildpacks, config-names"),
        ("max_per_day", -1, "it must be a number from 0 to 1000"),
        ("brake", "2", "is no brake: write a count and a time, like 2/24h"),
        ("brake", "0/24h", "is no brake"),
        ("brake", "2/0s", "a brake needs a time"),
        ("verify_for", "3h", "it must be from 1s to 2h"),
        ("repo", "acme", "write its owner and name, like acme/shop"),
        ("repo", "acme/..", "is no repository"),
        ("repo", "https://github.com/acme/shop", "is no repository"),
        ("deployment", "two\nlines", "it must be one line of 255 characters at most"),
        ("deployment", "x" * 256, "it must be one line of 255 characters at most"),
        ("on_failure", "panic", "'panic' is none of rollback, hold, notify"),
        ("colour", "red", "there is no such condition"),
    ],
)
def test_what_is_written_wrongly_is_refused_by_its_name(name: str, value: Any, words: str) -> None:
    with pytest.raises(BadCondition) as refused:
        parse({name: value})
    assert refused.value.name == name
    assert str(refused.value).startswith(f"{name}: ")
    assert words in str(refused.value)


@given(st.sets(st.sampled_from(sorted(EVERYTHING))))
def test_conditions_survive_writing_and_reading(names: set[str]) -> None:
    said = {name: EVERYTHING[name] for name in names}
    found = parse(said)
    assert found.as_json() == said
    assert parse(found.as_json()) == found


# Patterns are counted before one is read, and what is stored outlives its limits.

TWENTY = [f"*@{number}.example.com" for number in range(20)]


def test_patterns_count_together_over_all_conditions() -> None:
    assert len(parse({"authors": TWENTY}).authors) == 20
    with pytest.raises(BadCondition, match=r"a rule has 20 patterns at most.* and not 21"):
        parse({"authors": TWENTY, "not_descriptions": ["/(/"]})
    with pytest.raises(BadCondition, match="and not 21") as refused:
        parse({"descriptions": ["*"]}, parse({"authors": TWENTY}))
    assert refused.value.name == "descriptions"
    assert parse({"soak": "1h"}, parse({"authors": TWENTY})).authors


def test_a_stored_condition_that_breaks_a_limit_is_kept_and_never_counts_as_met() -> None:
    before = {"soak": "1h", "authors": ["x" * 201], "gone_since_then": [1]}
    found = stored(before)
    assert found.as_json() == before
    assert (found.soak, found.authors) == (timedelta(hours=1), ())
    assert [one.name for one in found.unreadable] == ["authors", "gone_since_then"]
    assert "from 1 to 200 characters" in found.unreadable[0].message

    still = parse({"soak": "2h"}, found)
    assert still.as_json() == before | {"soak": "2h"}
    assert parse({"authors": ["*"], "soak": None}, found).as_json() == {
        "authors": ["*"],
        "gone_since_then": [1],
    }


def test_too_many_stored_patterns_are_unreadable_until_there_are_fewer() -> None:
    found = stored({"authors": TWENTY, "descriptions": ["*"], "soak": "1h"})
    assert [one.name for one in found.unreadable] == ["authors", "descriptions"]
    with pytest.raises(BadCondition, match="and not 22"):
        parse({"descriptions": ["a", "b"]}, found)
    mended = parse({"descriptions": None}, found)
    assert (len(mended.authors), mended.unreadable) == (20, ())


PLAIN = st.one_of(st.none(), st.text(), st.integers(), st.lists(st.text(max_size=300)))


@given(st.dictionaries(st.sampled_from(sorted(EVERYTHING)), PLAIN))
def test_nothing_that_is_stored_is_too_much_for_reading(said: dict[str, Any]) -> None:
    found = stored(said)
    assert {one.name for one in found.unreadable} <= set(said)
    assert stored(found.as_json()) == found
