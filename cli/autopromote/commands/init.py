"""`autopromote init`: from a deployed listener to a rule that watches, in one command."""

import click

from autopromote.calling import typed
from autopromote.command import command
from autopromote.commands.findings.view import show_finding
from autopromote.commands.login import unbound
from autopromote.commands.rules.backtest import show_backtest
from autopromote.commands.rules.view import show_rule, warn_of
from autopromote.context import TOKEN, URL, Context, pass_context
from autopromote.errors import Failure, Misuse, Refused
from autopromote.hosts import trusted_url
from autopromote.options import as_json, each_of, targets
from autopromote.output import action, say_json, section, tell, warn
from autopromote.resources import Backtest, Rule
from autopromote.routes import Route, choose
from autopromote.webhooks import ensure_webhook

NAME = "ship"
TRIED = 5
NOT_FOUND = 404


@command(
    "init --url https://example-app.herokuapp.com",
    "init --from example-app-staging --to example-app --yes",
)
@click.option("--url", metavar="URL", help=f"the listener's URL; else {URL}, else the last login's")
@click.option(
    "-f", "--from", "source", metavar="APP", help="app to promote from; else one is asked"
)
@targets(required=False)
@click.option("--name", metavar="NAME", default=NAME, help=f"call the rule so; {NAME} unless said")
@click.option("--armed", is_flag=True, help="let it promote from now on, not only watch")
@click.option("-y", "--yes", is_flag=True, help="ask nothing")
@as_json
@pass_context
def init(
    context: Context,
    url: str | None,
    source: str | None,
    targets: tuple[str, ...],
    name: str,
    armed: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """set up the first rule

    It logs in, subscribes to the source's releases, adds a rule and tries it over the past. Apps
    come from Heroku's pipelines unless you name them. The rule begins in shadow mode: it
    decides and records, and promotes nothing. What is there already is left as it is, so run it
    again if it was interrupted.
    """
    ensure_login(context, url)
    route = choose(context, source, each_of(targets), is_agreed=yes)
    check(context, route)
    subscription = ensure_webhook(context, route.source)
    rule = ensure_rule(context, name, route, mode="armed" if armed else "shadow")
    tried = context.listener.backtest(rule["name"], limit=TRIED)
    if as_json:
        say_json({"rule": rule, "subscription": subscription, "backtest": tried})
    else:
        show(rule, tried)
    if context.listener.login_client() is None:
        warn(unbound(context.listener.url))
    warn_of(rule.get("warnings", []))
    tell_next(rule)


def ensure_login(context: Context, url: str | None) -> None:
    """Log in, unless somebody did to this very listener."""
    wanted = trusted_url(url, name="--url") if url else context.find_url()
    if wanted is None:
        raise Misuse(
            "Which listener? Run `autopromote init --url https://example-app.herokuapp.com`."
        )
    is_logged_in = context.login is not None and context.login.url == wanted
    if is_logged_in or context.env.get(TOKEN):
        return
    with action(f"Logging in to {wanted}"):
        context.login = context.log_in(wanted)


def check(context: Context, route: Route) -> None:
    """Say how the apps differ, and stop where nothing could ever be promoted."""
    with action(f"Comparing ⬢ {route.source} with {', '.join(f'⬢ {t}' for t in route.targets)}"):
        diff = context.listener.diff(route.source, route.targets, release=None, repo=None)
    found = [finding for change in diff["targets"] for finding in change["parity"]]
    for finding in found:
        if finding["state"] in ("warning", "broken"):
            show_finding(finding, err=True)
    if any(finding["state"] == "broken" for finding in found):
        raise Failure("Every promotion would be rejected. Mend this first, and run it again.")


def ensure_rule(context: Context, name: str, route: Route, *, mode: str) -> Rule:
    """Add the rule, or go on with the one that does the same already."""
    with action(f"Adding rule {name} in {mode} mode") as doing:
        rule = find_rule(context, name)
        if rule is None:
            wish = {"name": name, "source": route.source, "targets": route.targets, "mode": mode}
            return context.listener.create_rule(wish)
        if not does(rule, route):
            raise Failure(
                f"Rule {name} is there already, for other apps. Call this one something else:"
                f" `autopromote init {route.words} --name NAME`."
            )
        doing.end = "done, it was there already"
        if mode == "armed" and rule["mode"] != mode:
            rule = context.listener.update_rule(name, {"mode": mode})
            doing.end = "done, it was there already and is armed now"
        elif rule["mode"] != mode:
            doing.end = f"done, it was there already and is {rule['mode']}"
        return rule


def find_rule(context: Context, name: str) -> Rule | None:
    """Return the rule of this name, if there is one."""
    try:
        return context.listener.rule(name)
    except Refused as refused:
        if refused.status == NOT_FOUND:
            return None
        raise


def does(rule: Rule, route: Route) -> bool:
    """Return whether the rule promotes exactly so; apps may be given by id."""
    source, wanted = rule["source"], set(route.targets)
    has = [{target["id"], target["name"]} for target in rule["targets"]]
    is_same_source = route.source in (source["id"], source["name"])
    return is_same_source and len(has) == len(wanted) and all(names & wanted for names in has)


def show(rule: Rule, tried: list[Backtest]) -> None:
    """Print the rule, and what it would have done."""
    show_rule(rule)
    if tried:
        section(f"What it would have done with the last {TRIED} releases")
        show_backtest(tried)


def tell_next(rule: Rule) -> None:
    """Say what to do now."""
    source, name = rule["source"]["name"], rule["name"]
    if rule["mode"] == "armed":
        tell(f"\nDeploy to ⬢ {source} as always, and see it go: `autopromote promotions`.")
        return
    tell(
        f"\nDeploy to ⬢ {source} as always, then read what would have happened:\n"
        f"  {typed(f'explain --app {source}')}\n"
        "When you trust it:\n"
        f"  {typed(f'rules:update {name} --mode armed')}"
    )
