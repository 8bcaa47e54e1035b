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
class Messages:
    """How many deploys an app has, how many have a message, and how many were never asked for."""

    deploys: int
    told: int
    unasked: int

    @property
    def untold(self) -> int:
        """Those for which Heroku was asked, and told none."""
        return self.deploys - self.told - self.unasked

    def counted(self, source: str) -> str:
        """Say for how many a message was told, and, where some were never asked, for how many."""
        asked = f" (it was asked about {self.deploys - self.unasked})" if self.unasked else ""
        ratio = f"{self.told} of {self.deploys} deploys of {source}"
        return f"commit-message: Heroku told a message for {ratio}{asked}"


def of_messages(source: str, found: Messages) -> list[str]:
    """Tell what waits for people where the rule asks for messages that Heroku does not tell."""
    if not found.untold:
        return []
    if found.told:
        waits = "the others wait until a person approves each."
    else:
        waits = "this rule would hold back everything until a person approves each."
    return [f"{found.counted(source)}: {waits}"]
