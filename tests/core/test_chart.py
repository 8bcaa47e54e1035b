"""A chart's bars keep to its ground, on a scale that ends at a round number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.core.chart import BOTTOM, LEFT, TOP, WIDTH, chart

VALUES = st.lists(st.none() | st.floats(0, 1e9), max_size=100)


@given(VALUES)
def test_every_bar_stands_on_the_ground_and_keeps_to_it(values: list[float | None]) -> None:
    found = chart(values)

    assert [bar.place for bar in found.bars] == [n for n, each in enumerate(values) if each]
    for bar in found.bars:
        assert bar.x >= LEFT
        assert bar.x + bar.width <= WIDTH + 0.1
        assert bar.y >= TOP
        assert bar.y + bar.height == pytest.approx(BOTTOM, abs=0.2)


@pytest.mark.parametrize(
    ("highest", "top"), [(0.0, 1.0), (0.3, 1.0), (3.0, 5.0), (5.0, 5.0), (51.0, 100.0)]
)
def test_the_scale_ends_at_a_round_number(highest: float, top: float) -> None:
    assert [line.value for line in chart([None, highest]).lines] == [0.0, top / 2, top]
