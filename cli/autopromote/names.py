"""Finds the command that the words name: `rules:add`, `rules add`, or an alias."""

from collections.abc import Mapping, Sequence

from autopromote.overview import Table


def split(
    table: Table, aliases: Mapping[str, str], words: Sequence[str]
) -> tuple[str, Sequence[str]]:
    """Return the full name, said in one word (`rules:add`) or two, and the rest."""
    topic, colon, verb = words[0].partition(":")
    topic = aliases.get(topic, topic)
    if not colon and verbs(table, topic) and len(words) > 1 and not words[1].startswith("-"):
        return f"{topic}:{words[1]}", words[2:]
    return f"{topic}{colon}{verb}", words[1:]


def verbs(table: Table, topic: str) -> list[str]:
    """Return the commands of a topic beside its list."""
    return [name for name in table if name.startswith(f"{topic}:")]
