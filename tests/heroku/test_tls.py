"""Over TLS: only a server that we trust hears anything."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from listener.heroku import Heroku, NotSent
from listener.outbound.http import BoundedTransport
from tests.heroku import samples
from tests.outbound.peer import Conversation, Peer, answer, giving

Client = Callable[..., Heroku]
MADE = answer(201, samples.release(8))


def post(heroku: Heroku) -> int:
    """Release a slug; tells the version."""
    return heroku.create_release("acme-prod", slug=samples.SLUG_ID, description="words").version


def test_a_server_that_is_trusted_is_asked(
    certificate: Path, server: ssl.SSLContext, client: Client
) -> None:
    trusting = BoundedTransport(ssl_context=ssl.create_default_context(cafile=certificate))
    with Peer(giving(MADE), tls=server).listening() as at:
        asking = client(at.url, transport=trusting)
        assert post(asking) == 8
        assert asking.release("acme-prod", "8").version == 8


def test_a_server_that_is_not_trusted_hears_nothing(server: ssl.SSLContext, client: Client) -> None:
    with Peer(giving(MADE), tls=server).listening() as at:
        with pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):
            post(client(at.url))
        assert at.end() == "reset"
        assert at.requests == []


def test_a_server_that_speaks_no_tls_hears_nothing(client: Client) -> None:
    def script(talk: Conversation) -> None:
        talk.sock.recv(65536)
        talk.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with Peer(script).listening() as at:
        with pytest.raises(NotSent, match="SSL"):
            post(client(f"https://127.0.0.1:{at.port}"))
        assert at.requests == []
