"""What every page for people has: its look, its safe headers, who uses the browser, its forms."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, g, make_response, redirect, render_template, request

from listener.api import auth
from listener.api.auth import Person
from listener.api.caller import caller
from listener.api.fields import LONGEST_REASON
from listener.api.request_body import LARGEST_FORM, content
from listener.api.services import services
from listener.core import duration
from listener.crypto import BadToken, Expired, Signed
from listener.errors import Conflict, Forbidden, Invalid
from listener.roles import Rights, Role
from listener.services.browser_login import STATE_LIFE
from listener.services.login import FORM_LIFE, Session
from listener.services.login_client import PATH as CALLBACK
from listener.services.tokens import SESSION_LIFE

COOKIE, STATE_COOKIE = auth.COOKIE, "autopromote_login"
MOST_FIELDS = 20
POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",  # with no-referrer, forms of our own come from origin null
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
OUT_OF_DATE = "This page was used already, or is too old. Look again before you answer."


def keep(answer: Response, session: Signed) -> None:
    """Have the browser keep a session."""
    answer.set_cookie(
        COOKIE,
        session.text,
        max_age=SESSION_LIFE,
        path="/",
        secure=is_secure(),
        httponly=True,
        samesite="Strict",
    )


def depart(back: str) -> Response:
    """Send the browser to Heroku, which asks who one is; it comes back to this path of ours."""
    departure = services().browser_logins.send(back, now=services().now())
    answer = see(departure.url)
    answer.set_cookie(
        STATE_COOKIE,
        departure.secret,
        max_age=STATE_LIFE,
        path=CALLBACK,
        secure=is_secure(),
        httponly=True,
        samesite="Lax",  # it comes back from Heroku's site
    )
    return answer


def end_session() -> None:
    """End the session that the browser brings, if it is good."""
    try:
        row = services().tokens.find_session(request.cookies.get(COOKIE, ""), caller())
    except BadToken:
        return
    services().tokens.log_out(row)


def is_secure() -> bool:
    """Return whether cookies are for https alone."""
    return not (services().public_url or "").startswith("http://")  # loopback alone may


def guard(response: Response) -> Response:
    """Set headers so that nobody frames, stores or refers to these pages, and they load nothing."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


# All pages share one style sheet. Its address names its content, so that browsers
# may keep it for good.
_STATIC = Path(__file__).parent / "static"
_STYLES = sorted(_STATIC.glob("*.css"), key=lambda each: (each.stem != "base", each.stem))
STYLE_SHEET = b"\n".join(each.read_bytes() for each in _STYLES)
LIVE = (_STATIC / "page.js").read_bytes()
STYLESHEET = f"/page-{hashlib.sha256(STYLE_SHEET).hexdigest()[:16]}.css"
SCRIPT = f"/page-{hashlib.sha256(LIVE).hexdigest()[:16]}.js"
# What another version would show otherwise is no longer what a browser has.
_TEMPLATES = sorted((Path(__file__).parent / "templates").glob("*.html"))
BUILD = hashlib.sha256(
    b"".join((STYLE_SHEET, LIVE, *(each.read_bytes() for each in _TEMPLATES)))
).hexdigest()[:16]
HOME, RULES, FIGURES, SESSIONS = "/", "/rules", "/figures", "/sessions"
AUDIT, DELIVERIES, DOCTOR = "/audit", "/deliveries", "/doctor"


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the menu: the name by which a page says that it is this one, its path and word.

    Who lacks the role, for some apps or for all, does not see it.
    """

    name: str
    path: str
    word: str
    role: Role = Role.VIEWER
    on: auth.On = auth.On.APPS

    def is_for(self, rights: Rights) -> bool:
        """Return whether whoever has these rights may open the page."""
        role = rights.overall if self.on is auth.On.ALL else rights.role
        return role is not None and role.covers(self.role)


# What stands in the head of each page: the first few beside each other, the others below "More".
MENU = (
    Item("lanes", HOME, "Lanes"),
    Item("rules", RULES, "Rules"),
    Item("figures", FIGURES, "Figures"),
    Item("audit", AUDIT, "Audit", Role.ADMIN, auth.On.ALL),
    Item("deliveries", DELIVERIES, "Deliveries"),
    Item("doctor", DOCTOR, "Doctor"),
    Item("sessions", SESSIONS, "Sessions"),
)
BESIDE = 3
_OURS = re.compile(
    r"/(?:figures|rules|audit|deliveries|doctor|sessions|(?:promotions|rules)/\d{1,18}"
    r"|approvals/[\w.-]{1,1000})?",
    re.ASCII,
)
NEVER = datetime.min.replace(tzinfo=UTC)  # that time goes by changes no page


def sheet(template: str, status: int = 200, **values: Any) -> Response:
    """Render a page that looks by the style sheet."""
    values = {
        "when": duration.format_moment,
        "stylesheet": STYLESHEET,
        "script": SCRIPT,
        "menu": menu_of(values.get("asker")),
        "beside": BESIDE,
        **values,
    }
    return make_response(render_template(template, **values), status)


def menu_of(asker: Person | None) -> list[Item]:
    """Return the pages that this person may open; none for a stranger."""
    return [item for item in MENU if item.is_for(asker.rights)] if asker is not None else []


def unchanged() -> Response | None:
    """Answer that what the browser has still stands, without reading it again; None to look.

    A session that was ended is found out within half a second, at any process.
    """
    tag = request.headers.get("If-None-Match", "")
    session = services().context.changes.same(_viewer(), tag) if tag else None
    if session is not None and services().tokens.passes.is_good(session):
        return Response(status=304)
    return None


def live(template: str, facts: object, number: int, **values: Any) -> Response:
    """Render a page that keeps itself up to date.

    `facts` are all that it shows, and `number` the changes that were known before they were read.
    With a form, it is new each half of a form's life: that of a page left open is never too old.
    """
    tag = tag_of((facts, _half_lives()) if "form" in values else facts)
    services().context.changes.note(_viewer(), tag, number, g.session_id)
    services().tokens.passes.note(g.session_id)
    if request.headers.get("If-None-Match") == tag:
        return Response(status=304)
    answer = sheet(template, tag=tag, as_of=f"{services().now():%H:%M:%S}", **values)
    answer.headers["ETag"] = tag
    return answer


def tag_of(facts: object) -> str:
    """Return the ETag of a page that shows these facts."""
    return f'"{hashlib.sha256(repr((BUILD, facts)).encode()).hexdigest()[:32]}"'


def _half_lives() -> int:
    """Count the halves of a form's life until now."""
    return int(services().now().timestamp() / (FORM_LIFE.total_seconds() / 2))


def _viewer() -> tuple[str, str]:
    """Return who looks at what. It opens nothing: it finds what that browser was answered."""
    text = request.cookies.get(COOKIE, "")
    return hashlib.sha256(text.encode()).hexdigest(), request.full_path


def login_page(back: str = HOME, status: int = 200, **values: Any) -> Response:
    """Show the ways to log in; afterwards the browser comes back to this path of ours."""
    can_ask = services().browser_logins.is_possible
    return sheet("page_login.html", status, back=back, can_ask_heroku=can_ask, **values)


def way_back(said: str | None) -> str:
    """Return the path that a browser names as its way back, if it is a page of ours."""
    return said if said is not None and _OURS.fullmatch(said) else HOME


def see(place: str) -> Response:
    """Send the browser to a path of ours, or to Heroku."""
    answer = make_response(redirect(place, 303))
    answer.set_data(b"")  # nothing but the way
    return answer


def find_session() -> Session | None:
    """Return whose session the browser brings; None where it brings none that is good."""
    text = request.cookies.get(COOKIE, "")
    session = services().browsers.session(text, caller()) if text else None
    g.session_id = session.id if session is not None else None
    return session


def find_looker() -> Session | None:
    """Return the same for what a script asks each second: the database is seldom asked."""
    return services().browsers.looker(request.cookies.get(COOKIE, ""), caller())


def admitted(session: Session, role: Role, on: auth.On = auth.On.APPS) -> Person:
    """Take it that the session's person asks. Raises Forbidden where the role is too low."""
    rights = services().roles.of(session.email)
    if rights is None:
        services().refusals.note("no_role", caller(), email=session.email)
        raise Forbidden(f"{session.email} has no role here (any more).", id="no_role")
    asker = Person(session.email, rights, session.expires_at)
    auth.admit(asker, role, on)
    return asker


def check_own_form() -> None:
    """Raise Forbidden where the browser tells that the form was on another site."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        is_own = site == "same-origin"
    else:  # an old browser; the scheme says nothing, for this host answers by one alone
        is_own = origin is None or origin.partition("://")[2] == request.host
    if not is_own:
        raise Forbidden("That form was on another site.", id="form_refused")


def check_form(form: str, session: Session, link: str) -> None:
    """Use a form once. Raises Conflict where it was used, Forbidden where it is not ours."""
    try:
        is_first = services().browsers.use_form(form, session, link, now=services().now())
    except Expired as error:
        raise Conflict("form_used", OUT_OF_DATE) from error
    except BadToken as error:
        message = "That form is none that we showed to you here."
        raise Forbidden(message, id="form_refused") from error
    if not is_first:
        raise Conflict("form_used", OUT_OF_DATE)


def fields() -> dict[str, str]:
    """Read the fields of the form. Raises Invalid."""
    try:
        pairs = parse_qsl(content(LARGEST_FORM).decode(), max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Invalid("The form cannot be read.") from error
    said = {name: value.strip() for name, value in pairs}
    if any("\0" in value or len(value) > LONGEST_REASON for value in said.values()):
        raise Invalid("The form says too much.")
    return said


def blueprint(name: str, prefix: str | None = None) -> Blueprint:
    """Make a blueprint of pages that look by the style sheet, and are all guarded alike."""
    bp = Blueprint(name, __name__, url_prefix=prefix)
    bp.after_request(guard)
    return bp


def left(until: datetime, *, now: datetime) -> str:
    """Say how long it is until then."""
    return duration.show_roughly(until - now)
