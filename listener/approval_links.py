"""Invitations: the signed link by which somebody is asked to approve one promotion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from listener.crypto import BadToken, Signer

PATH = "/approvals/"


@dataclass(frozen=True, slots=True)
class Invitation:
    """To say yes or no, until then, to the release and slug that a promotion brings."""

    promotion_id: int
    release_id: str
    artifact: str
    expires_at: datetime


def sign(links: Signer, invitation: Invitation) -> str:
    """Sign an invitation; return the end of its link."""
    said = [invitation.promotion_id, invitation.release_id, invitation.artifact]
    return links.sign({"to": said}, until=invitation.expires_at).text


def read(links: Signer, text: str, *, now: datetime) -> Invitation:
    """Read the invitation from the end of a link. Raises BadToken, Expired."""
    said = links.read(text, now=now)
    try:
        promotion_id, release_id, artifact = said["to"]
    except (KeyError, TypeError, ValueError) as error:
        raise BadToken from error
    return Invitation(promotion_id, release_id, artifact, said["expires_at"])
