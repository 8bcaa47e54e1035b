"""How a hold looks: as a row, as a line, and in full."""

from autopromote.output import block
from autopromote.renaming import renamed
from autopromote.resources import Hold
from autopromote.times import when


def row(hold: Hold, *, with_released: bool) -> list[str | None]:
    """Return a hold as a row of the table."""
    cells = [
        hold["id"],
        place(hold),
        hold.get("kind"),
        hold["by"],
        when(hold["created_at"]),
        when(hold["from"]),
        when(hold["until"]),
    ]
    app = {hold["app"]["name"]: "the app"} if hold["app"] else {}
    reason = renamed(hold["reason"], app)
    return [*cells, *([when(hold.get("released_at"))] if with_released else []), reason]


def place(hold: Hold) -> str:
    """Return what the hold is on."""
    if hold["app"]:
        return f"⬢ {hold['app']['name']}"
    but = ", ".join(f"⬢ {app['name']}" for app in hold.get("except", []))
    return f"every target but {but}" if but else "every target"


def line(hold: Hold) -> str:
    """Return which hold it is: `hold 3 on ⬢ example-app by ana@example.com: launch day`."""
    return f"hold {hold['id']} on {place(hold)} by {hold['by']}: {hold['reason']}"


def planned_line(hold: Hold) -> str:
    """Return that a hold is still to come, and which command ends it."""
    begins, ends = when(hold["from"]), when(hold["until"])
    times = f" from {begins}" * bool(begins) + f" until {ends}" * bool(ends)
    return f"Still planned{times}: {line(hold)}"


def show_hold(hold: Hold) -> None:
    """Print everything that is known of a hold."""
    released, by = when(hold.get("released_at")), hold.get("released_by")
    block(
        f"Hold {hold['id']}",
        [
            ("On", place(hold)),
            ("Reason", hold["reason"]),
            ("Kind", hold.get("kind")),
            ("By", hold["by"]),
            ("Created", when(hold["created_at"])),
            ("From", when(hold["from"])),
            ("Until", when(hold["until"])),
            ("Released", f"{released}, {by}" if released and by else released),
        ],
    )
