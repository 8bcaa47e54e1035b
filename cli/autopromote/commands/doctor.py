"""`autopromote doctor`: what is wrong or would go wrong, and the command that mends it."""

from collections import Counter

import click

from autopromote.command import command
from autopromote.commands.findings.view import show_finding
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import say_json, tell
from autopromote.resources import Finding

BROKEN = "broken"
WORDS = {
    BROKEN: ("broken", "broken"),
    "warning": ("warning", "warnings"),
    "unknown": ("unknown", "unknown"),
}


@command("doctor", "doctor --json")
@as_json
@pass_context
def doctor(context: Context, as_json: bool) -> None:
    """find what is wrong or may go wrong, and what mends it

    Looks at the listener, its Heroku account, its webhooks, every rule's apps, and the holds. The
    exit code is 1 if anything is broken; a warning, or what Heroku does not tell, is no fault.
    """
    findings = context.listener.findings()
    if as_json:
        say_json(findings)
    else:
        for finding in findings:
            show_finding(finding)
        tell(summary(findings))
    if any(finding["state"] == BROKEN for finding in findings):
        click.get_current_context().exit(1)


def summary(findings: list[Finding]) -> str:
    """Return how many things are not well: `1 broken, 2 warnings.`"""
    counts = Counter(finding["state"] for finding in findings)
    parts = [
        f"{counts[state]} {one if counts[state] == 1 else many}"
        for state, (one, many) in WORDS.items()
        if counts[state]
    ]
    return f"{', '.join(parts)}." if parts else "Everything is well."
