"""How a diff and the doctor's findings look: in the Heroku manner, harmless, without gaps."""

from __future__ import annotations

import pytest

from autopromote.commands.diff import processes, release_line, show_diff, span
from autopromote.commands.doctor import summary
from autopromote.commands.findings.view import show_finding
from autopromote.resources import Change, ComparedRelease, Diff, Finding
from tests.cli.answers import full

BARE = full(
    Finding,
    {
        "name": "hold",
        "state": "ok",
        "message": "No hold is in force.",
        "why": None,
        "mend": None,
    },
)
FULL = full(
    Finding,
    {
        **BARE,
        "name": "stack",
        "state": "broken",
        "rule": "ship",
        "message": "staging is built for \x1b[31mheroku-26.",
        "why": "Every promotion\nis rejected.",
        "mend": "heroku stack:set heroku-26 -a example-app",
    },
)
RELEASE = full(
    ComparedRelease,
    {
        "id": "r",
        "version": 42,
        "description": "Deploy c0ffee",
        "by": "ana@example.com",
        "created_at": "noon",
    },
)
CHANGE = full(
    Change,
    {
        "app": {"id": "b", "name": "example-app"},
        "release": {**RELEASE, "version": 12, "by": None},
        "slug": {"id": "s", "commit": "1a5f89db0000"},
        "relation": "newer",
        "message": "example-app runs example-app-staging v41; v42 brings 1 deploy.",
        "commits": {
            "from": "1a5f89db0000",
            "to": "9b2c3d4e0000",
            "compare_url": "https://github.com/example/shop/compare/1a5f89db0000...9b2c3d4e0000",
        },
        "releases": [RELEASE],
        "process_types": {"added": ["worker"], "removed": []},
        "parity": [BARE, FULL],
    },
)
DIFF = full(
    Diff,
    {
        "source": {
            "app": {"id": "a", "name": "example-app-staging"},
            "release": RELEASE,
            "slug": {"id": "t", "commit": "9b2c3d4e0000"},
        },
        "targets": [CHANGE],
    },
)
NOTHING = full(
    Change,
    {
        **CHANGE,
        "app": {"id": "c", "name": "example-app-eu"},
        "release": None,
        "slug": None,
        "relation": "unrelated",
        "message": "example-app-eu runs no code yet.",
        "commits": {"from": None, "to": "9b2c3d4e0000", "compare_url": None},
        "releases": [],
        "process_types": None,
        "parity": [BARE],
    },
)


def test_a_finding_that_is_well_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_finding(BARE)
    assert capsys.readouterr().out == "✓ No hold is in force.\n"


def test_a_finding_that_is_not_says_why_and_what_mends_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_finding(FULL)
    assert capsys.readouterr().out == (
        "✗ staging is built for heroku-26. (rule ship)\n"
        "  Every promotion is rejected.\n"
        "  $ heroku stack:set heroku-26 -a example-app\n"
    )


@pytest.mark.parametrize(
    ("state", "sign"), [("warning", "!"), ("unknown", "?"), ("unheard of", "?")]
)
def test_a_sign_for_every_state(capsys: pytest.CaptureFixture[str], state: str, sign: str) -> None:
    show_finding({**BARE, "state": state})
    assert capsys.readouterr().out == f"{sign} No hold is in force.\n"


@pytest.mark.parametrize(
    ("states", "line"),
    [
        ([], "Everything is well."),
        (["ok", "ok"], "Everything is well."),
        (["broken", "warning", "ok"], "1 broken, 1 warning."),
        (["unknown", "warning", "warning"], "2 warnings, 1 unknown."),
    ],
)
def test_the_last_line_counts(states: list[str], line: str) -> None:
    assert summary([{**BARE, "state": state} for state in states]) == line


def test_a_diff_is_exactly_this(capsys: pytest.CaptureFixture[str]) -> None:
    show_diff({**DIFF, "targets": [CHANGE, NOTHING]})
    assert capsys.readouterr().out == (
        "=== ⬢ example-app-staging v42 to ⬢ example-app\n"
        "\n"
        "Summary:    example-app runs example-app-staging v41; v42 brings 1 deploy.\n"
        "Would run:  ⬢ example-app-staging v42 by ana@example.com, noon\n"
        "Runs now:   ⬢ example-app v12, noon\n"
        "Commits:    1a5f89db..9b2c3d4e\n"
        "Compare:    https://github.com/example/shop/compare/1a5f89db0000...9b2c3d4e0000\n"
        "Processes:  adds worker\n"
        "\n"
        "=== Deploys of ⬢ example-app-staging\n"
        "\n"
        "Version  By               Created  Description\n"
        "v42      ana@example.com  noon     Deploy c0ffee\n"
        "\n"
        "=== Differences\n"
        "\n"
        "✓ No hold is in force.\n"
        "✗ staging is built for heroku-26. (rule ship)\n"
        "  Every promotion is rejected.\n"
        "  $ heroku stack:set heroku-26 -a example-app\n"
        "\n"
        "=== ⬢ example-app-staging v42 to ⬢ example-app-eu\n"
        "\n"
        "Summary:    example-app-eu runs no code yet.\n"
        "Would run:  ⬢ example-app-staging v42 by ana@example.com, noon\n"
        "Processes:  not known\n"
        "\n"
        "=== Differences\n"
        "\n"
        "✓ No hold is in force.\n"
    )


def test_what_would_be_undone_is_called_so(capsys: pytest.CaptureFixture[str]) -> None:
    show_diff({**DIFF, "targets": [{**CHANGE, "relation": "older"}]})
    assert "=== Deploys of ⬢ example-app-staging that it would undo\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("release", "line"),
    [
        (RELEASE, "⬢ example-app v42 by ana@example.com, noon"),
        ({**RELEASE, "by": None, "created_at": None}, "⬢ example-app v42"),
        (None, None),
    ],
)
def test_a_release_in_a_line(release: ComparedRelease | None, line: str | None) -> None:
    assert release_line({"id": "b", "name": "example-app"}, release) == line


@pytest.mark.parametrize(
    ("older", "newer", "shown"),
    [
        ("1a5f89db0000", "9b2c3d4e0000", "1a5f89db..9b2c3d4e"),
        ("1a5f89db0000", "1a5f89db0000", "1a5f89db"),
        (None, "9b2c3d4e0000", None),
        ("1a5f89db0000", None, None),
    ],
)
def test_commits_are_written_as_git_does(
    older: str | None, newer: str | None, shown: str | None
) -> None:
    assert span(older, newer) == shown


@pytest.mark.parametrize(
    ("added", "removed", "shown"),
    [
        ([], [], "the same"),
        (["worker"], [], "adds worker"),
        (["a", "b"], ["clock"], "adds a, b; removes clock"),
    ],
)
def test_processes_that_come_and_go(added: list[str], removed: list[str], shown: str) -> None:
    assert processes({"added": added, "removed": removed}) == shown
