"""`/approvals/…`: the signed link by which somebody is asked to approve a promotion.

It leads to the promotion's page, as long as that brings what the link is about; its buttons are
there. It changes nothing, because link previews open it too. It asks for a login, because links
are passed on.
"""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from listener import approval_links
from listener.api.answers import Reply, replies
from listener.api.services import context, services
from listener.approval_links import Invitation
from listener.crypto import BadToken, Expired
from listener.errors import Gone, NotFound
from listener.pages import frame
from listener.roles import Role
from listener.services import approvals

bp = frame.blueprint("approvals", approval_links.PATH.rstrip("/"))


@bp.get("/<link>")
@replies(Reply(status=303, also=200, problems=(403, 404, 410), is_page=True))
def follow(link: str) -> ResponseReturnValue:
    """Lead whoever is logged in to the promotion; show the ways to log in to everybody else."""
    invitation = _invitation(link)
    session = frame.find_session()
    if session is None:
        about = f"Promotion {invitation.promotion_id} waits for approval."
        return frame.login_page(f"{approval_links.PATH}{link}", about=about)
    frame.admitted(session, Role.VIEWER)
    approvals.check_invited(context(), invitation)
    return frame.see(f"/promotions/{invitation.promotion_id}")


def _invitation(link: str) -> Invitation:
    try:
        return approval_links.read(services().keys.links, link, now=services().now())
    except Expired as error:
        message = "This link has expired: the time to approve is over."
        raise Gone("link_expired", message) from error
    except BadToken as error:
        raise NotFound("link", "There is no such link. Was it copied whole?") from error
