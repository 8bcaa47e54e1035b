"""Flags that several commands share, and how to read their values."""

from collections.abc import Callable, Iterable, Sized
from typing import Any

import click

from autopromote.apps import get_app
from autopromote.context import Context
from autopromote.output import warn
from autopromote.times import read_duration

Decorated = Callable[..., Any]

MOST = 1000
USUAL = 100
REMOTE = "autopromote.remote"
ALL = "autopromote.all"
ID = "autopromote.id"
WAIT = "autopromote.wait"

as_json = click.option("--json", "as_json", is_flag=True, help="print the answer as JSON")
num = click.option(
    "-n",
    "--num",
    type=click.IntRange(1, MOST),
    metavar="N",
    help=f"how many to show, {USUAL} unless said",
)
of_app = click.option("-a", "--app", metavar="APP", help="only those of this app")
rules_file = click.option(
    "-f", "--file", "path", metavar="FILE", required=True, help="file of rules; - is stdin"
)
dry_run = click.option(
    "--dry-run", is_flag=True, help="save nothing, and show what it would change"
)
with_webhook = click.option(
    "--with-webhook", is_flag=True, help="have Heroku tell the listener of the source's releases"
)
mode = click.option(
    "--mode", metavar="MODE", help="armed, shadow (decides and promotes nothing) or off"
)
strategy = click.option(
    "--strategy", metavar="STRATEGY", help="how releases are made: slug or pipeline"
)
reason = click.option("--reason", metavar="TEXT", help="why, for whoever reads its revisions")
on_newer = click.option(
    "--on-newer", metavar="WHAT", help="supersede what waits when a newer release comes, or keep it"
)


def confirmation(what: str) -> Callable[[Decorated], Decorated]:
    """Add `--confirm`."""
    return click.option(
        "--confirm", "confirmed", metavar=what, help=f"set to {what} to skip the question"
    )


def follows(function: Decorated) -> Decorated:
    """Pass as `limit` for how many seconds to follow the work: None without end, 0 not at all."""
    for option in (
        click.option(
            "--timeout",
            "limit",
            metavar="TIME",
            callback=seconds_to_follow,
            help="follow it no longer than that, like 10m; it goes on all the same",
        ),
        click.option(
            "--wait/--no-wait",
            default=True,
            is_eager=True,
            expose_value=False,
            callback=keep(WAIT),
            help="follow it to its end, as it does unless told not to",
        ),
    ):
        function = option(function)
    return function


def seconds_to_follow(
    context: click.Context, _: click.Parameter, value: str | None
) -> float | None:
    """Make the limit of `--timeout` and `--no-wait`."""
    if context.meta.get(WAIT):
        return None if value is None else read_duration(value).total_seconds()
    if value is not None:
        raise click.UsageError("Say --timeout or --no-wait, not both.", context)
    return 0.0


def targets(*, required: bool) -> Callable[[Decorated], Decorated]:
    """Add `--to APP[,APP]`, which may be repeated."""
    return click.option(
        "-t",
        "--to",
        "targets",
        metavar="APP[,APP]",
        multiple=True,
        required=required,
        help="apps to promote to",
    )


def each_of(values: Iterable[str]) -> list[str]:
    """Return the names in lists like `a,b`, each once, in order."""
    names = [name.strip() for value in values for name in value.split(",")]
    return list(dict.fromkeys(name for name in names if name))


def version(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Return a release's version as the listener writes it: `v42` for `42` too."""
    return f"v{value}" if value and value.isdecimal() else value


chosen_release = click.option(
    "--release",
    metavar="VERSION",
    callback=version,
    help="the release, like v42; else the app's current one",
)


def chosen_app(function: Decorated) -> Decorated:
    """Pass the app the command is about as `app`: `-a`, else `HEROKU_APP`, else the git remote."""
    function = click.option(
        "-r",
        "--remote",
        metavar="REMOTE",
        is_eager=True,
        expose_value=False,
        callback=keep(REMOTE),
        help="git remote of app to use",
    )(function)
    return click.option(
        "-a", "--app", metavar="APP", callback=choose, help="app to run command against"
    )(function)


def chosen_holds(function: Decorated) -> Decorated:
    """Pass a hold's `id`, else the app like `chosen_app_or_all`."""
    return click.argument("id", required=False, is_eager=True, callback=keep(ID))(
        chosen_app_or_all(function)
    )


def chosen_app_or_all(function: Decorated) -> Decorated:
    """Pass the app like `chosen_app`; None where `--all` is said."""
    function = click.option(
        "--all",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=keep(ALL),
        help="every target",
    )(function)
    return chosen_app(function)


def keep(key: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Return a callback that stores the flag's value for `choose`."""

    def callback(context: click.Context, _: click.Parameter, value: Any) -> Any:
        context.meta[key] = value
        return value

    return callback


def choose(context: click.Context, _: click.Parameter, value: str | None) -> str | None:
    """Return the app from the flags, the environment or the repository; None for --all or an ID."""
    if context.meta.get(ID):
        if value or context.meta.get(ALL):
            raise click.UsageError(
                "Say the ID of a hold, --app or --all, not two of them.", context
            )
        return None
    if not context.meta.get(ALL):
        return get_app(value, context.meta.get(REMOTE), context.ensure_object(Context).env)
    if value:
        raise click.UsageError("Say --app or --all, not both.", context)
    return None


def warn_if_cut(shown: Sized, num: int | None, things: str) -> None:
    """Warn that there may be more, unless the person asked for so few."""
    if num is None and len(shown) == USUAL:
        warn(f"Only showing the {USUAL} newest {things}. Say --num for more.")
