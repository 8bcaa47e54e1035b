"""What may surprise of a rule that is right in itself: told wherever a rule is saved or shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from listener.rules import Route, overlaps


def beside(rule: Route, others: Iterable[Route], named: Mapping[str, str]) -> list[str]:
    """Tell of each other armed rule that lets through what this armed one holds back."""
    pairs = overlaps([rule, *(other for other in others if other.name != rule.name)])
    return [pair.message(named) for pair in pairs if pair.rule == rule.name]


def without_webhook(source: str) -> str:
    """Tell that nobody tells us of the source's releases, and which command changes that."""
    return (
        f"Heroku does not tell the listener of {source}'s releases, so they are found late, by"
        f" reconcile alone. Run `autopromote webhooks:add --app {source}`."
    )
