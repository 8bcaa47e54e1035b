"""Which app's releases shall go where: as was said, or as somebody chooses among pipelines."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click

from autopromote.calling import typed
from autopromote.context import Context
from autopromote.errors import Failure, Misuse
from autopromote.output import tell
from autopromote.plain import plain_line
from autopromote.resources import Pipeline

NO_PIPELINE = (
    "Heroku shows the listener's user no pipeline with an app at staging and one at production.\n"
    "Say which apps you mean: `autopromote init --from APP --to APP`."
)


@dataclass(frozen=True, slots=True)
class Route:
    """From where to where, and the pipeline that it follows, if it does."""

    source: str
    targets: tuple[str, ...]
    pipeline: str | None = None

    @property
    def words(self) -> str:
        """The flags that say it."""
        return f"--from {self.source} --to {','.join(self.targets)}"


def routes_of(pipelines: Sequence[Pipeline]) -> list[Route]:
    """Return from each app at staging to all those at production of its pipeline."""
    return [
        Route(app["name"], tuple(each["name"] for each in found["production"]), found["name"])
        for found in pipelines
        for app in found["staging"]
    ]


def choose(
    context: Context, source: str | None, targets: Sequence[str], *, is_agreed: bool
) -> Route:
    """Return the route that was said, else the one that there is or that somebody chooses."""
    if source and targets:
        return Route(source, tuple(targets))
    routes = [
        Route(route.source, tuple(targets) or route.targets, route.pipeline)
        for route in routes_of(context.listener.pipelines())
        if source in (None, route.source)
    ]
    if not routes:
        raise Failure(NO_PIPELINE)
    if len(routes) == 1 and is_agreed:
        return routes[0]
    if is_agreed or not context.is_interactive:
        choices = "\n".join(f"  {typed(f'init {route.words} --yes')}" for route in routes)
        raise Misuse(f"Which apps? Run one of these:\n{choices}")
    return ask(routes)


def ask(routes: Sequence[Route]) -> Route:
    """Have somebody at the terminal choose."""
    for number, route in enumerate(routes, 1):
        to = ", ".join(f"⬢ {name}" for name in route.targets)
        tell(plain_line(f"{number}) ⬢ {route.source} to {to} (pipeline {route.pipeline})"))
    while True:
        said = answer(f"Which of these shall be promoted? 1 to {len(routes)}, or q to quit: ")
        if said in ("", "q", "quit"):
            raise Failure("Nothing was set up.")
        if said.isdecimal() and 1 <= int(said) <= len(routes):
            return routes[int(said) - 1]


def answer(question: str) -> str:
    """Return what somebody types; nothing at the end of input."""
    click.echo(question, err=True, nl=False)
    return sys.stdin.readline().strip()
