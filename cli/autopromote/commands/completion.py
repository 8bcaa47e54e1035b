"""`autopromote completion`."""

import sys

import click

from autopromote.command import command
from autopromote.completion.shells import SCRIPTS


@command("completion bash", "completion zsh", "completion fish")
@click.argument("shell", type=click.Choice(list(SCRIPTS)))
def completion(shell: str) -> None:
    """print what makes a shell complete this program

    It completes commands, flags, and the names of rules, apps and promotions. Its first lines say
    how to use it in this shell, and where to write it to have it in every one.
    """
    sys.stdout.write(SCRIPTS[shell])
