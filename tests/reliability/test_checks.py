"""Each check of a run, shown a record in which what it is there for went wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from reliability import checks
from reliability.people import SOURCES, TARGETS, Act
from reliability.truth import Hold, Made, Promotion, Truth

SOURCE, TARGET = "plain-staging", "plain-prod"
T0 = 1_000_000.0
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()


def _made(app: str, version: int, slug: str, **more: Any) -> Made:
    values: dict[str, Any] = {
        "status": "succeeded",
        "nonce": None,
        "stamp": f"2026-11-28T12:{version:02}:00Z",
        "at": None,
        "seen_at": None,
        "is_current": False,
    }
    return Made(app=app, version=version, slug=slug, **values | more)


def _ours(version: int, slug: str, nonce: str, **more: Any) -> Made:
    return _made(TARGET, version, slug, nonce=nonce, at=T0 + 60 * version, **more)


def _promotion(id: int, version: int, **more: Any) -> Promotion:
    values: dict[str, Any] = {
        "kind": "promote",
        "rule_id": 1,
        "source": SOURCE,
        "target": TARGET,
        "artifact": f"s{version}",
        "status": "succeeded",
        "reason": "",
        "target_version": version,
        "created_at": T0,
        "ended_at": NOON + 60 * version + 90,
    }
    return Promotion(id=id, version=version, **values | more)


def _truth(*target: Made, **more: Any) -> Truth:
    """Staging deployed s1 to s5; production ran s1, then what is given."""
    releases: dict[str, list[Made]] = {app: [] for app in (*SOURCES, *TARGETS)}
    releases[SOURCE] = [_made(SOURCE, number, f"s{number}") for number in range(1, 6)]
    releases[TARGET] = [_made(TARGET, 1, "s1"), *target]
    values: dict[str, Any] = {
        "promotions": [_promotion(1, 2)],
        "posts": {"n2": (1, "promote")},
        "holds": [],
        "baselines": {},
        "approved": set(),
        "delivered": set(),
        "kept": set(),
        "lag": 0.0,
    }
    return Truth(releases, **values | more)


def _act(kind: str, version: int | None, at: float, app: str = TARGET) -> Act:
    return Act(kind, app, at, at, version)


def _found(check: checks.Check, truth: Truth, *diary: Act) -> list[str]:
    return list(check(truth, list(diary)))


GOOD = _truth(_ours(2, "s2", "n2"), baselines={(1, TARGET): (SOURCE, 4)})


def test_where_all_is_well_nothing_is_found() -> None:
    known = replace(GOOD, promotions=[_promotion(1, 2), _promotion(2, 5, status="superseded")])
    held = replace(known, promotions=[_promotion(1, 2)], baselines={})

    assert checks.violations(held, []) == []


def test_a_delivery_that_was_acknowledged_and_is_gone() -> None:
    truth = replace(GOOD, delivered={"d1", "d2"}, kept={"d2", "d3"})

    assert _found(checks.deliveries_are_kept, truth) == [
        "delivery d1 was acknowledged and is not kept"
    ]


@pytest.mark.parametrize(
    ("nonce", "said"),
    [("n2", "the post n2 was released 2 times"), ("n3", "was never committed")],
)
def test_a_slug_that_was_released_twice(nonce: str, said: str) -> None:
    truth = _truth(_ours(2, "s2", "n2"), _ours(3, "s2", nonce))

    assert said in "\n".join(_found(checks.released_once, truth))


def test_a_promotion_that_went_twice_under_two_posts() -> None:
    posts = {"n2": (1, "promote"), "n3": (1, "promote")}
    truth = _truth(_ours(2, "s2", "n2"), _ours(3, "s2", "n3"), posts=posts)

    assert _found(checks.released_once, truth) == [f"{TARGET}: slug s2 was promoted 2 times"]


def test_older_code_over_newer() -> None:
    truth = _truth(_made(TARGET, 2, "s4"), _ours(3, "s3", "n2"))

    assert "went backwards" in "\n".join(_found(checks.never_backwards, truth))


def test_code_that_had_run_before() -> None:
    truth = _truth(_made(TARGET, 2, "hotfix"), _ours(3, "s1", "n2"))

    assert "which had run before" in "\n".join(_found(checks.never_backwards, truth))


HOTFIX = _made(TARGET, 2, "hotfix")
OVER = _truth(HOTFIX, _ours(3, "s3", "n2"), promotions=[_promotion(1, 3)])
PUT = Hold(1, TARGET, "detected", "Bo", T0 + 121, None)


def test_a_promotion_over_a_hotfix_that_nobody_let_go() -> None:
    assert "went over" in "\n".join(
        _found(checks.never_over_a_person, OVER, _act("hotfix", 2, T0 + 120))
    )


def test_a_lag_is_an_excuse_only_for_what_was_not_read_of() -> None:
    hotfix, hold = _act("hotfix", 2, T0 + 140), replace(PUT, created_at=T0 + 190)
    lagging = replace(OVER, lag=59.0, holds=[hold])
    read = {TARGET: [replace(each, seen_at=T0 + 150) for each in OVER.releases[TARGET]]}
    known = replace(lagging, releases=lagging.releases | read)

    assert _found(checks.never_over_a_person, lagging, hotfix) == []
    assert len(_found(checks.never_over_a_person, replace(lagging, holds=[]), hotfix)) == 1
    assert len(_found(checks.never_over_a_person, known, hotfix)) == 1


def test_a_promotion_over_a_way_back_that_somebody_asked_for() -> None:
    truth = _truth(
        _ours(2, "s2", "n2"),
        _ours(3, "s1", "n3"),
        _ours(4, "s4", "n4"),
        promotions=[_promotion(1, 2), _promotion(2, 2, kind="rollback"), _promotion(3, 4)],
        posts={"n2": (1, "promote"), "n3": (2, "rollback"), "n4": (3, "promote")},
    )

    assert "went over" in "\n".join(_found(checks.never_over_a_person, truth))


def test_a_hotfix_that_was_let_go_is_no_obstacle_to_newer_code() -> None:
    diary = (_act("hotfix", 2, T0 + 120), _act("release", None, T0 + 150))

    assert _found(checks.never_over_a_person, OVER, *diary) == []


def test_a_hotfix_in_the_last_seconds_has_to_be_told_of() -> None:
    hotfix = _act("hotfix", 2, T0 + 179)

    assert "no hold says so" in "\n".join(_found(checks.never_over_a_person, OVER, hotfix))
    told = replace(OVER, holds=[replace(PUT, created_at=T0 + 181)])
    assert _found(checks.never_over_a_person, told, hotfix) == []


def test_older_code_than_a_hotfix_without_a_word() -> None:
    truth = _truth(HOTFIX, _ours(3, "s2", "n2"), promotions=[_promotion(1, 2)])
    diary = (_act("hotfix", 2, T0 + 120), _act("release", None, T0 + 150))

    assert "nobody gave a word" in "\n".join(_found(checks.never_over_a_person, truth, *diary))
    assert _found(checks.never_over_a_person, replace(truth, approved={1}), *diary) == []


def test_a_deploy_that_was_lost() -> None:
    assert _found(checks.no_deploy_is_lost, GOOD) == [
        "plain-staging v5 has no promotion to plain-prod"
    ]


@pytest.mark.parametrize(
    "status",
    ["succeeded", "skipped", "rejected", "waiting", "posting", "failed", "errored", "cancelled"],
)
def test_a_promotion_that_ended_for_a_reason_that_is_not_so(status: str) -> None:
    truth = _truth(promotions=[_promotion(1, 3, status=status)])

    assert len(_found(checks.all_ended_truly, truth)) == 1


@pytest.mark.parametrize(
    ("version", "ended_at", "wrong"),
    [
        (5, NOON + 900, 1),  # there is nothing newer
        (4, NOON + 240, 1),  # there was not yet
        (4, NOON + 900, 0),
    ],
)
def test_a_promotion_gives_way_to_what_is_there(version: int, ended_at: float, wrong: int) -> None:
    promotion = _promotion(1, version, status="superseded", ended_at=ended_at)

    assert len(_found(checks.all_ended_truly, _truth(promotions=[promotion]))) == wrong


def test_where_each_goes_in_its_turn_a_newer_one_is_no_reason() -> None:
    source, target = "each-staging", "each-prod"
    truth = _truth()
    truth.releases[source] = [_made(source, number, f"s{number}") for number in range(1, 4)]
    promotion = _promotion(
        1, 2, source=source, target=target, status="superseded", ended_at=NOON + 900
    )
    gone = replace(truth, promotions=[promotion])

    assert len(_found(checks.all_ended_truly, gone)) == 1
    gone.releases[target] = [_made(target, 1, "s3")]
    assert _found(checks.all_ended_truly, gone) == []


def test_a_hold_that_nobody_moved() -> None:
    truth = replace(GOOD, holds=[PUT])

    assert "names nobody who moved it" in "\n".join(_found(checks.no_hold_is_false, truth))
    assert _found(checks.no_hold_is_false, truth, _act("hotfix", 2, T0 + 120)) == []


def test_a_hold_of_a_move_that_was_let_go() -> None:
    first = replace(PUT, released_at=T0 + 150)
    again = replace(PUT, id=2, created_at=T0 + 200)
    truth = replace(GOOD, holds=[first, again])

    assert len(_found(checks.no_hold_is_false, truth, _act("hotfix", 2, T0 + 120))) == 1


def test_a_hold_of_a_move_that_heroku_showed_after_the_last_one_was_released() -> None:
    """The release explained an older list, which did not have the hotfix yet."""
    first = replace(PUT, released_at=T0 + 150)
    again = replace(PUT, id=2, created_at=T0 + 200)
    truth = replace(GOOD, holds=[first, again], lag=59.0)

    assert _found(checks.no_hold_is_false, truth, _act("hotfix", 2, T0 + 120)) == []
    assert len(_found(checks.no_hold_is_false, truth, _act("hotfix", 2, T0 + 80))) == 1


@pytest.mark.parametrize("status", ["cancelled", "failed"])
def test_a_rollback_gives_way_to_somebody_else_alone(status: str) -> None:
    asked = {"kind": "rollback", "status": status, "created_at": NOON + 100}
    promotion = _promotion(1, 3, **asked)

    nobody = _truth(promotions=[promotion])
    assert len(_found(checks.all_ended_truly, nobody)) == 1
    assert _found(checks.all_ended_truly, _truth(HOTFIX, promotions=[promotion])) == []


def test_the_hold_of_a_rollback_that_gave_way_says_why() -> None:
    """The post was in doubt for a minute, and the hold of the hotfix had been released by then."""
    asked = {"kind": "rollback", "status": "failed", "created_at": NOON + 100}
    promotion = _promotion(1, 3, **asked)
    hold = replace(PUT, kind="guard", app=promotion.target, reason=promotion.reason)

    gave_way = replace(_truth(HOTFIX, promotions=[promotion]), holds=[hold])
    assert _found(checks.no_hold_is_false, gave_way) == []
    another = replace(gave_way, holds=[replace(hold, reason="The target runs something else.")])
    assert len(_found(checks.no_hold_is_false, another)) == 1
    alone = replace(_truth(promotions=[promotion]), holds=[hold])
    assert len(_found(checks.no_hold_is_false, alone)) == 1
