"""What ships in words, and where people see it."""

from __future__ import annotations

from typing import Any

import pytest

from listener.core.commits import Commit, Comparison, Left, Pull, Relation
from listener.core.shown import Shown, cleaned, listed, newest_of, summary, summed_up

BASE, HEAD = "b" * 40, "a" * 40
ENDS: dict[str, Any] = {"base": BASE, "head": HEAD}
AHEAD: dict[str, Any] = {"relation": Relation.AHEAD, "coming": 4}
BEHIND: dict[str, Any] = {"relation": Relation.BEHIND, "leaving": 2}
DIVERGED: dict[str, Any] = {"relation": Relation.DIVERGED, "coming": 1, "leaving": 1}
AGAIN = Left("artifact", version=12, rollback=13)
ROLLED_BACK = "Goes back: its target was rolled back from this commit, which ran as v12"


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({}, "Not read yet."),
        ({"untold": "Nobody tells."}, "Not told: Nobody tells."),
        ({"relation": Relation.IDENTICAL}, "The same commit as before."),
        (AHEAD, "4 commits."),
        ({**AHEAD, "authors": ("ana",), "author_count": 1}, "4 commits by ana."),
        (
            {**AHEAD, "coming": 1, "authors": ("ana", "bo"), "author_count": 2},
            "1 commit by ana and bo.",
        ),
        (
            {**AHEAD, "authors": ("ana", "bo", "cy", "di"), "author_count": 60},
            "4 commits by ana, bo, cy and 57 others.",
        ),
        (BEHIND, "Goes back: it takes back 2 commits."),
        (
            {**DIVERGED, "authors": ("ana",), "author_count": 1},
            "Goes back: it takes back 1 commit; it brings 1 commit by ana.",
        ),
        (
            {**AHEAD, "left": AGAIN},
            f"{ROLLED_BACK}; it brings 4 commits.",
        ),
        (
            {"left": AGAIN, "untold": "Nobody tells."},
            f"{ROLLED_BACK}. Not told: Nobody tells.",
        ),
    ],
)
def test_it_is_said_in_words_and_first_whether_it_goes_back(
    told: dict[str, Any], message: str
) -> None:
    shown = Shown(**ENDS, **told)
    assert shown.message == message
    assert bool(shown.goes_back) is message.startswith("Goes back")


def test_what_others_told_becomes_no_other_host_and_no_markup() -> None:
    shown = Shown(base='"><b>', head="../@evil", repository="acme/shop?x#y", **AHEAD)
    assert shown.compare_url == (
        "https://github.com/acme/shop%3Fx%23y/compare/%22%3E%3Cb%3E.....%2F%40evil"
    )


@pytest.mark.parametrize("missing", ["base", "head", "repository"])
def test_without_both_ends_and_the_repository_there_is_no_link(missing: str) -> None:
    shown = Shown(**{**ENDS, "repository": "acme/shop", **AHEAD, missing: None})
    assert shown.compare_url is None


def test_there_is_no_link_to_nothing() -> None:
    same = Shown(base=HEAD, head=HEAD, repository="acme/shop", relation=Relation.IDENTICAL)
    assert same.compare_url is None


def test_pull_requests_are_told_or_named_by_the_commits_that_merged_them() -> None:
    coming = (
        Commit("1" * 40, "Fix the login (#7)", "Ana", "ana"),
        Commit("2" * 40, "Merge pull request #8 from bo/pages\r\n\r\nAdd pages\r\nand more", "Bo"),
        Commit("3" * 40, "Add the cart (#9)", "Cy"),
        Commit("4" * 40, "No pull request", "Ana", "ana"),
    )
    found = Comparison(Relation.AHEAD, coming, ahead_by=4, pulls=(Pull(9, "The cart", "u", "cy"),))
    kept = {**found.as_json(), "shown": summary(found)}
    read = summed_up(kept)
    assert [(each.number, each.title, each.author) for each in read["pulls"]] == [
        (7, "Fix the login", "ana"),
        (8, "Add pages", None),
        (9, "The cart", "cy"),
    ]
    assert (read["authors"], read["author_count"]) == (("ana", "Bo", "Cy"), 3)


def test_the_newest_commit_is_kept_apart_as_one_harmless_line() -> None:
    coming = (
        Commit("1" * 40, "Older", "Ana"),
        Commit("2" * 40, "Fix \x1b[31mit\n\nBecause.", "Bo"),
    )
    newest = newest_of(summary(Comparison(Relation.AHEAD, coming, ahead_by=2))["newest"])
    assert newest == Commit("2" * 40, "Fix [31mit", "Bo")
    assert newest_of(summary(Comparison(Relation.BEHIND, (), coming))["newest"]) is None


def test_a_comparison_of_an_earlier_time_is_read_without_names() -> None:
    read = summed_up(Comparison(Relation.AHEAD, ahead_by=3).as_json())
    assert (read["coming"], read["authors"], read["pulls"]) == (3, (), ())


def test_names_are_listed_as_people_say_them() -> None:
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_a_commit_is_one_harmless_line_that_keeps_its_pull_request() -> None:
    evil = "\x1b[31m\u202eFix\x00\x9b it " + "x" * 8000 + " (#12)\n\nNever shown."
    found = cleaned(Commit("1" * 40, evil, "Ana\nIvanova\u2066" + "y" * 100, None))
    assert found.subject.startswith("[31m Fix it xxx")
    assert found.subject.endswith("x… (#12)")
    assert len(found.subject) <= 300
    assert found.pull == 12
    assert found.author == "Ana Ivanova " + "y" * 47 + "…"


def test_links_lead_to_the_github_that_told_it() -> None:
    url = "https://git.acme.example/acme/shop/compare/b...a"
    found = Comparison(Relation.AHEAD, ahead_by=4, url=url)
    shown = Shown(**ENDS, repository="acme/shop", **summed_up(found.as_json()))
    assert shown.compare_url is not None
    assert shown.compare_url.startswith("https://git.acme.example/acme/shop/compare/bbb")
    assert shown.url_of(7) == "https://git.acme.example/acme/shop/pull/7"
