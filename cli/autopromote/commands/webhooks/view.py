"""How a subscription looks."""

from autopromote.output import block
from autopromote.resources import Secret, Subscription
from autopromote.times import when


def show_subscription(subscription: Subscription) -> None:
    """Print a subscription, its health and the state of its secrets."""
    block(
        f"⬢ {subscription['app']['name']}",
        [
            ("URL", subscription["url"]),
            ("Level", subscription["level"]),
            ("Health", health_of(subscription)),
            ("Last delivery", when(subscription["last_delivery_at"]) or "none yet"),
            (
                "Secrets",
                "\n".join(secret_line(secret) for secret in subscription.get("secrets", [])),
            ),
            ("Webhook ID", subscription.get("heroku_id")),
            ("Created", when(subscription.get("created_at"))),
            ("ID", subscription["id"]),
        ],
    )


def health_of(subscription: Subscription) -> str:
    """Return the listener's sentence, else a word for what it found."""
    words = {True: "healthy", False: "not healthy", None: "not known yet"}
    return subscription.get("health") or words[subscription["healthy"]]


def secret_line(secret: Secret) -> str:
    """Return a secret's state: `previous, valid until 2015-11-17 17:37:41 CET (in ~ 2d)`."""
    if valid_until := secret.get("valid_until"):
        return f"{secret['state']}, valid until {when(valid_until)}"
    proved = "proved by a delivery" if secret.get("proved_at") else "not proved by a delivery yet"
    return f"{secret['state']}, {proved}"
