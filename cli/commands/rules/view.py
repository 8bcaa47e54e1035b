"""How a rule looks."""

from cli.output import block
from cli.resources import Rule, Target
from cli.times import when


def show_rule(rule: Rule) -> None:
    """Print a rule, and from which release on it acts on each target."""
    block(
        rule["name"],
        [
            ("Source", f"⬢ {rule['source']['name']}"),
            ("Targets", "\n".join(target_line(target) for target in rule["targets"])),
            ("Mode", rule["mode"]),
            ("Strategy", rule.get("strategy")),
            ("On newer", rule.get("on_newer")),
            ("Revision", str(rule.get("revision") or "")),
            ("Created", when(rule.get("created_at"))),
            ("Updated", when(rule.get("updated_at"))),
            ("By", rule.get("created_by")),
            ("ID", rule["id"]),
        ],
    )


def target_line(target: Target) -> str:
    """Return the target's name and its baseline: `⬢ example-app (acts from v43 on)`."""
    note, name = target.get("baseline_note"), f"⬢ {target['name']}"
    return f"{name} ({note})" if note else name
