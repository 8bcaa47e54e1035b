"""What is signed verifies; whatever differs does not, and nothing makes it stumble."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import listener
from listener.heroku import BadSignature, matches, sign, verify

PAYLOAD = Path(__file__).parent / "payloads" / "release-update.json"
secrets = st.text(min_size=1)


@pytest.mark.parametrize(
    ("body", "secret", "signature"),
    [
        (b"a wild payload appeared", "foobar", "luDEVkRg2AxxcflGmamyN5mOPleyccUZdkg+C0MoRBY="),
        (
            json.dumps(json.loads(PAYLOAD.read_bytes()), separators=(",", ":")).encode(),
            "test-secret",
            "PcobvJru6MssNLelty9armdo/YG9HY+2GTRXZDgAUYw=",
        ),
    ],
)
def test_signs_as_heroku_does(body: bytes, secret: str, signature: str) -> None:
    assert sign(body, secret) == signature


@given(st.binary(), secrets)
def test_what_is_signed_verifies(body: bytes, secret: str) -> None:
    assert verify(body, sign(body, secret), [secret]).content == body


@given(st.binary(), st.binary(), secrets)
def test_another_body_does_not(body: bytes, other: bytes, secret: str) -> None:
    assert matches(other, sign(body, secret), secret) == (other == body)


@given(st.binary(), st.text(), st.text())
def test_a_signature_of_anything_else_does_not(body: bytes, signature: str, secret: str) -> None:
    assert not matches(body, signature, secret)


@given(st.binary(), secrets, st.lists(secrets))
def test_any_of_several_secrets_will_do(body: bytes, secret: str, others: list[str]) -> None:
    assert verify(body, sign(body, secret), [*others, secret]).content == body


@pytest.mark.parametrize("secret_list", [[], [""], ["other"], ["other", ""]])
def test_without_the_secret_it_is_refused(secret_list: list[str]) -> None:
    with pytest.raises(BadSignature):
        verify(b"body", sign(b"body", "secret"), secret_list)


def test_an_empty_secret_never_counts() -> None:
    assert not matches(b"body", sign(b"body", ""), "")


@pytest.mark.parametrize("signature", ["", " ", "ü", "\ud800", "luDE", "=" * 44, "\x00"])
def test_garbage_is_refused(signature: str) -> None:
    with pytest.raises(BadSignature):
        verify(b"body", signature, ["secret", "s\ud800cret", "sécret"])


def test_a_signature_must_be_whole() -> None:
    signature = sign(b"body", "secret")
    assert not matches(b"body", signature[:-1], "secret")
    assert not matches(b"body", f"{signature}\n", "secret")


def test_the_body_does_not_show() -> None:
    assert "wild" not in repr(verify(b"wild", sign(b"wild", "secret"), ["secret"]))


def test_nobody_else_makes_a_verified_body() -> None:
    """GitHub's client has a type of its own, of the same name."""
    root = Path(listener.__file__).parent
    code = [path for path in root.rglob("*.py") if "VerifiedBody(" in path.read_text()]
    makers = {str(path.relative_to(root)) for path in code}
    assert makers == {"github/signature.py", "heroku/signature.py"}
