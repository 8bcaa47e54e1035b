"""Heroku's web login, at Heroku a host of its own: a form asks who one is, and for a yes or no.

There are no passwords here, so whoever opens it is whomever he chooses.
"""

from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template_string, request
from flask.typing import ResponseReturnValue

from emulator import accounts, oauth
from emulator.api.caller import world
from emulator.errors import InvalidParams
from emulator.records import OAuthClient

bp = Blueprint("identity", __name__)

PAGE = """<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Heroku, emulated</title>
<h1>Let {{ client.name }} know who you are?</h1>
<p>This is an emulated Heroku: there are no passwords, be whom you like.</p>
<form method="post">
<input type="hidden" name="client_id" value="{{ client.id }}">
<input type="hidden" name="scope" value="{{ scope }}">
<input type="hidden" name="state" value="{{ state }}">
<label>I am <select name="email">
{% for each in people %}<option>{{ each }}</option>{% endfor %}
</select></label>
<button name="authorize" value="Allow">Allow</button>
<button name="authorize" value="Deny">Deny</button>
</form>
"""


@bp.get("/oauth/authorize")
def ask() -> ResponseReturnValue:
    """Show the form."""
    if request.args.get("response_type") != "code":
        raise InvalidParams("Response type must be code.")
    return render_template_string(
        PAGE,
        client=_client(request.args.get("client_id", "")),
        scope=request.args.get("scope", "global"),
        state=request.args.get("state", ""),
        people=[each.email for each in world().accounts.values()],
    )


@bp.post("/oauth/authorize")
def answer() -> ResponseReturnValue:
    """Send the browser back to the client, with a code or with a no; a no tells no state."""
    said = request.form
    client = _client(said.get("client_id", ""))
    if said.get("authorize") != "Allow":
        return _back(client, {"error": "access_denied"})
    account = accounts.get_account(world(), said.get("email", ""))
    scopes = tuple(said.get("scope", "").split())
    grant = oauth.allow(world(), account, client, scopes=scopes).grant
    code = {"code": grant.code if grant else ""}
    return _back(client, code | ({"state": said["state"]} if said.get("state") else {}))


def _client(client_id: str) -> OAuthClient:
    return oauth.get_client(world(), client_id)


def _back(client: OAuthClient, said: dict[str, str]) -> ResponseReturnValue:
    return redirect(f"{client.redirect_uri}?{urlencode(said)}", 302)
