"""Over TLS: only a server that we trust hears anything."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from listener.heroku import Heroku, NotSent
from listener.outbound.http import BoundedTransport
from tests.heroku import samples
from tests.outbound.peer import Conversation, Peer, answer, giving

Client = Callable[..., Heroku]
MADE = answer(201, samples.release(8))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of 127.0.0.1 that only itself vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "peer")])
    now = datetime.datetime.now(datetime.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "peer.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def server(certificate: Path) -> ssl.SSLContext:
    """What a server needs to speak TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


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
