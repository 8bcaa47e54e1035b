"""How a finding looks: a sign and a sentence; below it why it matters, and what mends it."""

import sys

import click

from cli.output import paint
from cli.plain import plain_line
from cli.resources import Finding

SIGNS = {
    "ok": ("✓", "good"),
    "warning": ("!", "warning"),
    "broken": ("✗", "bad"),
    "unknown": ("?", "quiet"),
}


def show_finding(finding: Finding, *, err: bool = False) -> None:
    """Print one finding; a sign that is not known yet counts as unknown."""
    sign, colour = SIGNS.get(finding["state"], SIGNS["unknown"])
    rule = finding.get("rule")
    about = f" (rule {rule})" if rule else ""
    sign = paint(sign, colour, stream=sys.stderr if err else sys.stdout)
    click.echo(f"{sign} {plain_line(finding['message'] + about)}", err=err)
    if why := finding["why"]:
        click.echo(f"  {plain_line(why)}", err=err)
    if mend := finding["mend"]:
        click.echo(f"  $ {plain_line(mend)}", err=err)
