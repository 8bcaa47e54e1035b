"""How the program is called here: by its own name, or as a part of the Heroku CLI."""

import os

IN_HEROKU = "AUTOPROMOTE_IN_HEROKU"  # the plugin of the Heroku CLI sets it
OWN = "autopromote"


def typed(words: str) -> str:
    """Return what a person types for a command: `autopromote rules:add ship`, say.

    In the Heroku CLI that is `heroku autopromote:rules:add ship`, and its own `help` shows ours.
    """
    if not is_in_heroku():
        return f"{OWN} {words}".rstrip()
    if words.partition(" ")[0] == "help":
        topic = words.removeprefix("help").strip()
        return f"heroku help {OWN}:{topic}" if topic else f"heroku help {OWN}"
    return f"heroku {OWN}:{words}" if words[:1].isalpha() else f"heroku {OWN} {words}".rstrip()


def as_typed(line: str) -> str:
    """Return a command line that begins with the program's own name as it is typed here."""
    program, _, words = line.partition(" ")
    return typed(words) if program == OWN else line


def as_called(text: str) -> str:
    """Return the text with each command of ours in it, between backquotes, as it is typed here."""
    *parts, last = text.split("`")
    shown = (as_typed(part) if index % 2 else part for index, part in enumerate(parts))
    return "`".join((*shown, last))


def is_in_heroku() -> bool:
    """Return whether the Heroku CLI runs the program."""
    return bool(os.environ.get(IN_HEROKU))
