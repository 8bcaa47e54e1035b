"""A GitHub App: it signs for itself, and asks with the tokens of its installations."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Event
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from listener.github import App, GitHub, NotSent, RateLimited, Refused, read_key
from tests.github import samples
from tests.github.keys import KEY, pem
from tests.outbound.peer import SECONDS, Conversation, Peer, Request, Script, answer

Start = Callable[[Script], Peer]
Client = Callable[..., GitHub]
HOUR = timedelta(hours=1)


PEM = pem()
APP = App("12345", PEM)


def claims_of(request: Request) -> dict[str, Any]:
    """What a request says of the App that sent it, once its signature is known to be good."""
    head, claims, signature = request.headers["authorization"].removeprefix("Bearer ").split(".")
    content = f"{head}.{claims}".encode()
    KEY.public_key().verify(unpacked(signature), content, padding.PKCS1v15(), hashes.SHA256())
    assert json.loads(unpacked(head)) == {"alg": "RS256", "typ": "JWT"}
    found: dict[str, Any] = json.loads(unpacked(claims))
    return found


def unpacked(text: str) -> bytes:
    """The bytes of a part of a JSON Web Token."""
    assert "=" not in text
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Place:
    """Where an App is installed, for repositories whose owners have numbers."""

    lasts: timedelta = HOUR
    is_behind: timedelta = timedelta()  # its clock
    owners: dict[str, int] = field(default_factory=lambda: {"acme": 1, "other": 2})
    granted: list[int] = field(default_factory=list)  # the installation of each token
    looked_up: list[str] = field(default_factory=list)
    hold: Event | None = None  # no token is granted before it is set
    is_holding: Event = field(default_factory=Event)
    answers: dict[str, bytes] = field(default_factory=dict)  # in place of the good ones

    def __call__(self, talk: Conversation) -> None:
        while request := talk.hear():
            kind = self._kind(request.path)
            talk.say(self.answers.get(kind) or getattr(self, kind)(request))

    def _kind(self, path: str) -> str:
        ends = {"/installation": "installation", "/access_tokens": "token", "/app": "app"}
        return next((kind for end, kind in ends.items() if path.endswith(end)), "repository")

    def app(self, request: Request) -> bytes:
        claims_of(request)
        return answer(200, {"slug": "autopromote", "permissions": {"contents": "read"}})

    def installation(self, request: Request) -> bytes:
        claims_of(request)
        self.looked_up.append(request.path)
        return answer(200, {"id": self.owners[request.path.split("/")[2]]})

    def token(self, request: Request) -> bytes:
        claims_of(request)
        if self.hold is not None:
            self.is_holding.set()
            assert self.hold.wait(SECONDS)
        self.granted.append(int(request.path.split("/")[3]))
        now = datetime.now(UTC) - self.is_behind
        ends_at = (now + self.lasts).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = {"token": f"ghs_token_{len(self.granted)}", "expires_at": ends_at}
        return answer(201, body, date=format_datetime(now, usegmt=True))

    def repository(self, request: Request) -> bytes:
        number = int(request.headers["authorization"].rpartition("_")[2])
        assert self.owners[request.path.split("/")[2].lower()] == self.granted[number - 1]
        return answer(200, samples.repository(id=number))


def test_an_app_asks_with_the_token_of_each_installation(peer: Start, client: Client) -> None:
    place = Place()
    asking = client(peer(place).url, APP)

    asked = ["acme/shop", "acme/shop", "acme/docs", "other/shop", "Acme/Shop"]
    ids = [asking.repository(repo).id for repo in asked]

    assert ids == [1, 1, 1, 2, 1]
    assert place.granted == [1, 2]
    names = ("acme/shop", "acme/docs", "other/shop")
    assert place.looked_up == [f"/repos/{name}/installation" for name in names]


def test_what_it_signs_is_good_for_minutes_by_a_clock_that_may_differ(
    peer: Start, client: Client
) -> None:
    at = peer(Place())
    client(at.url, APP).repository("acme/shop")
    claims = claims_of(at.requests[0])
    assert claims["iss"] == "12345"
    assert claims["iat"] < time.time() - 30
    assert claims["exp"] - claims["iat"] == 600


def test_an_app_tells_who_it_is_and_what_it_lacks(peer: Start, client: Client) -> None:
    found = client(peer(Place()).url, APP).viewer()
    assert found.login == "autopromote[bot]"
    assert "deployments: write" in found.lacks


def test_a_token_is_renewed_before_its_end(peer: Start, client: Client) -> None:
    place = Place(lasts=timedelta(minutes=4))
    asking = client(peer(place).url, APP)
    assert [asking.repository("acme/shop").id for _ in range(3)] == [1, 2, 3]
    place.lasts = HOUR
    assert [asking.repository("acme/shop").id for _ in range(3)] == [4, 4, 4]


def test_a_token_lasts_by_the_clock_of_github(peer: Start, client: Client) -> None:
    asking = client(peer(Place(is_behind=timedelta(minutes=58))).url, APP)
    assert [asking.repository("acme/shop").id for _ in range(2)] == [1, 1]


def test_one_thread_renews_and_others_go_on_with_what_there_is(peer: Start, client: Client) -> None:
    place = Place(lasts=timedelta(minutes=4))
    asking = client(peer(place).url, APP)
    asking.repository("acme/shop")
    place.hold = Event()
    with ThreadPoolExecutor() as pool:
        renewing = pool.submit(asking.repository, "acme/shop")
        assert place.is_holding.wait(SECONDS)
        assert [asking.repository("acme/shop").id for _ in range(2)] == [1, 1]
        place.hold.set()
        assert renewing.result(SECONDS).id == 2


def test_threads_wait_for_the_one_that_gets_the_first_token(peer: Start, client: Client) -> None:
    place = Place(hold=Event())
    asking = client(peer(place).url, APP)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(asking.repository, "acme/shop") for _ in range(4)]
        assert place.is_holding.wait(SECONDS)
        assert place.hold is not None
        place.hold.set()
        assert [each.result(SECONDS).id for each in asked] == [1, 1, 1, 1]
    assert place.granted == [1]


def test_a_token_that_github_knows_no_more_is_replaced_by_the_next_request(
    peer: Start, client: Client
) -> None:
    place = Place()
    asking = client(peer(place).url, APP)
    asking.repository("acme/shop")
    place.answers = {"repository": answer(401, {"message": "Bad credentials"})}
    with pytest.raises(Refused, match="Bad credentials"):
        asking.repository("acme/shop")
    place.answers = {}
    assert asking.repository("acme/shop").id == 2


def test_where_it_is_not_installed_it_says_so_and_looks_again(peer: Start, client: Client) -> None:
    place = Place(answers={"installation": answer(404, {"message": "Not Found"})})
    asking = client(peer(place).url, APP)
    with pytest.raises(Refused, match="App is not installed for acme/shop, or"):
        asking.repository("acme/shop")
    place.answers = {}
    assert asking.repository("acme/shop").id == 1


def test_an_installation_made_anew_is_found(peer: Start, client: Client) -> None:
    place = Place(lasts=timedelta(minutes=4))
    asking = client(peer(place).url, APP)
    asking.repository("acme/shop")
    place.answers = {"token": answer(404, {"message": "Not Found"})}
    with pytest.raises(Refused):
        asking.repository("acme/shop")
    place.answers, place.owners = {}, {"acme": 7}
    assert asking.repository("acme/shop").id == 2
    assert place.granted == [1, 7]


def test_the_limit_of_one_installation_is_not_that_of_another(peer: Start, client: Client) -> None:
    place = Place()
    asking = client(peer(place).url, APP)
    place.answers = {"repository": answer(429, {"message": "Slow down"}, retry_after="60")}
    with pytest.raises(RateLimited):
        asking.repository("acme/shop")
    place.answers = {}
    assert asking.repository("other/shop").id == 2
    with pytest.raises(RateLimited):
        asking.repository("acme/shop")


@pytest.mark.parametrize(
    "body",
    [
        {"token": "two words", "expires_at": "2030-01-01T00:00:00Z"},
        {"token": "ghs_secret", "expires_at": "soon"},
        {"token": None, "expires_at": "2030-01-01T00:00:00Z"},
        [],
    ],
)
def test_a_token_that_cannot_be_used_is_none(peer: Start, client: Client, body: object) -> None:
    place = Place(answers={"token": answer(201, body)})
    with pytest.raises(NotSent, match="a token that cannot be used") as caught:
        client(peer(place).url, APP).repository("acme/shop")
    assert "ghs_secret" not in str(caught.value)


@pytest.mark.parametrize("kind", ["installation", "token"])
def test_without_a_token_a_write_is_not_in_doubt(peer: Start, client: Client, kind: str) -> None:
    place = Place(answers={kind: answer(502)})
    at = peer(place)
    with pytest.raises(NotSent, match="it gave no token to ask with"):
        client(at.url, APP).create_commit_status(
            "acme/shop", samples.sha(1), state="success", context="x"
        )
    assert [request.path for request in at.requests if "/statuses/" in request.path] == []


@pytest.mark.parametrize(
    "text",
    [PEM, PEM.replace("\n", "\\n"), PEM.replace("\n", "\r\n"), f"\n {PEM}\n", PEM.strip()],
)
def test_a_key_is_read_however_a_config_var_holds_it(text: str) -> None:
    assert read_key(text).private_numbers() == KEY.private_numbers()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        PEM[:200],
        "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n",
        pem(ec.generate_private_key(ec.SECP256R1())),
    ],
)
def test_what_is_no_rsa_key_is_not_taken_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match="it must be") as caught:
        read_key(text)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
