"""`autopromote open`: the listener's page, in a browser."""

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.errors import Misuse, NotLoggedIn
from autopromote.options import as_json
from autopromote.output import say, say_json, tell
from autopromote.pages import PROMOTIONS


@command("open", "open 42", "open 42 --print")
@click.argument("promotion", required=False)
@click.option("--print", "only_print", is_flag=True, help="print the address, and open nothing")
@as_json
@pass_context
def browse(context: Context, promotion: str | None, only_print: bool, as_json: bool) -> None:
    """open the listener's page in a browser

    Without the ID of a promotion it is the page of all lanes. The page asks you to log in.
    """
    if promotion is not None and not (promotion.isascii() and promotion.isdigit()):
        raise Misuse("A promotion's ID is a number, like 42.")
    if (own := context.find_url()) is None:
        raise NotLoggedIn
    url = f"{own}{PROMOTIONS}{promotion}" if promotion is not None else f"{own}/"
    if as_json:
        say_json({"url": url})
    elif only_print or not in_browser(url):
        say(url)
    else:
        tell(f"Opened {url}")


def in_browser(url: str) -> bool:
    """Open it; return whether there is a browser that does."""
    import webbrowser

    return webbrowser.open(url)
