"""`autopromote completion`."""

import sys

import click

from cli.command import command
from cli.completion.shells import SCRIPTS


@command("completion bash", "completion zsh", "completion fish")
@click.argument("shell", type=click.Choice(list(SCRIPTS)))
def completion(shell: str) -> None:
    """print what makes a shell complete this program

    It completes commands, flags, and the names of rules, apps and promotions. To have it in every
    shell, write it where that shell looks:

    bash: autopromote completion bash > ~/.local/share/bash-completion/completions/autopromote

    zsh: autopromote completion zsh > DIR/_autopromote, for a DIR that is in fpath

    fish: autopromote completion fish > ~/.config/fish/completions/autopromote.fish
    """
    sys.stdout.write(SCRIPTS[shell])
