"""What single values in requests may be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from listener.api.fields import Moment, RuleName, Version, status_of, version_of
from listener.core.promotion import Status
from listener.errors import Invalid

VERSION: TypeAdapter[int] = TypeAdapter(Version)
NAME: TypeAdapter[str] = TypeAdapter(RuleName)
MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


@pytest.mark.parametrize("said", [42, "42", "v42", "V42", " v42 "])
def test_a_release_is_written_in_several_ways(said: Any) -> None:
    assert VERSION.validate_python(said) == 42


@pytest.mark.parametrize(
    "said",
    [0, -1, True, 4.2, None, [], "", "v", "vv42", "v-1", "\uff14\uff12", "v4.2", 2**31, "9" * 40],
)
def test_what_is_no_release_is_refused(said: Any) -> None:
    with pytest.raises(ValidationError):
        VERSION.validate_python(said)


@given(st.integers(1, 2**31 - 1))
def test_any_release_may_have_its_v(version: int) -> None:
    assert version_of(f"v{version}") == version_of(str(version)) == version


@given(st.text())
def test_an_address_names_a_release_or_is_refused(text: str) -> None:
    try:
        version = version_of(text)
    except Invalid:
        return
    assert version is not None
    assert str(version) in text


def test_an_address_may_name_nothing() -> None:
    assert (version_of(None), status_of(None)) == (None, None)


def test_a_status_is_one_of_the_words() -> None:
    assert status_of("rolled_back") is Status.ROLLED_BACK
    with pytest.raises(Invalid, match="status: there is no done; there are waiting, posting"):
        status_of("done")


@pytest.mark.parametrize("name", ["ship", "staging to prod", "v2", "Ÿ", "a" * 100, " ship "])
def test_rules_may_be_called(name: str) -> None:
    assert NAME.validate_python(name) == name.strip()


@pytest.mark.parametrize("name", ["", "  ", "12", "a/b", ".", "..", "a\nb", "\x1b[1m", "a" * 101])
def test_rules_may_not_be_called(name: str) -> None:
    with pytest.raises(ValidationError):
        NAME.validate_python(name)


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2026-03-02T12:00:00Z", datetime(2026, 3, 2, 12, tzinfo=UTC)),
        ("2026-03-02T12:00:00.5+02:00", datetime(2026, 3, 2, 10, 0, 0, 500000, tzinfo=UTC)),
    ],
)
def test_a_moment_is_kept_in_utc(said: str, moment: datetime) -> None:
    assert MOMENT.validate_python(said) == moment
    assert MOMENT.validate_python(said).tzinfo is UTC


@pytest.mark.parametrize(
    "said",
    [
        "2026-03-02T12:00:00",
        "2026-03-02",
        "noon",
        "",
        0,
        True,
        None,
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
    ],
)
def test_what_is_no_moment_is_refused(said: Any) -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_python(said)
