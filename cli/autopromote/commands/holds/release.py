"""`autopromote holds:release`."""

from dataclasses import dataclass

import click

from autopromote.command import command
from autopromote.commands.holds.release_view import show_foreseen, show_released
from autopromote.confirm import ask
from autopromote.context import Context, pass_context
from autopromote.errors import Failure, Refused
from autopromote.options import as_json, chosen_holds, confirmation
from autopromote.output import action, say_json
from autopromote.released import Released, ReleaseForeseen

CHANGED = "release_changed"  # the listener's word for: something else would go by now


@dataclass(frozen=True)
class Meant:
    """Which holds are to be released: one, or what holds an app now, or every target."""

    hold: str | None
    app: str | None

    @property
    def words(self) -> str:
        """Return them as they are said on the command line."""
        if self.hold:
            return self.hold
        return f"--app {self.app}" if self.app else "--all"


@command(
    "holds:release 3",
    "holds:release --app example-app --dry-run",
    "holds:release --app example-app --confirm example-app",
    "holds:release --all --confirm all",
)
@chosen_holds
@confirmation("APP|all")
@click.option("--dry-run", is_flag=True, help="release nothing, and show what would go")
@click.option("--discard", is_flag=True, help="cancel what waits, so that nothing goes")
@as_json
@pass_context
def release(
    context: Context,
    id: str | None,
    app: str | None,
    confirmed: str | None,
    dry_run: bool,
    discard: bool,
    as_json: bool,
) -> None:
    """release a hold, and show what goes next

    With the ID of a hold, that one alone. With an app, what holds it now: a hold that is to begin
    later stays, and is shown. --all releases what holds every target now; holds on single apps
    stay. What the app runs now counts as meant from here on.

    Where something would go, it is shown first, with how old it is against what the app runs, and
    asked for: nothing else goes than was shown.
    """
    meant = Meant(id, app)
    foreseen = context.listener.foresee_release(id, app)
    if dry_run:
        say_json(foreseen) if as_json else show_foreseen(foreseen)
        return
    released = carry_out(context, meant, foreseen, confirmed=confirmed, discard=discard)
    say_json(released) if as_json else show_released(released)


def carry_out(
    context: Context,
    meant: Meant,
    foreseen: ReleaseForeseen,
    *,
    confirmed: str | None,
    discard: bool,
) -> Released:
    """Release what was shown; where something else would go by then, show it and ask again."""
    while True:
        if not discard:
            agree(context, meant, foreseen, confirmed)
        try:
            with action(f"Releasing {what(foreseen)}"):
                return context.listener.release_holds(
                    meant.hold, meant.app, agreed=foreseen["agreed"], discard=discard
                )
        except Refused as refusal:
            if refusal.id != CHANGED:
                raise
            foreseen = context.listener.foresee_release(meant.hold, meant.app)
            if confirmed is not None or not context.is_interactive:
                show_foreseen(foreseen, err=True)
                raise


def agree(context: Context, meant: Meant, foreseen: ReleaseForeseen, confirmed: str | None) -> None:
    """Return if it may go: nothing would, or its name was confirmed."""
    name = name_of(foreseen)
    if confirmed is None and foreseen["agreed"]["promotions"]:
        show_foreseen(foreseen, err=True)
        if not context.is_interactive:
            line = f"autopromote holds:release {meant.words} --confirm {name}"
            raise Failure(f"Nothing was released. To let it go, run `{line}`.")
        confirmed = ask(context, name, "This lets go what is shown above.")
    if confirmed not in (None, name):
        raise Failure(f"Confirmation {confirmed} did not match {name}. Nothing was released.")


def name_of(foreseen: ReleaseForeseen) -> str:
    """Return what is to be typed: the app, or `all`."""
    apps = {hold["app"]["name"] for hold in foreseen["holds"] if hold["app"]}
    return apps.pop() if len(apps) == 1 else "all"


def what(foreseen: ReleaseForeseen) -> str:
    """Return which holds these are: `holds 3, 4 on ⬢ example-app`."""
    ids = ", ".join(hold["id"] for hold in foreseen["holds"])
    name = name_of(foreseen)
    place = "every target" if name == "all" else f"⬢ {name}"
    return f"hold{'s' * (len(foreseen['holds']) > 1)} {ids} on {place}"
