"""What two apps should have alike: each difference in a sentence, with its reason and its cure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.core.app import App
from listener.core.finding import Finding, State, Unread, is_sound
from listener.core.parity import ASPECTS, Traits, compare

STAGING = Traits(
    App("s", "staging", "heroku-24"), ("heroku/python",), frozenset({"DATABASE_URL", "KEY"})
)
PROD = Traits(App("t", "prod", "heroku-24"), ("heroku/python",), frozenset({"DATABASE_URL", "KEY"}))
NO_SCOPE = Unread("Heroku refused.", "heroku authorizations:create")


def app(traits: Traits, **facts: Any) -> Traits:
    return replace(traits, app=replace(traits.app, **facts))


def found(name: str, source: Traits, target: Traits) -> Finding:
    [finding] = [each for each in compare(source, target) if each.name == name]
    return finding


def test_apps_that_are_alike() -> None:
    findings = compare(STAGING, PROD)
    assert {each.state for each in findings} == {State.OK}
    assert is_sound(findings)
    assert [each.name for each in findings] == [aspect.__name__ for aspect in ASPECTS]
    assert {each.app for each in findings} == {PROD.app}
    assert [each.message for each in findings] == [
        "Neither staging nor prod is a container app.",
        "staging and prod are of generation cedar.",
        "staging and prod run heroku-24.",
        "staging and prod build with heroku/python.",
        "prod has every config var of staging.",
    ]


@pytest.mark.parametrize(
    ("name", "source", "target", "message", "mend"),
    [
        (
            "container",
            app(STAGING, is_container=True, stack="container"),
            PROD,
            "staging runs on the container stack.",
            "heroku stack:set heroku-24 -a staging",
        ),
        (
            "container",
            app(STAGING, is_container=True),
            app(PROD, is_container=True),
            "staging and prod run on the container stack.",
            "",
        ),
        (
            "generation",
            STAGING,
            app(PROD, generation="fir"),
            "staging is of generation cedar, prod of fir.",
            "",
        ),
        (
            "stack",
            app(STAGING, stack="heroku-26"),
            PROD,
            "staging is built for heroku-26, prod runs heroku-24.",
            "heroku stack:set heroku-26 -a prod",
        ),
    ],
)
def test_what_stops_every_promotion_is_broken(
    name: str, source: Traits, target: Traits, message: str, mend: str
) -> None:
    finding = found(name, source, target)
    assert (finding.state, finding.message, finding.mend) == (State.BROKEN, message, mend)
    fate = "waits" if name == "stack" else "is rejected"
    assert f"every promotion {fate}" in finding.why
    assert not is_sound([finding])


@pytest.mark.parametrize(
    ("ours", "theirs", "message", "mend"),
    [
        (
            ("heroku/nodejs",),
            ("heroku/python",),
            "staging builds with heroku/nodejs, prod with heroku/python.",
            "heroku buildpacks:set heroku/nodejs -a prod",
        ),
        (
            ("heroku/nodejs", "https://example.com/a b"),
            ("https://example.com/a b", "heroku/nodejs"),
            (
                "staging builds with heroku/nodejs, https://example.com/a b,"
                " prod with https://example.com/a b, heroku/nodejs."
            ),
            (
                "heroku buildpacks:clear -a prod && heroku buildpacks:add heroku/nodejs -a prod"
                " && heroku buildpacks:add 'https://example.com/a b' -a prod"
            ),
        ),
    ],
)
def test_other_buildpacks_may_surprise(
    ours: tuple[str, ...], theirs: tuple[str, ...], message: str, mend: str
) -> None:
    finding = found(
        "buildpacks", replace(STAGING, buildpacks=ours), replace(PROD, buildpacks=theirs)
    )
    assert (finding.state, finding.message, finding.mend) == (State.WARNING, message, mend)
    assert finding.facts == {"source": list(ours), "target": list(theirs)}


@pytest.mark.parametrize(
    ("source", "target", "who"),
    [
        (STAGING, replace(PROD, buildpacks=()), "prod"),
        (replace(STAGING, buildpacks=()), PROD, "staging"),
        (replace(STAGING, buildpacks=()), replace(PROD, buildpacks=()), "prod"),
    ],
)
def test_an_app_that_never_builds_chooses_no_buildpacks(
    source: Traits, target: Traits, who: str
) -> None:
    finding = found("buildpacks", source, target)
    assert finding.state is State.OK
    assert finding.message == f"{who} chose no buildpacks of its own."


@pytest.mark.parametrize(
    ("ours", "theirs", "missing"),
    [
        ({"B", "A"}, set(), ["A", "B"]),
        ({"A"}, {"A", "ONLY_HERE"}, []),
        ({"A", "HEROKU_POSTGRESQL_AMBER_URL"}, {"A", "HEROKU_POSTGRESQL_ROSE_URL"}, []),
        ({"HEROKU_POSTGRESQL_AMBER_URL_X"}, set(), ["HEROKU_POSTGRESQL_AMBER_URL_X"]),
        (set(), set(), []),
    ],
)
def test_config_vars_that_the_target_lacks_are_named(
    ours: set[str], theirs: set[str], missing: list[str]
) -> None:
    source = replace(STAGING, config_vars=frozenset(ours))
    finding = found("config_vars", source, replace(PROD, config_vars=frozenset(theirs)))
    assert finding.facts == {"missing": missing}
    assert finding.state is (State.WARNING if missing else State.OK)
    if missing:
        assert finding.message == f"prod lacks config vars of staging: {', '.join(missing)}."
        pairs = " ".join(f"{name}=…" for name in missing)
        assert finding.mend == f"heroku config:set {pairs} -a prod"
        assert "breaks on arrival" in finding.why


def test_of_many_config_vars_some_are_named_and_all_are_told() -> None:
    names = [f"KEY_{number:02}" for number in range(13)]
    finding = found(
        "config_vars",
        replace(STAGING, config_vars=frozenset(names)),
        replace(PROD, config_vars=frozenset()),
    )
    assert finding.message.endswith("KEY_08, KEY_09 and 3 more.")
    assert finding.mend.count("=…") == 10
    assert finding.facts == {"missing": names}


def test_a_name_is_no_command() -> None:
    finding = found("config_vars", replace(STAGING, config_vars=frozenset({"A;reboot"})), PROD)
    assert finding.mend == "heroku config:set 'A;reboot'=… -a prod"


@pytest.mark.parametrize("aspect", ["buildpacks", "config_vars"])
@pytest.mark.parametrize(
    "unread", [(NO_SCOPE, None), (None, NO_SCOPE), (NO_SCOPE, Unread("Too late."))]
)
def test_what_cannot_be_read_is_unknown_and_no_fault(
    aspect: str, unread: tuple[Unread | None, Unread | None]
) -> None:
    gaps: list[dict[str, Any]] = [{aspect: gap} if gap is not None else {} for gap in unread]
    sides = [replace(side, **gap) for side, gap in zip((STAGING, PROD), gaps, strict=True)]
    finding = found(aspect, sides[0], sides[1])
    assert (finding.state, finding.message) == (State.UNKNOWN, "Heroku refused.")
    assert finding.mend == "heroku authorizations:create"
    assert is_sound(compare(sides[0], sides[1]))


def test_a_target_that_somebody_set_to_the_stack_takes_it() -> None:
    finding = found("stack", app(STAGING, stack="heroku-26"), app(PROD, build_stack="heroku-26"))
    assert finding.state is State.OK
    assert finding.message == "prod runs heroku-24, and is set to heroku-26."


@pytest.mark.parametrize(
    ("source", "target", "who"),
    [
        (app(STAGING, stack=None), PROD, "staging"),
        (STAGING, app(PROD, stack=None), "prod"),
    ],
)
def test_a_stack_that_nobody_knows_is_unknown(source: Traits, target: Traits, who: str) -> None:
    finding = found("stack", source, target)
    assert (finding.state, finding.message) == (
        State.UNKNOWN,
        f"The stack of {who} is not known.",
    )


NAMES = st.frozensets(st.text(min_size=1))


@given(NAMES, NAMES)
def test_a_target_that_has_all_and_more_lacks_nothing(
    ours: frozenset[str], more: frozenset[str]
) -> None:
    source = replace(STAGING, config_vars=ours)
    finding = found("config_vars", source, replace(PROD, config_vars=ours | more))
    assert finding.state is State.OK
