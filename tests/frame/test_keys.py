"""Keys: what is sealed opens, with any key we have; a token names what we signed, for its time."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.crypto import (
    BadToken,
    Cipher,
    DecryptionError,
    Expired,
    Keys,
    TokenClaim,
    derived,
)

OLD, NEW = "o" * 32, "n" * 32
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIFE = timedelta(hours=12)


@given(st.binary())
def test_what_is_sealed_opens(content: bytes) -> None:
    keys = Keys([NEW])
    assert keys.open(keys.seal(content)) == content


def test_a_seal_hides_what_it_holds() -> None:
    assert b"hush" not in Keys([NEW]).seal(b"hush")


def test_an_older_key_still_opens() -> None:
    assert Keys([NEW, OLD]).open(Keys([OLD]).seal(b"hush")) == b"hush"


def test_the_newest_key_seals() -> None:
    assert Keys([NEW]).open(Keys([NEW, OLD]).seal(b"hush")) == b"hush"


@pytest.mark.parametrize(
    "sealed", [b"", b"nonsense", Keys([OLD]).seal(b"hush")], ids=["empty", "nonsense", "older"]
)
def test_what_no_key_opens_is_said(sealed: bytes) -> None:
    with pytest.raises(DecryptionError):
        Keys([NEW]).open(sealed)


def test_each_purpose_has_keys_of_its_own() -> None:
    keys = Keys([NEW])
    with pytest.raises(DecryptionError):
        keys.bodies.open(keys.secrets.seal(b"hush"))


def test_renewing_seals_with_the_newest_key_once() -> None:
    seal = Keys([NEW, OLD]).secrets
    renewed = seal.renew(Keys([OLD]).seal(b"hush"))

    assert renewed is not None
    assert Keys([NEW]).open(renewed) == b"hush"
    assert seal.renew(renewed) is None


@given(st.binary())
def test_a_body_that_is_sealed_opens(content: bytes) -> None:
    keys = Keys([NEW])
    assert keys.bodies.open(keys.bodies.seal(content)) == content


def test_a_body_takes_less_sealed_than_plain() -> None:
    body = b'{"data": {"id": "01234567-89ab-cdef-0123-456789abcdef"}}' * 10
    sealed = Keys([NEW]).bodies.seal(body)
    assert len(sealed) < len(body) / 2
    assert body[:8] not in sealed


def of_fernet(key: str, body: bytes) -> bytes:
    """A body as it was sealed before it was packed."""
    return Cipher([derived(key, "delivery bodies")]).seal(body)


def packed_by_fernet(key: str, body: bytes) -> bytes:
    """A body as it was sealed before there was AES-GCM."""
    return base64.urlsafe_b64decode(of_fernet(key, zlib.compress(body)))


@pytest.mark.parametrize("before", [of_fernet, packed_by_fernet])
def test_a_body_in_a_form_of_before_opens_and_is_renewed(
    before: Callable[[str, bytes], bytes],
) -> None:
    body = b'{"data": {}}' * 50
    sealed = before(OLD, body)
    keys = Keys([NEW, OLD])
    assert keys.bodies.open(sealed) == body

    renewed = keys.bodies.renew(sealed)
    assert renewed is not None
    assert len(renewed) < len(sealed)
    assert Keys([NEW]).bodies.open(renewed) == body
    assert keys.bodies.renew(before(NEW, body)) is None


@pytest.mark.parametrize("length", [0, 1, 5, 13, 20, -1])
def test_a_body_that_was_cut_or_changed_does_not_open(length: int) -> None:
    sealed = Keys([NEW]).bodies.seal(b"body")
    for broken in (sealed[:length], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(DecryptionError):
            Keys([NEW, OLD]).bodies.open(broken)


def test_no_two_seals_of_a_body_are_alike() -> None:
    bodies = Keys([NEW]).bodies
    assert bodies.seal(b"body") != bodies.seal(b"body")


def test_a_packed_body_is_renewed_once() -> None:
    keys = Keys([NEW, OLD])
    renewed = keys.bodies.renew(Keys([OLD]).bodies.seal(b"body"))

    assert renewed is not None
    assert Keys([NEW]).bodies.open(renewed) == b"body"
    assert keys.bodies.renew(renewed) is None


def test_what_no_key_opens_is_not_renewed() -> None:
    with pytest.raises(DecryptionError):
        Keys([NEW]).secrets.renew(Keys([OLD]).seal(b"hush"))


@pytest.mark.parametrize("none", [[], [""], [NEW, ""]])
def test_an_empty_key_is_none(none: list[str]) -> None:
    with pytest.raises(ValueError, match="empty"):
        Keys(none)


def test_a_token_names_a_row_and_tells_until_when() -> None:
    keys = Keys([NEW])
    token = keys.tokens.sign({"id": "7"}, until=NOON + LIFE)

    assert keys.read_token(token.text, now=NOON) == TokenClaim("7", NOON + LIFE)
    assert token.text not in repr(token)


@pytest.mark.parametrize("said", [{}, {"email": "ana@acme.com"}, {"id": 7}, {"id": None}])
def test_what_names_no_row_is_no_token(said: dict[str, object]) -> None:
    keys = Keys([NEW])
    with pytest.raises(BadToken):
        keys.read_token(keys.tokens.sign(said, until=NOON + LIFE).text, now=NOON)


def test_a_token_ends() -> None:
    keys = Keys([NEW])
    token = keys.tokens.sign({"id": "7"}, until=NOON + LIFE)

    keys.read_token(token.text, now=NOON + LIFE - timedelta(seconds=1))
    with pytest.raises(BadToken):
        keys.read_token(token.text, now=NOON + LIFE)


def test_tokens_outlive_a_new_key_but_not_the_loss_of_theirs() -> None:
    token = Keys([OLD]).tokens.sign({"id": "7"}, until=NOON + LIFE).text

    assert Keys([NEW, OLD]).read_token(token, now=NOON).id == "7"
    with pytest.raises(BadToken):
        Keys([NEW]).read_token(token, now=NOON)


def test_the_newest_key_signs() -> None:
    token = Keys([NEW, OLD]).tokens.sign({"id": "7"}, until=NOON + LIFE).text
    assert Keys([NEW]).read_token(token, now=NOON).id == "7"


@given(st.text())
def test_nothing_else_is_a_token(text: str) -> None:
    with pytest.raises(BadToken):
        Keys([NEW]).read_token(text, now=NOON)


@given(st.integers(min_value=0, max_value=200), st.characters())
def test_a_changed_token_is_none(place: int, letter: str) -> None:
    keys = Keys([NEW])
    token = keys.tokens.sign({"id": "7"}, until=NOON + LIFE).text
    place %= len(token) - 1  # the last letter has spare bits
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        with pytest.raises(BadToken):
            keys.read_token(changed, now=NOON)


def test_what_is_signed_for_one_purpose_is_good_for_no_other() -> None:
    keys = Keys([NEW])
    signed = keys.links.sign({"email": "ana@acme.com"}, until=NOON + LIFE)
    assert keys.links.read(signed.text, now=NOON)["email"] == "ana@acme.com"
    for other in (keys.sessions, keys.forms, Keys([OLD]).links):
        with pytest.raises(BadToken):
            other.read(signed.text, now=NOON)
    with pytest.raises(BadToken):
        keys.read_token(signed.text, now=NOON)
    with pytest.raises(Expired):
        keys.links.read(signed.text, now=signed.expires_at)


def test_what_signs_nothing_but_a_list_is_no_token() -> None:
    keys = Keys([NEW])
    with pytest.raises(BadToken):
        keys.links.read(str(keys.links._serializer.dumps([1])), now=NOON)  # noqa: SLF001


def test_the_digest_of_a_code_tells_nothing_without_the_key() -> None:
    assert Keys([NEW, OLD]).digest("code") == Keys([NEW]).digest("code")
    assert Keys([NEW]).digest("code") not in {Keys([OLD]).digest("code"), "code"}
