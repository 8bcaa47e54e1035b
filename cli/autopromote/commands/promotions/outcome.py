"""What somebody who promotes or rolls back by hand is told, and the exit code."""

from collections.abc import Sequence

import click

from autopromote.commands.promotions.view import released, show_line
from autopromote.commands.promotions.watch import Watch
from autopromote.context import Context
from autopromote.output import say, say_json, tell
from autopromote.pages import tell_pages
from autopromote.plain import plain_line
from autopromote.resources import Promotion
from autopromote.ships import tell_ships

GOOD_ENDS = frozenset({"succeeded", "skipped"})


def show_begun(promotions: Sequence[Promotion], answer: object, *, as_json: bool) -> None:
    """Print what was begun, and how to look again."""
    if as_json:
        say_json(answer)
        return

    for promotion in promotions:
        show_line(promotion)
        tell_ships(promotion)
    for promotion in promotions:
        tell(f"Use `autopromote promotions:info {promotion['id']}` to see how it goes.")
    tell_pages(promotions)


def wait_for(
    context: Context, promotions: Sequence[Promotion], *, limit: float | None
) -> list[Promotion]:
    """Return the promotions as they ended or stand then, and tell on the way how they go."""
    listener = context.listener
    watch = Watch(listener.promotion, listener.promotion_output, limit=limit)
    return watch.until_the_end(promotions)


def show_ends(promotions: Sequence[Promotion], answer: object, *, as_json: bool) -> None:
    """Print how each ended, in the manner of `heroku pipelines:promote`."""
    if as_json:
        say_json(answer)
        return

    for promotion in promotions:
        reason = f" ({promotion['reason']})" if promotion["reason"] else ""
        say(plain_line(f"{released(promotion['target'])}: {promotion['status']}{reason}"))
    tell_pages(promotions)


def exit_unless_well(promotions: Sequence[Promotion], ends: frozenset[str] = GOOD_ENDS) -> None:
    """End the program with exit code 1 where one ended in another way."""
    if any(promotion["status"] not in ends for promotion in promotions):
        click.get_current_context().exit(1)
