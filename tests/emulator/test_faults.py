"""What goes wrong on purpose, seen from the other end of a socket."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from werkzeug.test import create_environ

from demo.stage import free_port
from emulator import accounts
from emulator.door import Door
from emulator.faults import Fault
from emulator.server import Host, serve
from emulator.world import World
from tests import patient
from tests.acceptance.town import wait_until
from tests.emulator.callers import ANA, TOKENS, VERSION_3, Caller
from tests.standing import emulator_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

RELEASES = "/apps/[^/]+/releases"


@pytest.fixture
def host() -> Iterator[Host]:
    """A Heroku on a socket, with an app that has a deploy."""
    world = World()
    ana = accounts.ensure_account(world, ANA)
    accounts.authorize(world, ana, token=TOKENS[ANA])
    port = free_port()  # it is listened on again after a while
    with serve(world, port, app=emulator_of(world)) as served:
        yield served


@pytest.fixture
def client(host: Host) -> Iterator[httpx.Client]:
    """Ana's client of it."""
    headers = {"Authorization": f"Bearer {TOKENS[ANA]}", "Accept": VERSION_3}
    with patient.Client(base_url=host.url, headers=headers, trust_env=False) as made:
        made.post("/_emulator/apps", json={"name": "staging"}).raise_for_status()
        made.post("/_emulator/apps/staging/deploys", json={}).raise_for_status()
        yield made


def _fault(client: httpx.Client, kind: str, **values: Any) -> Any:
    body = {"kind": kind, "method": "POST", "path": RELEASES, "times": 1, **values}
    return client.post("/_emulator/faults", json=body).raise_for_status().json()


def _slug(client: httpx.Client) -> str:
    release = client.get("/apps/staging/releases/3").raise_for_status().json()
    return str(release["slug"]["id"])


def _seen(client: httpx.Client) -> dict[Any, int]:
    """How many requests each fault has struck."""
    return {each["id"]: each["seen"] for each in client.get("/_emulator/faults").json()}


def _release(client: httpx.Client) -> httpx.Response:
    return client.post("/apps/staging/releases", json={"slug": _slug(client)})


def _count(client: httpx.Client) -> int:
    return len(client.get("/apps/staging/releases").raise_for_status().json())


def _last_post(client: httpx.Client) -> Any:
    log = client.get("/_emulator/requests").json()
    return [each for each in log if each["method"] == "POST"][-1]


@pytest.mark.parametrize("applied", [False, True])
def test_a_reset_comes_before_or_after_the_release(client: httpx.Client, applied: bool) -> None:
    _fault(client, "reset", applied=applied)

    with pytest.raises(httpx.ReadError):
        _release(client)

    assert _count(client) == (4 if applied else 3)
    entry = _last_post(client)
    assert (entry["status"], entry["fault"], entry["was_applied"]) == (None, "reset", applied)


@pytest.mark.parametrize("applied", [False, True])
def test_an_answer_is_cut_short(client: httpx.Client, applied: bool) -> None:
    _fault(client, "cut", applied=applied)

    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        _release(client)

    assert _count(client) == (4 if applied else 3)


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_any_status_is_answered_applied_or_not(
    client: httpx.Client, applied: bool, status: int
) -> None:
    _fault(client, "status", status=status, applied=applied)

    answer = _release(client)

    assert (answer.status_code, answer.json().keys()) == (status, {"id", "message"})
    assert answer.headers["Request-Id"]
    assert _count(client) == (4 if applied else 3)


def test_a_status_may_bring_its_own_body(client: httpx.Client) -> None:
    _fault(client, "status", status=502, body="<h1>Bad gateway</h1>")
    html = _release(client)
    _fault(client, "status", status=403, body={"id": "two_factor"}, headers={"X-Mark": "7"})
    refused = _release(client)
    _fault(client, "status", status=200, body="no json", content_type="application/json")
    odd = _release(client)

    assert (html.text, html.headers["Content-Type"]) == (
        "<h1>Bad gateway</h1>",
        "text/html; charset=utf-8",
    )
    assert (refused.json(), refused.headers["X-Mark"]) == ({"id": "two_factor"}, "7")
    assert (odd.text, odd.headers["Content-Type"]) == ("no json", "application/json")


@pytest.mark.parametrize(
    ("values", "applied"),
    [
        ({"seconds": 30}, False),
        ({"seconds": 30, "applied": True}, True),
        ({"before": 30}, False),
        ({"after": 30}, True),
    ],
)
def test_latency_comes_before_or_after_the_release(
    client: httpx.Client, values: dict[str, Any], applied: bool
) -> None:
    fault = _fault(client, "latency", **values)

    with pytest.raises(httpx.ReadTimeout):
        client.post(
            "/apps/staging/releases",
            json={"slug": _slug(client)},
            timeout=httpx.Timeout(10, read=0.3),
        )

    wait_until(lambda: _seen(client) == {fault["id"]: 1}, "the request")
    wait_until(lambda: _count(client) == (4 if applied else 3), "the release")


def test_a_request_goes_through_once_the_latency_is_over(client: httpx.Client) -> None:
    _fault(client, "latency", before=0.2, after=0.2)

    begun = time.monotonic()
    assert _release(client).status_code == 201

    assert time.monotonic() - begun >= 0.4


def test_what_it_takes_to_answer_is_a_part_of_the_latency(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def carry_out(_: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        time.sleep(0.1)  # this long it takes
        start_response("200 OK", [])
        return [b""]

    waits, seen = list[float](), list[str]()
    monkeypatch.setattr(world.closing, "wait", waits.append)
    world.faults.put(Fault("1", "latency", seconds=60, applied=True, before=1, after=2))

    def begin(status: str, *_: object) -> Any:
        seen.append(status)

    list(Door(carry_out, world)(create_environ("/apps/staging/releases"), begin))
    before, rest, after = waits
    assert (before, after, seen) == (1, 2, ["200 OK"])
    assert 0 < rest <= 59.9


def test_a_latency_may_stand_beside_another_fault(client: httpx.Client) -> None:
    _fault(client, "latency", before=0.1)
    _fault(client, "status", status=504, applied=True)

    assert _release(client).status_code == 504
    assert _count(client) == 4


def test_an_answer_trickles(client: httpx.Client) -> None:
    _fault(client, "trickle", seconds=0.0002)

    assert _release(client).json()["version"] == 4


def test_a_trickle_that_is_not_waited_for_ends(client: httpx.Client) -> None:
    _fault(client, "trickle", seconds=0.2)

    body = {"slug": _slug(client)}
    with client.stream("POST", "/apps/staging/releases", json=body) as answer:
        first = next(answer.iter_raw(1))

    assert first == b"{"
    assert _count(client) == 4


def test_faults_strike_what_they_match_as_often_as_told(client: httpx.Client) -> None:
    _fault(client, "status", status=500, times=2, skip=1)

    statuses = [_release(client).status_code for _ in range(5)]

    assert statuses == [201, 500, 500, 201, 201]
    assert client.get("/apps/staging/releases").status_code == 200


def test_a_fault_without_number_strikes_until_it_is_taken_away(client: httpx.Client) -> None:
    fault = _fault(client, "status", times=None, method="GET", path="/apps")
    before = [client.get("/apps").status_code for _ in range(3)]

    gone = client.delete(f"/_emulator/faults/{fault['id']}")

    assert before == [503, 503, 503]
    assert (gone.status_code, client.get("/apps").status_code) == (204, 200)
    assert client.delete(f"/_emulator/faults/{fault['id']}").status_code == 404


def test_all_faults_are_taken_away_at_once(client: httpx.Client) -> None:
    _fault(client, "status", times=None)

    client.delete("/_emulator/faults")

    assert _release(client).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "flood"},
        {"kind": "reset", "path": "("},
        {"kind": "reset", "times": 0},
        {"kind": "reset", "colour": "red"},
        {"kind": "latency", "seconds": "long"},
        {"kind": "reset", "applied": "yes"},
        {"kind": "status", "headers": "none"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(client: httpx.Client, body: object) -> None:
    assert client.post("/_emulator/faults", json=body).status_code == 422


def test_connections_are_refused_for_a_while(client: httpx.Client) -> None:
    assert client.get("/apps").status_code == 200
    told = client.post("/_emulator/refuse", json={"seconds": 3})

    assert told.status_code == 202
    with pytest.raises(httpx.ConnectError):
        client.get("/apps")

    wait_until(lambda: _answers(client), "an answer")
    assert _count(client) == 3


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/_emulator/state").is_success
    except httpx.ConnectError:
        return False


def test_a_reset_is_a_real_one(host: Host, client: httpx.Client) -> None:
    _fault(client, "reset", method="GET", path="/apps")
    address = (host.url.split("/")[2].split(":")[0], int(host.url.rpartition(":")[2]))

    with socket.create_connection(address, timeout=60) as raw:
        raw.sendall(b"GET /apps HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            raw.recv(1)


def test_in_process_a_fault_is_the_error_that_a_client_would_see(ana: Caller) -> None:
    slug = ana.deploy()["slug"]["id"]
    for kind, error in (("reset", httpx.ReadError), ("cut", httpx.RemoteProtocolError)):
        ana.control("faults", {"kind": kind, "path": ".*/releases", "applied": True, "times": 1})
        with pytest.raises(error):
            ana.ask("POST", "/apps/production/releases", {"slug": slug})

    assert ana.versions("production") == [1, 2, 3, 4]
    answer = ana.ask("POST", "/_emulator/refuse", {})
    assert (answer.status_code, json.loads(answer.text)["id"]) == (422, "invalid_params")
