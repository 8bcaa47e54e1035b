"""`autopromote holds:release`."""

from cli.command import command
from cli.context import Context, pass_context
from cli.options import as_json, chosen_app_or_all
from cli.output import action, say, say_json
from cli.plain import plain_line


@command("holds:release --app example-app", "holds:release --all")
@chosen_app_or_all
@as_json
@pass_context
def release(context: Context, app: str | None, as_json: bool) -> None:
    """release a hold, and show what goes next

    What the app runs now counts as meant from here on. --all releases the hold that was put on
    every target; holds on single apps stay.
    """
    with action(f"Releasing hold on {f'⬢ {app}' if app else 'every target'}"):
        released = context.listener.release_hold(app)

    if as_json:
        say_json(released)
        return
    for following in released["next"]:
        say(plain_line(f"⬢ {following['app']['name']}: {following['message']}"))
    if not released["next"] and released.get("message"):
        say(plain_line(released["message"] or ""))
