"""The next step after an error of the listener's, where its own sentence names none."""

HINTS = {
    "hold_not_found": "Run `autopromote holds` for a list.",
    "promotion_not_found": "Run `autopromote promotions` for a list.",
    "rule_not_found": "Run `autopromote rules` for a list.",
    "subscription_not_found": "Run `autopromote webhooks:add` to add one.",
    "target_held": "Run `autopromote holds` for a list.",
}


def with_hint(message: str, error_id: str | None) -> str:
    """Return the message, and what can be done about it."""
    hint = HINTS.get(error_id or "")
    return f"{message}\n{hint}" if hint and "`autopromote " not in message else message
