"""Requests of tests to their own servers: on a slow machine httpx's five seconds are too few.

None of these servers speaks TLS, and to read the certificates of all authorities would take longer
than most answers.
"""

from __future__ import annotations

import ssl
from functools import partial

import httpx

SECONDS = 60.0

_TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

Client = partial(httpx.Client, timeout=SECONDS, verify=_TRUSTS_NOBODY)

get = partial(httpx.get, timeout=SECONDS, verify=_TRUSTS_NOBODY)
patch = partial(httpx.patch, timeout=SECONDS, verify=_TRUSTS_NOBODY)
post = partial(httpx.post, timeout=SECONDS, verify=_TRUSTS_NOBODY)
request = partial(httpx.request, timeout=SECONDS, verify=_TRUSTS_NOBODY)
