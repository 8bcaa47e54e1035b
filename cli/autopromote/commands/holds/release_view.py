"""How it looks what a release of holds would let go, and what it let go."""

from collections.abc import Callable

from autopromote.commands.holds.view import line, planned_line
from autopromote.output import say, tell
from autopromote.plain import plain_line
from autopromote.released import Freed, Released, ReleaseForeseen
from autopromote.resources import Promotion
from autopromote.ships import sentence


def show_foreseen(foreseen: ReleaseForeseen, *, err: bool = False) -> None:
    """Print the holds that would end, those that stay, and what would become of what waits."""
    put: Callable[[str], None] = tell if err else say
    lines = [f"Would release {line(hold)}" for hold in foreseen["holds"]]
    lines += [planned_line(hold) for hold in foreseen.get("planned", [])]
    lines += [each for target in foreseen["targets"] for each in lines_of(target)]
    if not foreseen["targets"] and foreseen.get("message"):
        lines.append(foreseen["message"] or "")
    for each in lines:
        put(plain_line(each))


def lines_of(target: Freed) -> list[str]:
    """Return what would become of all that waits for a target."""
    name = f"⬢ {target['app']['name']}"
    if still := target.get("still"):
        return [f"{name}: Still, {still}."]
    waiting = [
        f"{name}: {each['message']}{ships_of(each['promotion'])}" for each in target["waiting"]
    ]
    return waiting or [f"{name}: Nothing waits for {target['app']['name']}."]


def ships_of(promotion: Promotion) -> str:
    """Return what ships with it as a sentence more, if somebody told it."""
    said = sentence(promotion.get("ships"))
    return f" Ships: {said}" if said else ""


def show_released(released: Released) -> None:
    """Print each hold that ended, each that stays, what was cancelled, and what goes next."""
    for hold in released["released"]:
        say(plain_line(f"Released {line(hold)}"))
    for hold in released.get("planned", []):
        say(plain_line(planned_line(hold)))
    for one in released.get("cancelled", []):
        source, target = one["source"], one["target"]["app"]["name"]
        what = f"v{source['release']['version']} of ⬢ {source['app']['name']} to ⬢ {target}"
        say(plain_line(f"Cancelled promotion {one['id']} of {what}"))
    for following in released["next"]:
        goes = following["promotion"]
        ships = ships_of(goes) if goes is not None else ""
        say(plain_line(f"⬢ {following['app']['name']}: {following['message']}{ships}"))
    if not released["next"] and released.get("message"):
        say(plain_line(released["message"] or ""))
