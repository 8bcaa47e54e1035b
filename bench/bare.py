"""The peer of the door: a Flask route that checks the signature and keeps nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from flask import Flask, abort, request
from flask.typing import ResponseReturnValue

app = Flask("bare")
KEY = os.environ["BARE_SECRET"].encode()


@app.post("/webhooks/heroku")
def receive() -> ResponseReturnValue:
    """Verify the body, and answer."""
    made = base64.b64encode(hmac.digest(KEY, request.get_data(), hashlib.sha256))
    given = request.headers.get("Heroku-Webhook-Hmac-SHA256", "").encode()
    return ("", 204) if hmac.compare_digest(made, given) else abort(401)
