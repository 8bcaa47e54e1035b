"""How a promotion looks: as a row, as a line, and in full."""

import sys

import click

from autopromote import ships
from autopromote.output import block, fold, item, paint, say, section, spoken_line, tell
from autopromote.plain import plain_line
from autopromote.renaming import renamed
from autopromote.resources import (
    Approvals,
    Destination,
    Gate,
    Moment,
    Override,
    Promotion,
    PromotionInFull,
    Source,
    Vote,
    WaitsFor,
)
from autopromote.tables import table
from autopromote.times import earliest, is_past, when

COLUMNS = ("ID", "Status", "Release", "Target", "Ships", "Rule", "Created", "Earliest", "Reason")
SPARE = ("Rule", "Created")  # on a narrow terminal
SIGNS = {
    "pass": ("✓", "good"),
    "wait": ("◷", "quiet"),
    "reject": ("✗", "bad"),
    "error": ("!", "warning"),
}


def show_promotions(promotions: list[Promotion]) -> None:
    """Print a row for each promotion."""
    table(COLUMNS, [row(promotion) for promotion in promotions], spare=SPARE)


def row(promotion: Promotion) -> tuple[str | None, ...]:
    """Return the promotion as a row of the table."""
    return (
        promotion["id"],
        promotion["status"],
        released(promotion["source"]),
        released(promotion["target"]),
        ships.in_cell(promotion.get("ships")),
        origin(promotion),
        when(promotion["created_at"]),
        not_before(promotion),
        in_row(promotion),
    )


def not_before(promotion: Promotion) -> str | None:
    """Return the earliest time at which it can go, as long as that is to come."""
    earliest_at = promotion.get("earliest_at")
    return when(earliest_at) if earliest_at and not is_past(earliest_at) else None


def in_row(promotion: Promotion) -> str | None:
    """Return what it waits for, or the reason, beside columns that name its apps and versions."""
    text, release = why(promotion), promotion["target"]["release"]
    if release is not None and text == f"Released as v{release['version']}.":
        return None
    source, target = promotion["source"]["app"]["name"], promotion["target"]["app"]["name"]
    return renamed(text or "", {target: "target", source: "source"})


def why(promotion: Promotion) -> str:
    """Return what a promotion waits for, by the gate that lets go last; else the reason."""
    waits_for = promotion.get("waits_for")
    return waits_for["message"] if waits_for else promotion["reason"]


def released(place: Source | Destination) -> str:
    """Return app and version: `⬢ example-app v44`; the app alone before there is a release."""
    release = place["release"]
    version = release["version"] if release else None
    name = f"⬢ {place['app']['name']}"
    return name if version is None else f"{name} v{version}"


def origin(promotion: Promotion) -> str:
    """Return the rule's name, or that a person made it, or that the rule is hidden."""
    if promotion["rule"]:
        return promotion["rule"]["name"]
    return "by hand" if promotion["by_hand"] else "a rule that you may not see"


def line(promotion: Promotion) -> str:
    """Return what a promotion is about, its status and why: `Promotion 42 of …: waiting (…)`."""
    reason = why(promotion)
    return f"{title(promotion)}: {promotion['status']}" + (f" ({reason})" if reason else "")


def title(promotion: Promotion) -> str:
    """Return which promotion it is: `Promotion 42 of ⬢ example-app-staging v42 to …`."""
    source, target = released(promotion["source"]), released(promotion["target"])
    is_rollback = promotion.get("kind") == "rollback"
    if is_rollback:
        return f"Rollback {promotion['id']} of {target}"
    return f"Promotion {promotion['id']} of {source} to {target}"


def show_line(promotion: Promotion) -> None:
    """Print that line."""
    say(plain_line(line(promotion)))


def show_promotion(promotion: PromotionInFull) -> None:
    """Print everything that is known of a promotion."""
    slug = promotion["source"]["slug"]
    by, waits_for = promotion.get("created_by"), promotion.get("waits_for")
    earliest_at = promotion.get("earliest_at")
    block(
        f"Promotion {promotion['id']}",
        [
            ("Status", promotion["status"]),
            ("Waits for" if waits_for else "Reason", why(promotion)),
            ("Earliest", earliest(earliest_at) if earliest_at else None),
            ("Looked at next", when(promotion["due_at"])),
            ("Release", released(promotion["source"])),
            ("Slug", slug["id"]),
            ("Commit", slug.get("commit")),
            ("Target", released(promotion["target"])),
            *ships.fields(promotion.get("ships")),
            ("Verified", verified(promotion)),
            ("Rule", f"{origin(promotion)}, {by}" if by else origin(promotion)),
            ("Found by", promotion.get("found_by")),
            ("Approvals", approvals(promotion.get("approvals"))),
            ("Set aside", override(promotion.get("override"))),
            ("Created", when(promotion["created_at"])),
            ("Ended", when(promotion.get("ended_at"))),
        ],
    )
    ships.show_in_full(promotion.get("ships"))
    if promotion["gates"]:
        section("Gates")
        show_gates(promotion["gates"])
    if timeline := promotion.get("timeline"):
        section("Timeline")
        show_timeline(timeline)
    if waits_for and (command := lets_go(promotion, waits_for)):
        tell(f"Use `autopromote {command}` to let it go on.")


def lets_go(promotion: Promotion, waits_for: WaitsFor) -> str | None:
    """Return the command by which a person lets it go on, where there is one."""
    gate = next((each for each in promotion["gates"] if each["name"] == waits_for["gate"]), None)
    if gate is None or not waits_for["needs_person"]:
        return None
    if hold := gate["facts"].get("hold"):
        return f"holds:release {hold}"
    is_asked = gate["name"] in ("approvals", "brake") or gate["facts"].get("needs") == "word"
    return f"promotions:approve {promotion['id']}" if is_asked else None


def verified(promotion: Promotion) -> str | None:
    """Return how well production answered since the release: `4 of 5 answers were good, …`."""
    seen = promotion.get("verification")
    if not seen:
        return None
    counted = f"{seen['good']} of {seen['asked']} answers were good"
    row = f", the last {seen['in_a_row']} in a row" if seen["asked"] else ""
    bad = f", the last bad one: {seen['last_bad']}" if seen["last_bad"] else ""
    if not seen["until"]:
        return f"{counted}{row}{bad}"
    ends = f"{seen['of']} in all until {when(seen['until'])}, then {seen['on_failure']} if bad"
    return f"{counted}{row}{bad}; {ends}"


def approvals(said: Approvals | None) -> str | None:
    """Return `1 of 2`, and a line for each who said something; nothing where nobody is asked.

    No count where nobody is needed any more: whoever was asked had said yes.
    """
    if said is None or not (said["needed"] or said["given"]):
        return None
    given = sum(word["approved"] for word in said["given"])
    counted = [f"{given} of {said['needed']}"] if said["needed"] else []
    return "\n".join([*counted, *map(word_line, said["given"])])


def word_line(word: Vote) -> str:
    """Return what one person said: `approved by bo@example.com`."""
    reason = f": {word['reason']}" if word.get("reason") else ""
    return plain_line(f"{'approved' if word['approved'] else 'rejected'} by {word['by']}{reason}")


def override(said: Override | None) -> str | None:
    """Return the gates that were set aside, by whom and why."""
    if said is None:
        return None
    holds = f" (hold {', '.join(said['holds'])})" if said.get("holds") else ""
    return plain_line(f"{', '.join(said['gates'])}{holds} by {said['by']}: {said['reason']}")


def show_gates(gates: list[Gate]) -> None:
    """Print each gate with a sign, in the order in which they were asked."""
    width = max((len(plain_line(gate["name"])) for gate in gates), default=0)
    for gate in gates:
        show_gate(gate, width)


def show_gate(gate: Gate, width: int) -> None:
    """Print a line like `✓ source   v44 succeeded`."""
    sign, colour = SIGNS.get(gate["verdict"], ("?", "warning"))
    until = f" Until {when(gate.get('until'))}." if gate.get("until") else ""
    text = spoken_line(f"{gate['message']}{until}") or gate["verdict"]
    taken = width + 4
    first, *more = fold(text, sys.stdout, taken=taken)
    click.echo(f"{paint(sign, colour)} {plain_line(gate['name']).ljust(width)}  {first}")
    for line in more:
        click.echo(f"{' ' * taken}{line}")


def show_timeline(moments: list[Moment]) -> None:
    """Print what happened, in the order in which the listener tells it."""
    for moment in moments:
        item(f"{when(moment['at'])} {moment['message']}")
