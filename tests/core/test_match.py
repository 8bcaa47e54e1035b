"""What a pipeline promotion needs of its two apps, and what keeps an artifact from going."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from listener.core import app
from listener.core.app import App
from listener.core.gates.always import GONE_FOR, match
from listener.core.gates.base import Candidate, Error, Pass, Reject, Verdict, Wait, evaluate
from listener.core.gates.registry import OF_ROLLBACK
from listener.core.rule import Strategy, strategy_of
from tests.core.candidates import BACK, PROD, READY, STAGING, V42, Change, without_facts
from tests.core.releases import NOON, log, release

IMAGE: Change = {"release": replace(V42, artifact_type="oci-image"), "slug_stack": None}
# Two Fir apps in one pipeline.
FIR = replace(
    READY,
    source=App("s", "staging", "cnb", "fir"),
    target=App("t", "prod", "cnb", "fir"),
    strategy=Strategy.PIPELINE,
    pipelines=("shop", "shop"),
    **IMAGE,
)
BY_PIPELINE = replace(READY, strategy=Strategy.PIPELINE, pipelines=("shop", "shop"))
BRINGS = Pass("The image brings its stack with it.")
# One answer that an app is in no pipeline ends nothing; two of them, two minutes apart, do.
SAID_BEFORE: Change = {"gone_since": NOON - GONE_FOR}
APART = "and a pipeline promotion stays within one pipeline. Run"


def target(**facts: Any) -> Change:
    return {"target": replace(FIR.target, **facts)}


@pytest.mark.parametrize(
    ("ready", "change", "verdict"),
    [
        (BY_PIPELINE, {}, Pass("Both run heroku-24.")),
        (FIR, {}, BRINGS),
        (FIR, target(stack=None), BRINGS),
        (FIR, {"source": replace(FIR.source, stack=None)}, BRINGS),
        (
            FIR,
            target(stack="cnb-2"),
            Wait("staging runs cnb, prod cnb-2. Have prod built for the same stack."),
        ),
        (
            FIR,
            target(generation="cedar"),
            Reject("staging is of generation fir, prod of cedar."),
        ),
        (FIR, {"strategy": Strategy.SLUG}, Reject("staging v42 has no slug.")),
        (
            FIR,
            {"release": replace(V42, artifact_type="odd")},
            Reject("staging v42 has neither a slug nor an image that can be promoted."),
        ),
        (
            BY_PIPELINE,
            {"pipelines": ("shop", None)} | SAID_BEFORE,
            Reject(
                f"prod is in no pipeline, {APART}"
                " `heroku pipelines:add shop -a prod -s production`."
            ),
        ),
        (
            FIR,
            {"pipelines": (None, "shop")} | SAID_BEFORE,
            Reject(
                f"staging is in no pipeline, {APART}"
                " `heroku pipelines:add shop -a staging -s staging`."
            ),
        ),
        (
            FIR,
            {"pipelines": (None, None)} | SAID_BEFORE,
            Reject(
                f"Neither staging nor prod is in a pipeline, {APART}"
                " `heroku pipelines:create -a staging -s staging`,"
                " then `heroku pipelines:add PIPELINE -a prod -s production`."
            ),
        ),
        (
            FIR,
            {"pipelines": ("shop", "other")},
            Reject(
                f"staging and prod are in different pipelines, {APART}"
                " `heroku pipelines:remove -a prod`,"
                " then `heroku pipelines:add shop -a prod -s production`."
            ),
        ),
        (
            BY_PIPELINE,
            {"slug_stack": "heroku-22"},
            Wait(
                "The slug is built for heroku-22, prod runs heroku-24."
                " Run `heroku stack:set heroku-22 -a prod` or rebuild."
            ),
        ),
        (FIR, {"is_allowed": False}, Reject("AUTOPROMOTE_APPS does not name both apps.")),
        (
            BY_PIPELINE,
            {"source": replace(STAGING, is_container=True)},
            Reject(app.container("staging")),
        ),
    ],
)
def test_match(ready: Candidate, change: Change, verdict: Verdict) -> None:
    assert without_facts(match(replace(ready, **change), NOON)) == verdict


@pytest.mark.parametrize("places", [("shop", None), (None, "shop"), (None, None)])
def test_one_answer_that_an_app_is_in_no_pipeline_ends_nothing(
    places: tuple[str | None, str | None],
) -> None:
    only_now = replace(BY_PIPELINE, pipelines=places, gone_since=NOON - GONE_FOR / 2)
    for candidate in (replace(only_now, gone_since=None), only_now):
        assert isinstance(match(candidate, NOON), Error)


def test_strategy_slug_asks_for_no_pipeline() -> None:
    assert isinstance(match(replace(READY, pipelines=("shop", None)), NOON), Pass)


def test_a_rollback_of_an_image_stays_within_its_app_and_needs_no_pipeline() -> None:
    ran = replace(release(9, "Z"), artifact_type="oci-image")
    fir = App(PROD.id, PROD.name, "cnb", "fir")
    back = replace(BACK, release=ran, source=fir, target=fir, strategy=Strategy.PIPELINE)
    assert evaluate(replace(back, source_history=log(ran)), NOON, OF_ROLLBACK).objection is None


def test_a_container_app_is_told_what_to_do_instead() -> None:
    words = app.container("acme-box")
    assert words.startswith("acme-box is a container app: its images cannot be promoted")
    assert "heroku/roadmap #222" in words
    assert "`heroku container:release`" in words


@pytest.mark.parametrize(
    ("wished", "generation", "strategy"),
    [
        (Strategy.SLUG, "cedar", Strategy.SLUG),
        (Strategy.PIPELINE, "cedar", Strategy.PIPELINE),
        (Strategy.SLUG, "fir", Strategy.PIPELINE),
        (Strategy.PIPELINE, "fir", Strategy.PIPELINE),
        (Strategy.SLUG, "oak", Strategy.SLUG),
    ],
)
def test_fir_goes_by_pipeline_whatever_is_wished(
    wished: Strategy, generation: str, strategy: Strategy
) -> None:
    assert strategy_of(wished, generation) is strategy
