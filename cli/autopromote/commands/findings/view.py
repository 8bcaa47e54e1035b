"""How a finding looks: a sign and a sentence; below it why it matters, and what mends it."""

import sys

import click

from autopromote.calling import as_typed
from autopromote.output import fold, paint, spoken_line
from autopromote.plain import plain_line
from autopromote.resources import Finding

INDENT = "  "
SIGNS = {
    "ok": ("✓", "good"),
    "warning": ("!", "warning"),
    "broken": ("✗", "bad"),
    "unknown": ("?", "quiet"),
}


def show_finding(finding: Finding, *, err: bool = False) -> None:
    """Print one finding; a sign that is not known yet counts as unknown."""
    stream = sys.stderr if err else sys.stdout
    sign, colour = SIGNS.get(finding["state"], SIGNS["unknown"])
    rule = finding.get("rule")
    about = f" (rule {rule})" if rule else ""
    lines = fold(spoken_line(finding["message"] + about), stream, taken=len(INDENT))
    click.echo(f"{paint(sign, colour, stream=stream)} {lines[0]}", err=err)
    lines = [
        *lines[1:],
        *fold(spoken_line(finding["why"] or ""), stream, taken=len(INDENT)),
    ]
    for line in filter(None, lines):
        click.echo(f"{INDENT}{line}", err=err)
    if mend := finding["mend"]:  # in one piece, to be copied
        click.echo(f"{INDENT}$ {as_typed(plain_line(mend))}", err=err)
