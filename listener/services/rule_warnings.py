"""Warnings about a valid rule that may surprise: told wherever a rule is saved or shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from listener.core.gates.options import OPTIONS, Conditions
from listener.core.rule import Route, overlaps


def beside(rule: Route, others: Iterable[Route], named: Mapping[str, str]) -> list[str]:
    """Tell of each other armed rule that lets through what this armed one holds back."""
    pairs = overlaps([rule, *(other for other in others if other.name != rule.name)])
    return [pair.message(named) for pair in pairs if pair.rule == rule.name]


def unreadable(rule: str, conditions: Conditions) -> list[str]:
    """Tell of stored conditions that break a limit of today, and how to say them anew."""
    return [
        f"It promotes nothing: {one.message} Say it anew: `{anew(rule, one.name)}`."
        for one in conditions.unreadable
    ]


def of_checks(conditions: Conditions) -> list[str]:
    """Tell of checks that are ignored where only those count that are required, or none."""
    if not conditions.ignored_checks or conditions.github_checks:
        return []
    return ["It ignores checks for nothing: `--ignore-check` counts with `--checks` alone."]


def anew(rule: str, condition: str) -> str:
    """Return the command that says a condition of a rule anew; by a file where it has no flag."""
    if condition not in OPTIONS:
        return "autopromote rules:apply --file autopromote.toml"
    flag = OPTIONS[condition].flag.split("/")[0]
    return f"autopromote rules:update {rule} {flag} {OPTIONS[condition].metavar or ''}".rstrip()


def without_webhook(source: str) -> str:
    """Tell that nobody tells us of the source's releases, and which command changes that."""
    return (
        f"Heroku does not tell the listener of {source}'s releases, so they are found late, by"
        f" reconcile alone. Run `autopromote webhooks:add --app {source}`."
    )


@dataclass(frozen=True, slots=True)
class ToldCommits:
    """For how many of an app's promotions the commits that ship were told.

    `why` says, where there was no promotion yet, that nobody tells the app's repository.
    """

    promotions: int
    told: int
    why: str | None = None

    def counted(self, source: str) -> str:
        """Say for how many they were told."""
        return (
            f"commits: what ships was told for {self.told} of {self.promotions} promotions of"
            f" {source}"
        )


HOLDS_BACK = "this rule would hold back everything until a person approves each."


def of_commits(source: str, found: ToldCommits) -> list[str]:
    """Tell what waits for people where the rule asks for commits that nobody tells."""
    if found.why is not None:
        return [f"commits: nobody tells the repository of {source}: {HOLDS_BACK}"]
    if found.told == found.promotions:
        return []
    waits = "the others wait until a person approves each." if found.told else HOLDS_BACK
    return [f"{found.counted(source)}: {waits}"]
