"""Deliveries of any shape at the door: what is not signed is not accepted, and breaks nothing.

Most go to the functions that judge and read them; some, whole and broken, over real sockets.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.http import errors as refusals  # type: ignore[import-untyped]
from hypothesis.strategies import (
    SearchStrategy,
    binary,
    booleans,
    builds,
    just,
    one_of,
    sampled_from,
    text,
)

from listener.api.early import DOOR
from listener.heroku import (
    HEADER,
    BadSignature,
    Event,
    EventRelease,
    MalformedEvent,
    parse,
    verify,
)
from listener.heroku.signature import VerifiedBody
from listener.web.limits import MIB, Limits
from listener.web.reading import Head, body_of
from reliability.dice import JSON, Bites, bites, bitten, bitten_by, changed, throw
from reliability.ground import Ground, await_
from reliability.late import Post

UNSIGNED = "unsigned-"  # in the ids of deliveries that nobody signed
ANSWER = re.compile(rb"^HTTP/1\.[01] (\d{3})", re.MULTILINE)
PATIENCE_SECONDS = 10.0  # for the answer to a whole request
SILENCE_SECONDS = 0.1  # for one to what may be none
SETTLED_WITHIN_SECONDS = 120.0
LARGEST_NUMBER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Delivery:
    """A body, the signature beside it, and whether one of our secrets made that."""

    body: bytes
    signature: bytes
    is_signed: bool


@dataclass
class DoorTrial:
    """What was sent and answered, and what did not hold."""

    ground: Ground
    wrong: list[str] = field(default_factory=list)
    judged: int = 0
    sent: int = 0
    accepted: int = 0
    _signed: set[str] = field(default_factory=set)  # keys that a row may have
    _kept: list[tuple[str, str]] = field(
        default_factory=list
    )  # and those of which it must have one

    def run(self, number: int, chance: Random) -> None:
        """Try so many deliveries at the functions, and a tenth over sockets."""
        post = Post(self.ground, chance)
        some = post.any_of(chance)
        samples = [json.loads(next(some)[0]) for _ in range(20)]
        secrets = post.secrets_in_use()
        throw(
            deliveries(samples, secrets), number, chance.getrandbits(32), self._judge_body(secrets)
        )
        throw(heads(samples, secrets), number // 2, chance.getrandbits(32), self._judge_head)
        sent = max(number // 10, 1)
        throw(deliveries(samples, secrets), sent, chance.getrandbits(32), self._deliver)
        throw(heads(samples, secrets), sent, chance.getrandbits(32), self._send_raw)
        self._without_database(samples, secrets, chance)
        self._check_rows()

    # The functions themselves.

    def _judge_body(self, secrets: Sequence[str]) -> Callable[[Delivery], None]:
        def judge(one: Delivery) -> None:
            self.judged += 1
            try:
                verified = verify(one.body, one.signature.decode("latin-1"), secrets)
            except BadSignature:
                self._expect(not one.is_signed, f"refused a signed delivery: {one}")
                return
            self._expect(one.is_signed, f"verified an unsigned delivery: {one}")
            self._read(verified)

        return judge

    def _read(self, body: VerifiedBody) -> None:
        try:
            event = parse(body)
        except MalformedEvent:
            return
        except Exception as error:  # noqa: BLE001 - it is told with all else that did not hold
            self.wrong.append(f"parse raised {error!r} of {body.content[:300]!r}")
            return
        for name, value in _values(event):
            self._expect(_can_be_stored(value), f"{name} {value!r} of an event cannot be stored")

    def _judge_head(self, sent: tuple[bytes, Delivery]) -> None:
        self.judged += 1
        inbox, limits = bytearray(sent[0]), Limits()
        try:
            request = Head(Config(), ("127.0.0.1", 1), 1, limits).read(inbox)
            if request is not None:
                body_of(request, limits, MIB).read(inbox)
        except (refusals.ParseException, OSError):
            pass
        except Exception as error:  # noqa: BLE001 - as above
            self.wrong.append(f"reading {sent[0][:300]!r} raised {error!r}")

    # Over sockets.

    def _deliver(self, one: Delivery) -> None:
        """Send a whole request: signed ones are accepted, others not."""
        statuses = self._exchange(_request(one), PATIENCE_SECONDS)
        self._note(one, statuses)
        allowed = {204} if one.is_signed else {400, 401}
        self._expect(len(statuses) == 1 and set(statuses) <= allowed, f"{statuses} answers {one}")

    def _send_raw(self, sent: tuple[bytes, Delivery]) -> None:
        """Send bytes that may be no request at all: nothing breaks, only what is signed counts."""
        statuses = self._exchange(sent[0], SILENCE_SECONDS)
        self._note(sent[1], statuses)
        if 204 in statuses:
            self._expect(sent[1].is_signed, f"accepted unsigned: {sent[0][:300]!r}")
        self._expect(all(each < 500 for each in statuses), f"{statuses} answers {sent[0][:600]!r}")

    def _note(self, one: Delivery, statuses: Sequence[int]) -> None:
        self.sent += 1
        self.accepted += statuses.count(204)
        if one.is_signed:
            keys = _keys(one.body)
            self._signed.update(keys)
            if 204 in statuses:
                self._kept.append(keys)

    def _exchange(self, data: bytes, patience: float) -> list[int]:
        [web] = self.ground.of("web")
        heard = b""
        with socket.create_connection(("127.0.0.1", self.ground.port_of(web)), 10) as client:
            client.settimeout(patience)
            with suppress(OSError):  # it may be closed before all is sent, or stay silent
                client.sendall(data)
                while part := client.recv(65536):
                    heard += part
        return [int(status) for status in ANSWER.findall(heard)]

    def _without_database(
        self, samples: Sequence[Any], secrets: Sequence[str], chance: Random
    ) -> None:
        """While the database is away, what is signed hears 503: Heroku sends it again."""
        self.ground.database.crash()
        try:
            for _ in range(5):
                body = json.dumps(chance.choice(samples)).encode()
                for secret, allowed in ((chance.choice(secrets), {503}), ("other", {401, 503})):
                    one = Delivery(body, sign(body, secret), is_signed=secret != "other")
                    statuses = self._exchange(_request(one), 2 * PATIENCE_SECONDS)
                    self._note(one, statuses)
                    what = "signed" if one.is_signed else "unsigned"
                    said = f"{statuses} answers a {what} delivery without a database"
                    self._expect(len(statuses) == 1 and set(statuses) <= allowed, said)
        finally:
            self.ground.database.start()
        await_(self.ground.is_ready, lambda: "the listener", SETTLED_WITHIN_SECONDS)

    # What is stored.

    def _check_rows(self) -> None:
        """Each delivery stored was signed, each accepted is stored, and all come to an end."""
        with suppress(Exception):  # what has not ended is counted below
            await_(lambda: not self._unsettled(), lambda: "deliveries", SETTLED_WITHIN_SECONDS)
        self._expect(not self._unsettled(), f"{self._unsettled()} deliveries come to no end")
        rows = {row[0] for row in self.ground.database.ask("SELECT key FROM delivery")}
        heroku = self.ground.heroku
        told = {one["id"] for app in heroku.names().values() for one in heroku.deliveries(app)}
        self.wrong += [f"stored and never signed: {key}" for key in rows - self._signed - told]
        lost = [keys for keys in self._kept if not rows.intersection(keys)]
        self.wrong += [f"accepted and not stored: {keys}" for keys in lost]

    def _unsettled(self) -> int:
        query = "SELECT count(*) FROM delivery WHERE settled_at IS NULL"
        return int(self.ground.database.ask(query)[0][0])

    def _expect(self, is_so: bool, otherwise: str) -> None:
        if not is_so:
            self.wrong.append(otherwise[:1500])


# Deliveries.


def deliveries(samples: Sequence[Any], secrets: Sequence[str]) -> SearchStrategy[Delivery]:
    """Return deliveries about true and untrue things, half of them signed."""
    signed, unsigned = samples[::2], [_renamed(each) for each in samples[1::2]]
    return one_of(
        [builds(_signed, _bodies(said), sampled_from(secrets)) for said in signed]
        + [
            builds(_unsigned, _bodies(said), sampled_from(FORGERIES), WORDS, just(tuple(secrets)))
            for said in unsigned
        ]
    )


def _renamed(said: Any) -> Any:
    """Return the delivery under another id, so that nobody confuses it with one that was signed."""
    id = f"{UNSIGNED}{said['webhook_metadata']['delivery']['id']}"
    return {**said, "webhook_metadata": {**said["webhook_metadata"], "delivery": {"id": id}}}


def _bodies(said: Any) -> SearchStrategy[bytes]:
    whole, other = just(_written(said)), changed(said).map(_written)
    deep = builds(
        lambda times, end: b"[" * times + end,
        sampled_from([10, 900, 1100, 50_000]),
        binary(max_size=3),
    )
    plain = binary(max_size=300) | JSON.map(_written) | deep
    return one_of(whole, bitten(whole), other, other, other, other, plain)


def _signed(body: bytes, secret: str) -> Delivery:
    return Delivery(body, sign(body, secret), is_signed=True)


def _unsigned(body: bytes, forge: Forgery, word: str, secrets: tuple[str, ...]) -> Delivery:
    signature = forge(body, word, secrets[len(word) % len(secrets)])
    return Delivery(body, signature, signature in {sign(body, each) for each in secrets})


Forgery = Callable[[bytes, str, str], bytes]
WORDS = text(alphabet=[chr(code) for code in range(33, 256) if code != 127], max_size=60)
FORGERIES: tuple[Forgery, ...] = (
    lambda body, word, _: sign(body, word),
    lambda body, _, __: sign(body, ""),
    lambda _, __, secret: sign(b"", secret),
    lambda body, _, secret: sign(body + b"\n", secret),
    lambda body, _, secret: sign(body[:-1], secret),
    lambda body, _, secret: sign(body, secret)[:-1],
    lambda body, _, secret: sign(body, secret) + b"=",
    lambda body, _, secret: sign(body, secret).swapcase(),
    lambda body, _, secret: b",".join([sign(body, secret)] * 2),
    lambda body, _, secret: base64.b64decode(sign(body, secret)).hex().encode(),
    lambda _, word, __: word.encode("latin-1"),
    lambda _, word, __: base64.b64encode(hashlib.sha256(word.encode()).digest()),
    lambda _, __, ___: b"",
)


def heads(samples: Sequence[Any], secrets: Sequence[str]) -> SearchStrategy[tuple[bytes, Delivery]]:
    """Return the bytes of requests that were bitten, and the delivery that each began as."""
    return builds(
        _bitten_request,
        deliveries(samples, secrets),
        booleans(),
        sampled_from(ODD),
        sampled_from(["head", "head", "body", "nothing"]),
        bites(),
    )


def _bitten_request(
    one: Delivery, is_chunked: bool, more: bytes, where: str, bite: Bites
) -> tuple[bytes, Delivery]:
    whole = _request(one, is_chunked=is_chunked, more=more)
    end = whole.index(b"\r\n\r\n") + 4
    head, rest = whole[:end], whole[end:]
    if where == "head":
        return bitten_by(head, bite) + rest, one
    if where == "body":
        rest = bitten_by(rest, bite)
        is_same = is_chunked or rest.startswith(one.body)  # chunks may say it in other bytes
        return head + rest, replace(one, is_signed=one.is_signed and is_same)
    return whole, one


ODD = (
    b"",
    b"Expect: 100-continue\r\n",
    b"Expect: 200-maybe\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer-Encoding: x\r\n",
    b"Content-Encoding: gzip\r\n",
    b"X-Forwarded-For: ,,\xff, 1.2.3.4\r\n",
    b"X-Request-Id: " + b"a" * 500 + b"\r\n",
    b"Host: a b\r\n",
    b"Host: [::1\r\n",
    b"Cookie: a=b; =; \xff\r\n",
    b"Connection: upgrade\r\nUpgrade: h2c\r\n",
    HEADER.encode() + b": " + b"A" * 43 + b"=\r\n",
    HEADER.encode().replace(b"-", b"_") + b": " + b"A" * 43 + b"=\r\n",
    b"A: b\r\n" * 200,
    b"A: " + b"b" * 70_000 + b"\r\n",
)


def sign(body: bytes, secret: str) -> bytes:
    """Sign a body as Heroku does; written anew here, so that the listener's own is tried."""
    digest = hmac.digest(secret.encode("utf-8", "surrogatepass"), body, hashlib.sha256)
    return base64.b64encode(digest)


def _request(one: Delivery, *, is_chunked: bool = False, more: bytes = b"") -> bytes:
    head = b"POST %s HTTP/1.1\r\nHost: fuzz\r\nConnection: close\r\n" % DOOR.encode()
    head += HEADER.encode() + b": " + one.signature + b"\r\n" + more
    if not is_chunked:
        return head + b"Content-Length: %d\r\n\r\n" % len(one.body) + one.body
    pieces = [one.body[at : at + 100] for at in range(0, len(one.body), 100)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


def _written(said: Any) -> bytes:
    return json.dumps(said).encode()


def _keys(body: bytes) -> tuple[str, str]:
    """Return the keys that a row of this body may have: its digest, or the id that it tells."""
    digest = hashlib.sha256(body).hexdigest()
    try:
        told = json.loads(body)["webhook_metadata"]["delivery"]["id"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return digest, digest
    return digest, str(told)


def _values(event: Event) -> list[tuple[str, Any]]:
    release = event.release
    parts: list[Event | EventRelease] = [event] if release is None else [event, release]
    found = [(name, getattr(part, name)) for part in parts for name in part.__slots__]
    return [pair for pair in found if isinstance(pair[1], (str, int))]


def _can_be_stored(value: str | int) -> bool:
    """Whether a column takes it: PostgreSQL has no NUL, no half of a pair and no larger number."""
    if isinstance(value, int):
        return abs(value) <= LARGEST_NUMBER
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value
