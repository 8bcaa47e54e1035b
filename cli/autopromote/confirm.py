"""Asks for confirmation before an action that cannot be undone."""

import sys

import click

from autopromote.context import Context
from autopromote.errors import Failure, Misuse
from autopromote.output import warn


def confirm(context: Context, name: str, confirmed: str | None, *, warning: str) -> None:
    """Require that the name is confirmed, by the flag or by typing. Raises Failure or Misuse."""
    if confirmed is None:
        confirmed = ask(context, name, warning)
    if confirmed != name:
        raise Failure(f"Confirmation {confirmed} did not match {name}. Aborted.")


def ask(context: Context, name: str, warning: str) -> str:
    """Ask a person to type the name. Raises Misuse if nobody is there to be asked."""
    if not context.is_interactive:
        raise Misuse(f"{warning}\nTo proceed, re-run this command with --confirm {name}")

    warn(f"{warning}\nTo proceed, type {name} or re-run this command with --confirm {name}")
    click.echo("> ", err=True, nl=False)
    return sys.stdin.readline().strip()
