"""Text from elsewhere, made harmless for a terminal.

Names, descriptions and messages travel from git commits through Heroku to here; none of them may
move the cursor, set the title, or turn the rest of the line around.
"""

import re

ESCAPE_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f]).*?(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, …: titles, links
    r"|\x1b[ -/]*[0-~]",  # the short ones: reset, character sets
    re.DOTALL,
)
CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"
TURNERS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # they reorder what is on the line
SURROGATES = "\ud800-\udfff"  # half characters: no terminal can be sent them
HALF = re.compile(f"[{SURROGATES}]")
HARMFUL = re.compile(f"[{CONTROLS}{TURNERS}{SURROGATES}]")
UNSAFE_IN_JSON = re.compile(f"[\x7f-\x9f\u2028\u2029{TURNERS}{SURROGATES}]")


def plain(text: str) -> str:
    """Return the text without escape sequences and control characters; line breaks stay."""
    return HARMFUL.sub("", ESCAPE_SEQUENCES.sub("", text))


def whole(text: str) -> str:
    """Return the text with a character that says so in place of each half of one."""
    return HALF.sub("\N{REPLACEMENT CHARACTER}", text)


def plain_line(text: str) -> str:
    """Return the text as one harmless line."""
    return " ".join(plain(text).split())


def plain_json(document: str) -> str:
    """Return the JSON document with what a terminal may act upon escaped."""
    return UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", document)
