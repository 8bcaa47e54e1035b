"""The webhook secrets as this process remembers them: opened once, believed only when read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from listener import heroku
from listener.crypto import DecryptionError, Keys
from listener.db.subscriptions import LiveSecret
from listener.errors import Unavailable
from listener.heroku import BadSignature, VerifiedBody

MOST_NAMED = 8  # an event names its app, and that has a few secrets while they are rotated


@dataclass(frozen=True, slots=True)
class OpenedSecret:
    """A secret as it was read, and its text; None where no key of ours opens it."""

    row: LiveSecret
    text: str | None = field(repr=False)


class WebhookSecrets:
    """What was read last; threads may share it, for it is only ever replaced as a whole."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._known: tuple[OpenedSecret, ...] = ()

    @property
    def known(self) -> tuple[OpenedSecret, ...]:
        """The secrets that were live when they were last read."""
        return self._known

    def learn(self, rows: Sequence[LiveSecret]) -> tuple[OpenedSecret, ...]:
        """Remember exactly these, which are live now; open what was not open yet."""
        texts = {known.row.sealed: known.text for known in self._known}
        self._known = tuple(
            OpenedSecret(row, texts[row.sealed] if row.sealed in texts else self._open(row.sealed))
            for row in rows
        )
        return self._known

    def _open(self, sealed: bytes) -> str | None:
        try:
            return self._keys.open(sealed).decode()
        except DecryptionError:
            return None


def named_in(body: bytes, secrets: Sequence[OpenedSecret]) -> list[OpenedSecret]:
    """Return the secrets of apps that a body names: one of them makes its signature, as a rule.

    None are returned where it names many, so that a body of a stranger's takes little time.
    """
    told = set(body.split(b'"'))
    found = [secret for secret in secrets if secret.row.app_id.encode() in told]
    return found if len(found) <= MOST_NAMED else []


def find(
    secrets: Sequence[OpenedSecret], body: bytes, signature: str
) -> tuple[LiveSecret, VerifiedBody] | None:
    """Return which of the secrets made the signature, if one did, and the body, now verified."""
    for secret in secrets:
        if secret.text is not None:
            try:
                return secret.row, heroku.verify(body, signature, [secret.text])
            except BadSignature:
                continue
    return None


def refusal(secrets: Sequence[OpenedSecret]) -> BadSignature | Unavailable:
    """Build the answer to a signature that none of these live secrets made."""
    if all(secret.text is not None for secret in secrets):
        return BadSignature("No secret of ours made this signature.")
    # It may come from Heroku all the same. We refuse it for now; Heroku sends it again later.
    message = "A webhook secret cannot be opened with any SECRET_KEY."
    return Unavailable(message, id="secrets_unreadable")
