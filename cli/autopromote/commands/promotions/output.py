"""`autopromote promotions:output`."""

import time
from collections.abc import Callable

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.errors import Refused
from autopromote.follow import Follower
from autopromote.options import as_json
from autopromote.output import copy, say_json, tell
from autopromote.progress import turning

BUSY, PAUSE = 429, 1.0


@command("promotions:output 42", "promotions:output 42 --offset 65536 --json")
@click.argument("id")
@click.option(
    "--offset",
    type=click.IntRange(0),
    metavar="BYTES",
    default=0,
    help="how many bytes of it to leave out",
)
@as_json
@pass_context
def output(context: Context, id: str, offset: int, as_json: bool) -> None:
    """show what the release phase of a promotion prints

    It is shown as it comes, until the release command ends; Ctrl-C stops the showing and nothing
    else. With --json a single piece is printed, of 64 KiB at most: read on at its offset.
    """
    if as_json:
        say_json(context.listener.promotion_output(id, offset))
        return
    show(Follower(lambda at: context.listener.promotion_output(id, at), copy, offset=offset))


def show(follower: Follower, pause: Callable[[float], None] = time.sleep) -> None:
    """Print all of it; where there is nothing, say why."""
    told = None
    while not follower.is_over:
        has_more = pull(follower)
        if follower.message and follower.message != told:
            told = follower.message
            tell(told)
        if follower.message and follower.release_id is None:
            return
        if not has_more and not follower.is_over:
            with turning(follower.waiting_for, after=0):
                pause(PAUSE)


def pull(follower: Follower) -> bool:
    """Print a piece, if the listener has a hand free for us."""
    try:
        return follower.pull()
    except Refused as refused:
        if refused.status != BUSY:
            raise
        return False
