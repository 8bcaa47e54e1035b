"""`autopromote explain`: what every rule and gate said of a release."""

import click

from autopromote.command import command
from autopromote.commands.promotions.facts_view import show_decision
from autopromote.commands.promotions.trouble_view import show_troubles
from autopromote.commands.promotions.view import title
from autopromote.context import Context, pass_context
from autopromote.options import as_json, chosen_app, version
from autopromote.output import block, item, say_json, section
from autopromote.pages import tell_pages
from autopromote.resources import Delivery, Explanation, RuleExplanation
from autopromote.ships import show_below
from autopromote.times import when


@command("explain --app example-app-staging", "explain v42 --app example-app-staging --json")
@chosen_app
@click.argument("release", required=False, callback=version)
@as_json
@pass_context
def explain(context: Context, app: str, release: str | None, as_json: bool) -> None:
    """explain what was decided about a release, and why

    Without a release, the newest deploy is explained: what each rule and each of its gates said, by
    which facts, when that is looked at next, and the earliest time at which it could go.
    """
    explanation = context.listener.explanation(app, release)
    if as_json:
        say_json(explanation)
        return
    show_explanation(explanation)
    tell_pages(explanation.get("promotions", []))


def show_explanation(explanation: Explanation) -> None:
    """Print the summary, then all that stands behind it."""
    show_release(explanation)
    if troubles := explanation.get("troubles"):
        section("Trouble")
        show_troubles(troubles)
    if rules := explanation.get("rules"):
        section("Rules")
        show_rules(rules)
    for promotion in explanation.get("promotions", []):
        section(f"{title(promotion)}: {promotion['status']}")
        show_below(promotion.get("ships"))
        show_decision(promotion)
    if deliveries := explanation.get("deliveries"):
        section("Deliveries")
        show_deliveries(deliveries)


def show_release(explanation: Explanation) -> None:
    """Print what the release is."""
    release = explanation["release"]
    slug = release.get("slug")
    block(
        f"⬢ {explanation['app']['name']} v{release['version']}",
        [
            ("Summary", explanation["summary"]),
            ("Kind", release.get("kind")),
            ("Status", release.get("status")),
            ("Description", release.get("description")),
            ("Slug", slug["id"] if slug else None),
            ("Commit", slug.get("commit") if slug else None),
            ("Created", when(release.get("created_at"))),
        ],
    )


def show_rules(answers: list[RuleExplanation]) -> None:
    """Print what each rule says, target by target."""
    for answer in answers:
        way = f"{answer['rule']['name']} to ⬢ {answer['target']['name']}"
        item(f"{way}: {answer['says']}")


def show_deliveries(deliveries: list[Delivery]) -> None:
    """Print what Heroku delivered about the release."""
    for delivery in deliveries:
        what, outcome = (
            delivery.get("action") or "event",
            delivery.get("outcome") or "not decided yet",
        )
        item(f"{when(delivery['received_at'])} {what}: {outcome}")
