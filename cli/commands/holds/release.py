"""`autopromote holds:release`."""

from cli.command import command
from cli.commands.holds.view import line, planned_line
from cli.context import Context, pass_context
from cli.options import as_json, chosen_holds
from cli.output import action, say, say_json
from cli.plain import plain_line
from cli.resources import Released


@command("holds:release 3", "holds:release --app example-app", "holds:release --all")
@chosen_holds
@as_json
@pass_context
def release(context: Context, id: str | None, app: str | None, as_json: bool) -> None:
    """release a hold, and show what goes next

    With the ID of a hold, that one alone. With an app, what holds it now: a hold that is to begin
    later stays, and is shown. --all releases what holds every target now; holds on single apps
    stay. What the app runs now counts as meant from here on.
    """
    with action(f"Releasing {what(id, app)}"):
        listener = context.listener
        released = listener.release_one_hold(id) if id else listener.release_hold(app)
    say_json(released) if as_json else show_released(released)


def what(id: str | None, app: str | None) -> str:
    """Return what is asked for, before it is known which holds that are."""
    if id:
        return f"hold {id}"
    return f"hold on {f'⬢ {app}' if app else 'every target'}"


def show_released(released: Released) -> None:
    """Print each hold that ended, each that stays, and what goes next."""
    for hold in released["released"]:
        say(plain_line(f"Released {line(hold)}"))
    for hold in released.get("planned", []):
        say(plain_line(planned_line(hold)))
    for following in released["next"]:
        say(plain_line(f"⬢ {following['app']['name']}: {following['message']}"))
    if not released["next"] and released.get("message"):
        say(plain_line(released["message"] or ""))
