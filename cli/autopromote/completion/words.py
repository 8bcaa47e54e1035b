"""The candidates for the word at the cursor."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from autopromote import names
from autopromote.overview import HELP, Table

if TYPE_CHECKING:
    import click

    from autopromote.completion.values import Values

Candidate = tuple[str, str]  # a word, and what it means

PROGRAM_FLAGS = (("--help", "show this help"), ("--version", "show the version"))
HELP_FLAG = ("--help", "show this help")


@dataclass(frozen=True, slots=True)
class Completion:
    """Completes the words after `autopromote`; the last is the one at the cursor."""

    table: Table
    aliases: Mapping[str, str]
    env: Mapping[str, str] = field(repr=False)

    def candidates(self, words: Sequence[str]) -> list[Candidate]:
        """Return what the last word may become."""
        *before, current = words
        return [found for found in self._all(before, current) if found[0].startswith(current)]

    def _all(self, before: Sequence[str], current: str) -> Iterable[Candidate]:
        if not before:
            return self._commands(current)
        if before == [HELP[0]]:
            return self._commands("")
        if before[0] == HELP[0]:
            before = before[1:]
        topic = self.aliases.get(before[0], before[0])
        verbs = names.verbs(self.table, topic) if len(before) == 1 else []
        if verbs and not current.startswith("-"):
            return [(name.partition(":")[2], self.table[name][1]) for name in verbs]
        name, rest = names.split(self.table, self.aliases, before)
        return self._of_command(name, rest, current) if name in self.table else ()

    def _commands(self, current: str) -> Iterable[Candidate]:
        if current.startswith("-"):
            return PROGRAM_FLAGS
        rows = [*((name, line) for name, (_, line) in self.table.items()), HELP]
        for alias, topic in self.aliases.items():
            if current and f"{alias}:".startswith(current.partition(":")[0]):
                rows += [(f"{alias}{n[len(topic) :]}", line) for n, line in rows if is_of(n, topic)]
        return rows

    def _of_command(self, name: str, rest: Sequence[str], current: str) -> Iterable[Candidate]:
        from autopromote.completion.values import Values
        from autopromote.program import load

        usage = Usage(load(self.table, name).params, Values(name, self.env))
        return usage.candidates(rest, current)


def is_of(name: str, topic: str) -> bool:
    """Return whether the command belongs to the topic, or is its list."""
    return name == topic or name.startswith(f"{topic}:")


class Usage:
    """The flags and arguments of one command, and how much of them is typed."""

    def __init__(self, params: "Sequence[click.Parameter]", values: "Values") -> None:
        self._arguments = [param for param in params if param.param_type_name == "argument"]
        options = [param for param in params if param.param_type_name == "option"]
        self._options = {
            opt: cast("click.Option", each)
            for each in options
            for opt in (*each.opts, *each.secondary_opts)
        }
        self._values = values

    def candidates(self, rest: Sequence[str], current: str) -> Iterable[Candidate]:
        """Return the flags, or the values of the flag or argument at the cursor."""
        said, positionals, pending = self._read(rest)
        if pending is not None:
            return self._values.of(pending, current)
        flag, equals, begun = current.partition("=")
        if equals and flag in self._options:
            found = self._values.of(self._options[flag], begun)
            return [(f"{flag}={value}", meaning) for value, meaning in found]
        if current.startswith("-"):
            return self._flags(said)
        if positionals < len(self._arguments):
            return self._values.of(self._arguments[positionals], current)
        return ()

    def _read(self, rest: Sequence[str]) -> "tuple[set[str], int, click.Parameter | None]":
        """Return the flags typed, the number of arguments, and the flag that lacks a value."""
        said: set[str] = set()
        positionals, pending = 0, None
        for word in rest:
            option = self._options.get(word.partition("=")[0])
            if pending is not None:
                pending = None
            elif option is not None:
                said.update(() if option.multiple else (*option.opts, *option.secondary_opts))
                takes_value = not option.is_flag and "=" not in word
                pending = option if takes_value else None
            else:
                positionals += 1
        return said, positionals, pending

    def _flags(self, said: set[str]) -> Iterable[Candidate]:
        shown = [
            (flag, option.help or "")
            for flag, option in self._options.items()
            if flag.startswith("--") and flag not in said
        ]
        return [*shown, HELP_FLAG]
