"""Which routes may stand beside each other, and which apps the settings let in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.core.rule import (
    Mode,
    OnNewer,
    Overlap,
    Route,
    RuleRefused,
    Strategy,
    check_route,
    is_allowed,
    overlaps,
)

APPS = ("dev", "staging", "prod", "dr", "demo")
NAMED = {app: f"acme-{app}" for app in APPS}
SHIP = Route("ship", "staging", ("prod",))
FEED = Route("feed", "dev", ("staging",))
SAVE = Route("save", "prod", ("dr",))


def test_the_words_are_the_contracts() -> None:
    assert list(Mode) == ["armed", "shadow", "off"]
    assert list(Strategy) == ["slug", "pipeline"]
    assert list(OnNewer) == ["supersede", "keep"]


@pytest.mark.parametrize(
    ("new", "others"),
    [
        pytest.param(SHIP, [], id="alone"),
        pytest.param(SHIP, [FEED, SAVE], id="a chain"),
        pytest.param(SHIP, [Route("more", "staging", ("demo",))], id="one source, two rules"),
        pytest.param(SHIP, [Route("twice", "staging", ("prod", "dr"))], id="the same route twice"),
        pytest.param(Route("fan", "staging", ("prod", "dr", "demo")), [FEED], id="a fan"),
        pytest.param(
            FEED, [SHIP, Route("twice", "staging", ("prod",))], id="two ways to one target"
        ),
        pytest.param(
            Route("both", "dev", ("prod", "dr")), [Route("one", "prod", ("demo",))], id="a tree"
        ),
    ],
)
def test_accepts_a_route_that_only_goes_forward(new: Route, others: list[Route]) -> None:
    check_route(new, others, NAMED)


@pytest.mark.parametrize(
    ("new", "others", "words"),
    [
        pytest.param(
            Route("self", "staging", ("prod", "staging")),
            [],
            "acme-staging cannot be promoted onto itself.",
            id="onto itself",
        ),
        pytest.param(
            Route("other", "dev", ("prod", "demo", "dr")),
            [Route("ship", "staging", ("prod", "dr"))],
            "acme-dr already gets its releases from acme-staging by rule ship."
            " A target has one source: turn that rule off or remove it first.",
            id="two sources",
        ),
        pytest.param(
            Route("back", "prod", ("staging",)),
            [SHIP],
            "This would promote in a ring: acme-prod → acme-staging → acme-prod.",
            id="there and back",
        ),
        pytest.param(
            Route("back", "dr", ("demo", "dev")),
            [SHIP, FEED, SAVE],
            "This would promote in a ring:"
            " acme-dr → acme-dev → acme-staging → acme-prod → acme-dr.",
            id="a long way round",
        ),
        pytest.param(
            Route("back", "prod", ("dev",)),
            [Route("fan", "dev", ("demo", "staging")), SHIP],
            "This would promote in a ring: acme-prod → acme-dev → acme-staging → acme-prod.",
            id="through one branch of a fan",
        ),
    ],
)
def test_refuses_a_route_with_the_reason(new: Route, others: list[Route], words: str) -> None:
    with pytest.raises(RuleRefused) as refused:
        check_route(new, others, NAMED)
    assert str(refused.value) == words


ROUTES = st.builds(
    Route,
    st.just("rule"),
    st.sampled_from(APPS),
    st.lists(st.sampled_from(APPS), min_size=1, max_size=3, unique=True).map(tuple),
)


def reachable(app: str, routes: list[Route]) -> set[str]:
    """Every app that a release of this one comes to, by walking as often as there are routes."""
    reached: set[str] = set()
    for _ in range(len(routes) + 1):
        reached |= {t for r in routes if r.source in reached | {app} for t in r.targets}
    return reached


def is_sound(routes: list[Route]) -> bool:
    """No app comes back to itself, and none has two sources."""
    fed = {(target, route.source) for route in routes for target in route.targets}
    is_ring = any(app in reachable(app, routes) for app in APPS)
    return not is_ring and len(fed) == len({target for target, _ in fed})


@given(st.lists(ROUTES, max_size=6))
def test_a_route_is_refused_exactly_where_it_makes_a_ring_or_a_second_source(
    wanted: list[Route],
) -> None:
    saved: list[Route] = []
    for new in wanted:
        try:
            check_route(new, saved, NAMED)
        except RuleRefused:
            assert not is_sound([*saved, new])
        else:
            saved.append(new)
            assert is_sound(saved)


@pytest.mark.parametrize(
    ("app", "patterns", "allowed"),
    [
        ("acme-prod", ("*",), True),
        ("acme-prod", ("acme-*",), True),
        ("acme-prod", ("acme-staging", "acme-prod"), True),
        ("acme-prod", ("acme",), False),
        ("acme-prod", ("prod",), False),
        ("acme-prod", ("ACME-*",), False),
        ("acme-prod", (), False),
    ],
)
def test_a_pattern_names_the_whole_app(app: str, patterns: tuple[str, ...], allowed: bool) -> None:
    assert is_allowed(app, patterns) is allowed


def test_two_rules_that_lead_the_same_way_are_a_loophole() -> None:
    ship = Route("ship", "s", ("p", "q"))
    others = [Route("fast", "s", ("q", "p", "x")), Route("other", "t", ("p",))]
    [pair] = overlaps([ship, *others, Route("alone", "s", ("y",))])
    assert pair == Overlap("ship", "fast", "s", ("p", "q"))
    assert pair.message({"s": "acme-staging", "p": "acme-prod", "q": "acme-eu"}) == (
        "Rules ship and fast both promote acme-staging to acme-prod and acme-eu: a release goes as"
        " soon as one of them lets it, whatever the other asks."
    )
