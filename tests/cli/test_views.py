"""What is known is shown in one layout; what is not known leaves no gap.

Where a time stands, these have a word instead: a time is shown with how long ago it was.
"""

from __future__ import annotations

from typing import Any, cast

import pytest

from autopromote.commands.explain import show_explanation
from autopromote.commands.promotions.outcome import show_ends
from autopromote.commands.promotions.view import origin, show_line, show_promotion, verified
from autopromote.commands.rules.trial_view import change_line, fared_line, show_trial
from autopromote.commands.rules.view import asked, conditions_line, strategy_line
from autopromote.commands.webhooks.view import secret_line
from autopromote.options import warn_if_cut
from autopromote.renaming import renamed
from autopromote.resources import (
    Delivery,
    ExplainedRelease,
    Explanation,
    Forecast,
    PromotionInFull,
    Ref,
    Rule,
    Secret,
    Verification,
)
from tests.cli.answers import full
from tests.cli.program import barred

BARE = full(
    PromotionInFull,
    {
        "id": "42",
        "status": "waiting",
        "reason": None,
        "due_at": None,
        "rule": None,
        "by_hand": True,
        "source": {
            "app": {"id": "a", "name": "example-app-staging"},
            "release": {"id": "r", "version": 42},
            "slug": {"id": "", "commit": None},
        },
        "target": {"app": {"id": "b", "name": "example-app"}, "release": None},
        "gates": [],
        "created_at": "yesterday",
        "updated_at": "today",
    },
)
FULL: Any = full(
    PromotionInFull,
    {
        **BARE,
        "status": "succeeded",
        "reason": "released as v52\nby us",
        "due_at": "soon",
        "rule": {"id": "1", "name": "ship"},
        "created_by": "ana@example.com",
        "found_by": "webhook",
        "ended_at": "now",
        "approvals": {
            "needed": 2,
            "given": [
                {"by": "bo@example.com", "approved": True},
                {"by": "cy@example.com", "approved": False, "reason": "not\ntoday"},
            ],
        },
        "override": {"gates": ["soak", "window"], "by": "ana@example.com", "reason": "a leak"},
        "source": {**BARE["source"], "slug": {"id": "s", "commit": "c0ffee"}},
        "target": {**BARE["target"], "release": {"id": "x", "version": 52}},
        "gates": [
            {"name": "source", "verdict": "pass", "message": "v42 succeeded"},
            {"name": "hold", "verdict": "reject", "message": "on hold \x1b[2Jby Ana"},
            {"name": "soak", "verdict": "wait", "message": "It soaks.", "until": "noon"},
            {"name": "heroku", "verdict": "error", "message": ""},
            {"name": "new", "verdict": "unheard of", "message": "?"},
        ],
        "verification": {
            "urls": ["https://prod.example.com/healthz"],
            "good": 4,
            "asked": 5,
            "of": 30,
            "in_a_row": 1,
            "last_bad": "https://prod.example.com/healthz answered 503",
            "on_failure": "rollback",
            "outcome": None,
            "until": "noon",
        },
        "timeline": [{"at": "noon", "event": "posted", "message": "sent\nonce"}],
    },
)
DELIVERY = full(
    Delivery, {"id": "9", "received_at": "noon", "action": "create", "outcome": "decided"}
)


def test_of_a_new_promotion_only_what_is_known_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show_promotion(BARE)
    assert capsys.readouterr().out == (
        "=== Promotion 42\n"
        "\n"
        "Status:   waiting\n"
        "Release:  ⬢ example-app-staging v42\n"
        "Target:   ⬢ example-app\n"
        "Rule:     by hand\n"
        "Created:  yesterday\n"
    )


def test_a_rule_that_is_hidden_is_no_person() -> None:
    by_a_rule: PromotionInFull = {**BARE, "by_hand": False}
    assert origin(by_a_rule) == "a rule that you may not see"


def test_of_an_old_promotion_everything_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show_promotion(FULL)
    assert capsys.readouterr().out == (
        "=== Promotion 42\n"
        "\n"
        "Status:          succeeded\n"
        "Reason:          released as v52\n"
        "                 by us\n"
        "Looked at next:  soon\n"
        "Release:         ⬢ example-app-staging v42\n"
        "Slug:            s\n"
        "Commit:          c0ffee\n"
        "Target:          ⬢ example-app v52\n"
        "Verified:        4 of 5 answers were good, the last 1 in a row, the last bad one:"
        " https://prod.example.com/healthz answered 503; 30 in all until noon,"
        " then rollback if bad\n"
        "Rule:            ship, ana@example.com\n"
        "Found by:        webhook\n"
        "Approvals:       1 of 2\n"
        "                 approved by bo@example.com\n"
        "                 rejected by cy@example.com: not today\n"
        "Set aside:       soak, window by ana@example.com: a leak\n"
        "Created:         yesterday\n"
        "Ended:           now\n"
        "\n"
        "=== Gates\n"
        "\n"
        "✓ source  v42 succeeded\n"
        "✗ hold    on hold by Ana\n"
        "◷ soak    It soaks. Until noon.\n"
        "! heroku  error\n"
        "? new     ?\n"
        "\n"
        "=== Timeline\n"
        "\n"
        "noon sent once\n"
    )


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({}, None),
        ({"strategy": "slug"}, "slug"),
        ({"strategy": "pipeline", "strategy_note": None}, "pipeline"),
        ({"strategy": "pipeline", "strategy_note": "for it is Fir"}, "pipeline (for it is Fir)"),
    ],
)
def test_a_strategy_says_why_it_is_another_than_asked_for(
    said: dict[str, str], line: str | None
) -> None:
    assert strategy_line(cast(Rule, said)) == line


def test_an_app_named_in_an_address_stays_there() -> None:
    said = "example-app is well: https://example-app.example.com/up answered 200."
    words = {"example-app": "target"}
    wanted = "Target is well: https://example-app.example.com/up answered 200."
    assert renamed(said, words) == wanted


def test_a_line_ends_with_status_and_reason(capsys: pytest.CaptureFixture[str]) -> None:
    show_line(BARE)
    show_line(FULL)
    show_line(FULL | {"kind": "rollback"})
    show_ends([BARE, FULL], [], as_json=False)
    assert capsys.readouterr().out == (
        "Promotion 42 of ⬢ example-app-staging v42 to ⬢ example-app: waiting\n"
        "Promotion 42 of ⬢ example-app-staging v42 to ⬢ example-app v52: succeeded"
        " (released as v52 by us)\n"
        "Rollback 42 of ⬢ example-app v52: succeeded (released as v52 by us)\n"
        "⬢ example-app: waiting\n"
        "⬢ example-app v52: succeeded (released as v52 by us)\n"
    )


def test_an_explanation_of_little_is_short(capsys: pytest.CaptureFixture[str]) -> None:
    explanation = full(
        Explanation,
        {
            "app": {"id": "a", "name": "example-app-staging"},
            "release": {"id": "r", "version": 42},
            "summary": "No rule promotes from it.",
        },
    )
    show_explanation(explanation)
    assert capsys.readouterr().out == (
        "=== ⬢ example-app-staging v42\n\nSummary:  No rule promotes from it.\n"
    )


def test_an_explanation_says_what_each_rule_and_gate_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    explanation = full(
        Explanation,
        {
            "app": {"id": "a", "name": "example-app-staging"},
            "release": {
                "id": "r",
                "version": 42,
                "kind": "deploy",
                "status": "succeeded",
                "slug": {"id": "s", "commit": "c0ffee"},
                "description": "Deploy c0ffee",
                "created_at": "noon",
            },
            "summary": "It waits.",
            "deliveries": [DELIVERY, {"id": "10", "received_at": "noon"}],
            "promotions": [
                {
                    **BARE,
                    "due_at": "soon",
                    "earliest_at": "tomorrow",
                    "gates": [{**FULL["gates"][0], "facts": {"version": 42, "rolled_back": None}}],
                }
            ],
            "rules": [
                {
                    "rule": {"id": "1", "name": "ship"},
                    "target": {"id": "b", "name": "example-app"},
                    "says": "waiting",
                }
            ],
        },
    )
    show_explanation(explanation)
    assert capsys.readouterr().out == (
        "=== ⬢ example-app-staging v42\n"
        "\n"
        "Summary:      It waits.\n"
        "Kind:         deploy\n"
        "Status:       succeeded\n"
        "Description:  Deploy c0ffee\n"
        "Slug:         s\n"
        "Commit:       c0ffee\n"
        "Created:      noon\n"
        "\n"
        "=== Rules\n"
        "\n"
        "ship to ⬢ example-app: waiting\n"
        "\n"
        "=== Promotion 42 of ⬢ example-app-staging v42 to ⬢ example-app: waiting\n"
        "\n"
        "✓ source  v42 succeeded\n"
        "          version example-app-staging v42, rolled back unknown\n"
        "Looked at next: soon\n"
        "Earliest: tomorrow\n"
        "\n"
        "=== Deliveries\n"
        "\n"
        "noon create: decided\n"
        "noon event: not decided yet\n"
    )


FATE = full(Forecast, {"status": "shadowed", "message": "It would have gone.", "at": "noon"})


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (FATE, {**FATE, "has_waited": True}, "went at once → would go noon"),
        (FATE, {**FATE, "unanswered": ["approvals"]}, "went at once → would go at once, asking"),
        (FATE, {**FATE, "status": "waiting"}, "went at once → would wait until noon"),
        (
            {**FATE, "status": "waiting", "at": None, "message": "On hold."},
            {**FATE, "status": "rejected", "message": "No."},
            "waits (On hold.) → would be rejected (No.)",
        ),
        (None, {**FATE, "status": None}, "v42 to example-app: would be nothing to promote"),
        (FATE, None, "went at once → would not go there"),
    ],
)
def test_how_a_release_would_fare_is_one_line(
    before: Forecast | None, after: Forecast | None, line: str
) -> None:
    release = full(ExplainedRelease, {"id": "r", "version": 42})
    target: Ref = {"id": "b", "name": "example-app"}
    shown = fared_line(
        {"release": release, "target": target, "differs": True, "before": before, "after": after}
    )
    assert shown.startswith("v42 to example-app: ")
    assert line in shown


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (None, "2h", "it: not asked for → 2h"),
        (["a", "b"], None, "it: a, b → not asked for"),
        (True, False, "it: true → false"),
        (1, 2, "it: 1 → 2"),
    ],
)
def test_a_change_is_one_line(before: object, after: object, line: str) -> None:
    assert change_line({"field": "it", "before": before, "after": after}) == line


def test_a_trial_that_changes_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show_trial({"rule": {"id": "1", "name": "ship"}, "changes": [], "results": [], "message": "0."})
    assert capsys.readouterr() == (
        "=== ship\n\nNothing would change.\n\n=== 0\n\n",
        "Nothing was saved.\n",
    )


@pytest.mark.parametrize(
    ("secret", "line"),
    [
        ({"state": "current"}, "current, not proved by a delivery yet"),
        ({"state": "current", "proved_at": "noon"}, "current, proved by a delivery"),
        (
            {"state": "previous", "proved_at": "noon", "valid_until": "friday"},
            "previous, valid until friday",
        ),
    ],
)
def test_a_secret_shows_its_state_and_not_itself(secret: Secret, line: str) -> None:
    assert secret_line(secret) == line


@pytest.mark.parametrize(
    ("shown", "num", "warning"),
    [
        (100, None, barred("Warning: Only showing the 100 newest rules. Say --num for more.")),
        (99, None, ""),
        (100, 100, ""),
    ],
)
def test_a_list_that_may_be_cut_says_so(
    capsys: pytest.CaptureFixture[str], shown: int, num: int | None, warning: str
) -> None:
    warn_if_cut(range(shown), num, "rules")
    assert capsys.readouterr() == ("", warning)


def test_a_verification_that_is_decided_says_how_it_went() -> None:
    known = FULL["verification"]
    assert known is not None
    seen = full(Verification, {**known, "until": None, "last_bad": None, "good": 5})
    assert verified(FULL | {"verification": seen}) == (
        "5 of 5 answers were good, the last 1 in a row"
    )
    begun = full(Verification, {**seen, "good": 0, "asked": 0})
    assert verified(FULL | {"verification": begun}) == "0 of 0 answers were good"
    assert verified(BARE) is None


def test_a_pair_of_flags_is_shown_as_it_was_typed() -> None:
    def shown(**fields: object) -> list[tuple[str, str]]:
        return asked(cast("Rule", fields))

    assert shown(self_approval=True, github_checks=False, commit_status=None) == []
    assert shown(self_approval=False, github_checks=True) == [
        ("--no-self-approval", "yes"),
        ("--checks", "yes"),
    ]
    assert conditions_line(cast("Rule", {"github_checks": True, "soak": "1h"})) == "soak 1h, checks"
