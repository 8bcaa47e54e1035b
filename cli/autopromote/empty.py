"""What a list says that has nothing to show."""

from difflib import get_close_matches

from autopromote.completion.values import apps
from autopromote.context import Context
from autopromote.errors import Failure
from autopromote.output import tell

NEAR = 0.85  # as the listener: at less, shop-staging would mean pay-staging


def tell_none(context: Context, words: str, app: str | None) -> None:
    """Say so, and where the listener knows no such app, which near one may be meant."""
    tell(words)
    if app is not None and (meant := near_app(context, app)):
        tell(f"The listener knows no app {app}. Did you mean {meant}?")


def near_app(context: Context, app: str) -> str | None:
    """Return a near name of an app that the listener shows; None for one that it knows."""
    try:
        known = [name for name, _ in apps(context.listener)]
    except Failure:  # the list itself was answered
        return None
    near = get_close_matches(app, known, n=1, cutoff=NEAR)
    return near[0] if near and app not in known else None
