"""What each gate says: one candidate is ready, and each row names the one difference."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from listener.core import app
from listener.core.app import App
from listener.core.gates.always import match, order, source
from listener.core.gates.base import Candidate, Error, Gate, Pass, Reject, Verdict, Wait, evaluate
from listener.core.gates.registry import ALWAYS, OF_ROLLBACK
from listener.core.promotion import Status
from listener.core.release import History, Release
from listener.core.rule import OnNewer
from tests.core.candidates import (
    A40,
    BACK,
    PROD,
    READY,
    STAGING,
    V42,
    Change,
    prod,
    staging,
    without_facts,
)
from tests.core.releases import ANA, NOON, log, release

SUPERSEDED = Status.SUPERSEDED
STANDS = Pass("staging v42 succeeded and staging stands by it.")


def upstream(status: str) -> Change:
    """A promotion of ours put the release on staging, and stands so."""
    return {"upstream": Status(status)}


def test_a_ready_candidate_goes() -> None:
    evaluation = evaluate(READY, NOON, ALWAYS)
    assert evaluation.objection is None
    assert list(evaluation.by_name) == [
        "source",
        "match",
        "order",
        "target",
        "hold",
    ]


def lagging(current: Release) -> Change:
    """Staging's list shows the candidate, and an older release as the one that runs."""
    return {"source_history": History([replace(current, is_current=True), V42])}


KEEP: Change = {"on_newer": OnNewer.KEEP}
BY_HAND: Change = {"is_by_hand": True, "may_return": True}
OVERTAKEN = Reject("staging runs newer code than v42 by now, in v43.", SUPERSEDED)
UNTOLD = Error(
    "staging v42 succeeded, but Heroku shows v40 as what runs: what is right cannot be told yet."
)
ROLLED_BACK = Reject(
    f"staging was rolled back by {ANA} in v43 to the code of v40, older than v42.", SUPERSEDED
)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, STANDS),
        (staging(release_=release(42, None)), Reject("staging v42 has no slug.")),
        (
            staging(release_=release(42, "B", "expired")),
            Reject("staging v42 has expired: its slug is gone."),
        ),
        (
            staging(release_=release(42, "B", "pending")),
            Wait("The release phase of staging v42 is running."),
        ),
        (staging(release_=release(42, "B", "failed")), Reject("staging v42 is failed.")),
        (
            staging(release_=release(42, "B", "queued")),
            Error("staging v42 is queued, whatever that means."),
        ),
        (upstream("succeeded"), STANDS),
        (upstream("waiting"), Wait("Our own promotion onto staging is waiting.")),
        (upstream("posting"), Wait("Our own promotion onto staging is posting.")),
        (upstream("releasing"), Wait("Our own promotion onto staging is releasing.")),
        (upstream("verifying"), Wait("Our own promotion onto staging is verifying.")),
        (upstream("rolling_back"), Wait("Our own promotion onto staging is rolling_back.")),
        (upstream("failed"), Reject("Our own promotion onto staging failed.")),
        (upstream("errored"), Reject("Our own promotion onto staging errored.")),
        (upstream("rolled_back"), Reject("Our own promotion onto staging rolled_back.")),
        (staging(release(43, "B", words="Set FOO config vars")), STANDS),
        (staging(release(43, "C", "pending")), STANDS),
        (staging(release(43, "C", "failed")), STANDS),
        (staging(release(43, "C")), OVERTAKEN),
        (staging(release(43, "C")) | KEEP, STANDS),
        # `current` lags behind: an older release, or the code of before, ends nothing.
        (lagging(A40), UNTOLD),
        (lagging(A40) | KEEP, STANDS),
        (lagging(A40) | BY_HAND, STANDS),
        (lagging(release(41, "Y")), replace(UNTOLD, message=UNTOLD.message.replace("40", "41"))),
        (staging(release(43, "C")) | BY_HAND, STANDS),
        (staging(release(43, "A")), ROLLED_BACK),
        (staging(release(43, "A")) | KEEP, ROLLED_BACK),
        (staging(release(43, "A")) | BY_HAND, ROLLED_BACK),
        (staging(release(43, "A"), release(44, "C")) | KEEP, ROLLED_BACK),
        (staging(release(43, "A"), release(44, "A", author="bob")) | KEEP, ROLLED_BACK),
        (
            staging(release(43, "A", author=None)) | KEEP,
            replace(ROLLED_BACK, message=ROLLED_BACK.message.replace(f" by {ANA}", "")),
        ),
        (staging(release(43, "A", "failed")), STANDS),
        (
            {"source_history": History([A40, replace(V42, is_current=True), release(43, "A")])},
            Error(
                "staging runs v42's code, though v43 came later with older code:"
                " what is right cannot be told yet."
            ),
        ),
        ({"source_history": History([A40, V42])}, Error("staging shows no current release.")),
        (
            {"source_history": History([A40, V42])} | KEEP,
            Error("staging shows no current release."),
        ),
    ],
)
def test_source(change: Change, verdict: Verdict) -> None:
    assert without_facts(source(replace(READY, **change), NOON)) == verdict


FIR: Change = {"generation": "fir"}


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, Pass("Both run heroku-24.")),
        ({"is_allowed": False}, Reject("AUTOPROMOTE_APPS does not name both apps.")),
        (
            {"source": replace(STAGING, is_container=True)},
            Reject(app.container("staging")),
        ),
        (
            {"target": replace(PROD, is_container=True)},
            Reject(app.container("prod")),
        ),
        (
            {"target": replace(PROD, **FIR)},
            Reject("staging is of generation cedar, prod of fir."),
        ),
        (
            {
                "source": replace(STAGING, **FIR),
                "target": replace(PROD, **FIR),
                "release": replace(V42, artifact_type="oci-image"),
            },
            Reject("staging v42 has no slug."),
        ),
        (
            {"slug_stack": "heroku-22"},
            Wait(
                "The slug is built for heroku-22, prod runs heroku-24."
                " Run `heroku stack:set heroku-22 -a prod` or rebuild."
            ),
        ),
        (
            {"slug_stack": "heroku-26", "target": replace(PROD, build_stack="heroku-26")},
            Pass("The slug is built for heroku-26, prod runs heroku-24 and is set to heroku-26."),
        ),
        (
            {"slug_stack": "heroku-22", "target": replace(PROD, build_stack="heroku-26")},
            Wait(
                "The slug is built for heroku-22, prod runs heroku-24."
                " Run `heroku stack:set heroku-22 -a prod` or rebuild."
            ),
        ),
        ({"source": App("s", "staging", "heroku-26")}, Pass("Both run heroku-24.")),
        ({"slug_stack": None}, Pass("Both run heroku-24.")),
        (
            {"slug_stack": None, "source": App("s", "staging")},
            Error("The stack of the slug is not known."),
        ),
        ({"target": App("t", "prod")}, Error("The stack of prod is not known.")),
        (
            {"target": App("t", "prod"), "source": App("s", "staging"), "slug_stack": None},
            Error("The stack of the slug is not known."),
        ),
    ],
)
def test_match(change: Change, verdict: Verdict) -> None:
    assert without_facts(match(replace(READY, **change), NOON)) == verdict


NEWER = Pass("staging v42 is newer than what prod runs.")
HOTFIXED = Pass("prod runs v11, which staging never ran.")
C43 = release(43, "C")
THEIRS = Reject("prod already runs staging v43, which is newer.", SUPERSEDED)
LEFT = Reject(
    "prod ran this slug in v11 and left it."
    " Only a person's `autopromote promote -a staging --to prod --release v42` brings it back."
)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, NEWER),
        (prod(release(11, "B")), Pass("prod runs this very slug.")),
        (prod(release(11, "B", "failed")), NEWER),
        (prod(release(11, "B", "pending")), NEWER),
        (prod(release(11, "X")), HOTFIXED),
        ({"target_history": log(release(2, None))}, Pass("prod runs no code yet.")),
        (staging(C43) | prod(release(11, "C")), THEIRS),
        (staging(C43) | prod(release(11, "C")) | BY_HAND, THEIRS),
        (staging(C43) | prod(release(11, "C")) | KEEP, THEIRS),
        (staging(C43) | prod(release(11, "C", "failed")), NEWER),
        (prod(release(11, "B"), release(12, "A")), LEFT),
        (prod(release(11, "B", "expired"), release(12, "A")), LEFT),
        (prod(release(11, "B"), release(12, "X")), LEFT),
        (prod(release(11, "B"), release(12, "A")) | BY_HAND, NEWER),
        (prod(release(11, "B", "failed"), release(12, "A")), NEWER),
        (
            prod(release(11, "B"), release(12, "A"), release(13, "B")),
            Pass("prod runs this very slug."),
        ),
        (
            staging(C43) | prod(release(11, "C"), release(12, "X")),
            Reject("prod ran staging v43 before, which is newer.", SUPERSEDED),
        ),
        (
            staging(C43) | prod(release(11, "C"), release(12, "X")) | BY_HAND,
            Pass("prod runs v12, which staging never ran."),
        ),
        (staging(C43) | prod(release(11, "C"), release(12, "A")), NEWER),
        ({"newer": 43}, Reject("staging v43 is newer and takes its place.", SUPERSEDED)),
        ({"newer": 43} | prod(release(11, "B")), Pass("prod runs this very slug.")),
        (
            {"source_history": log(A40)},
            Error("staging shows no release that ran this slug."),
        ),
    ],
)
def test_order(change: Change, verdict: Verdict) -> None:
    assert without_facts(order(replace(READY, **change), NOON)) == verdict


def test_what_can_never_pass_ends_as_rejected_unless_it_says_otherwise() -> None:
    expired = replace(READY, release=replace(V42, status="expired"))
    objection = evaluate(expired, NOON, ALWAYS).objection
    assert isinstance(objection, Reject)
    assert objection.status is Status.REJECTED


@pytest.mark.parametrize("gate", [*ALWAYS, *OF_ROLLBACK])
@pytest.mark.parametrize("candidate", [READY, replace(READY, **prod(release(11, "B"))), BACK])
def test_every_verdict_is_a_sentence_with_facts_to_write_down(
    gate: Gate, candidate: Candidate
) -> None:
    verdict = gate.check(candidate, NOON)
    assert verdict.message[0].isupper() or verdict.message.startswith(("staging", "prod"))
    assert json.loads(json.dumps(dict(verdict.facts))) == dict(verdict.facts)
