"""The emulator on a real socket, in this process and as a program."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from demo.stage import free_port
from emulator import accounts
from emulator.__main__ import main
from emulator.server import serve
from emulator.world import World
from tests import patient
from tests.emulator.callers import ANA, TOKENS, VERSION_3

ROOT = Path(__file__).parents[2]
HEADERS = {"Authorization": f"Bearer {TOKENS[ANA]}", "Accept": VERSION_3}


@pytest.fixture
def world() -> World:
    """A world that Ana may ask."""
    made = World()
    accounts.authorize(made, accounts.ensure_account(made, ANA), token=TOKENS[ANA])
    return made


@contextmanager
def _client(url: str) -> Iterator[httpx.Client]:
    with patient.Client(base_url=url, headers=HEADERS, trust_env=False) as client:
        yield client


def test_a_connection_serves_many_requests(world: World) -> None:
    with serve(world) as host, _client(host.url) as client:
        ports = set()
        for path in ("/account", "/nothing", "/apps", "/_emulator/state"):
            answer = client.get(path)
            ports.add(answer.extensions["network_stream"].get_extra_info("client_addr")[1])

        assert len(ports) == 1


def test_a_body_may_come_in_chunks(world: World) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"scope": ["glo'
        yield b'bal"]}'

    with serve(world) as host, _client(host.url) as client:
        assert client.post("/oauth/authorizations", content=chunks()).json()["scope"] == ["global"]


def test_head_and_304_have_no_body(world: World) -> None:
    with serve(world) as host, _client(host.url) as client:
        whole = client.get("/account")
        head = client.head("/account")
        same = client.get("/account", headers={"If-None-Match": whole.headers["ETag"]})

    assert (head.status_code, head.content) == (200, b"")
    assert (same.status_code, same.content) == (304, b"")


def test_many_ask_at_once(world: World) -> None:
    with serve(world) as host, _client(host.url) as client:
        client.post("/_emulator/apps", json={"name": "staging"}).raise_for_status()
        deploy = "/_emulator/apps/staging/deploys"
        threads = [threading.Thread(target=client.post, args=(deploy,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        releases = client.get("/apps/staging/releases").json()

    assert [each["version"] for each in releases] == list(range(1, 23))
    assert [each["current"] for each in releases] == [False] * 21 + [True]


def test_output_goes_on_until_the_command_ends(world: World) -> None:
    with serve(world) as host, _client(host.url) as client:
        phase = {"name": "staging", "release_phase": {"seconds": None}}
        client.post("/_emulator/apps", json=phase).raise_for_status()
        url = client.post("/_emulator/apps/staging/deploys").json()["output_stream_url"]
        assert url.startswith(host.url)
        _until(lambda: _status(client, url) == 200)

        with client.stream("GET", url) as answer:
            pieces = answer.iter_text()
            first = next(pieces)
            client.post("/_emulator/apps/staging/releases/3", json={"status": "succeeded"})
            rest = "".join(pieces)
        head = client.head(url)
        after = client.get("/account")

    assert (first, rest) == ("Running release command...\n", "Migrated.\n")
    assert (head.status_code, head.content, after.status_code) == (200, b"", 200)


def test_deliveries_arrive_over_a_socket(world: World) -> None:
    """The receiver is another emulator: it keeps a log of what it was sent."""
    with serve(World()) as receiver, serve(world) as host, _client(host.url) as client:
        client.post("/_emulator/apps", json={"name": "staging"}).raise_for_status()
        wanted = {"include": ["api:release"], "level": "notify", "url": f"{receiver.url}/hook"}
        client.post("/apps/staging/webhooks", json=wanted).raise_for_status()
        client.post("/_emulator/apps/staging/deploys").raise_for_status()

        assert client.post("/_emulator/flush").json() == {"idle": True, "queued": 0}

        deliveries = client.get("/apps/staging/webhook-deliveries").json()
        told = [each.body["action"] for each in receiver.world.exchanges]
    assert told == ["create", "update"]
    assert [each["last_attempt"]["code"] for each in deliveries] == [406, 406]


def test_a_server_that_ended_listens_no_more(world: World) -> None:
    with serve(world, free_port()) as host, _client(host.url) as client:
        assert client.get("/account").status_code == 200

    with pytest.raises(httpx.ConnectError):
        httpx.get(host.url, trust_env=False)


def test_nonsense_ends_the_connection_and_nothing_else(world: World) -> None:
    with serve(world) as host, _client(host.url) as client:
        address = ("127.0.0.1", int(host.url.rpartition(":")[2]))
        with socket.create_connection(address, timeout=60) as raw:
            raw.sendall(b"NONSENSE\r\n\r\n")
            answer = raw.recv(1000)

        assert client.get("/account").status_code == 200
    assert b"400" in answer


@contextmanager
def _program(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`python -m emulator`, and the line that says that it is ready."""
    command = [sys.executable, "-m", "emulator", "--port", "0", *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


def test_the_program_says_where_it_listens_and_ends_at_once() -> None:
    with _program("--token", f"{TOKENS[ANA]}={ANA}", "HRKU-2=robot@example.com") as (process, line):
        words, _, url = line.strip().rpartition(" ")
        with _client(url) as client:
            account = client.get("/account").json()
            nobody = client.get(f"{url}/_github/api/v3/user", headers={"Authorization": ""})
            robot = client.get("/account", headers={"Authorization": "Bearer HRKU-2"}).json()

        assert process.stdout is not None
        hub = process.stdout.readline().removeprefix("GitHub listening on ").strip()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert (words, hub) == ("Emulator listening on", f"{url}/_github/api/v3")
    assert nobody.status_code == 401
    assert (account["email"], robot["email"]) == (ANA, "robot@example.com")


def test_the_demonstrations_world_has_a_pipeline_with_a_past() -> None:
    with _program("--seed", "demo") as (process, line):
        headers = {"Authorization": "Bearer HRKU-demo-robot", "Accept": VERSION_3}
        with httpx.Client(
            base_url=line.split()[-1], headers=headers, timeout=60, trust_env=False
        ) as client:
            apps = {app["name"]: app["id"] for app in client.get("/apps").json()}
            stages = {
                each["app"]["id"]: each["stage"]
                for each in client.get("/pipelines/acme/pipeline-couplings").json()
            }
            slugs = {
                name: [
                    each["slug"]["id"] for each in client.get(f"/apps/{name}/releases").json()[2:]
                ]
                for name in apps
            }
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0

    assert {name: stages[app_id] for name, app_id in apps.items()} == {
        "acme-staging": "staging",
        "acme-prod": "production",
        "acme-prod-eu": "production",
    }
    assert len(slugs["acme-staging"]) == 3
    assert slugs["acme-prod"] == slugs["acme-prod-eu"] == slugs["acme-staging"][:2]


@pytest.mark.parametrize("token", ["no-email", "=ana@example.com", "token="])
def test_a_token_without_email_is_misuse(token: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--token", token])

    assert ended.value.code == 2
    assert "must be like" in capsys.readouterr().err


def _status(client: httpx.Client, url: str) -> int:
    with client.stream("GET", url) as answer:
        return answer.status_code


def _until(ask: Callable[[], bool]) -> None:
    for _ in range(10_000):
        if ask():
            return
    raise AssertionError("it never came to be")
