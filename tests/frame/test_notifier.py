"""Whom notices may be sent to, and that they load the plugins that they need alone."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest
from typing_extensions import override

from listener import notifier
from listener.notifier import FIXED, BadService, check, send, send_for_rule
from listener.prober import Prober
from tests.worker.chats import open_chat

A32, UUID = "a" * 32, "aaaaaaaa-bbbb-4bbb-8ccc-dddddddddddd"
TEAMS = "prod-161.westeurope.logic.azure.com"
# A URL for each scheme, and the only host that is asked.
HOSTS = {
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js": "discord.com",
    f"firehydrant://{A32}": "signals.firehydrant.com",
    "flock://aaaaaaaaaaaaaaaaaaaaaaaa": "api.flock.com",
    "gchat://workspace/key/token": "chat.googleapis.com",
    f"ilert://{A32}": "api.ilert.com",
    "incidentio://token/source": "api.incident.io",
    f"opsgenie://{UUID}?action=new": "api.opsgenie.com",
    f"pagerduty://{A32}@bbbbbbbbbbbbbbbbbbbb": "events.pagerduty.com",
    f"pbul://{A32}aa": "api.pushbullet.com",
    "pover://uuuuuuuuuuuuuuuuuuuuuuuuuuuuuu@tttttttttttttttttttttttttttttt": "api.pushover.net",
    "signl4://secret0001": "connect.signl4.com",
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general": "hooks.slack.com",
    f"spike://{A32}": "api.spike.sh",
    f"splunk://routing@{UUID}": "alert.victorops.com",
    f"squadcast://{A32}": "api.squadcast.com",
    "tgram://123456789:abcdefg_hijklmnop/12315544/": "api.telegram.org",
    f"twilio://AC{A32}:{A32}@15551234567/15557654321": "api.twilio.com",
    f"victorops://routing@{UUID}": "alert.victorops.com",
    f"webex://{'a' * 80}": "api.ciscospark.com",
    f"workflow://{TEAMS}:443/643e69f83c8944/sig-abc": TEAMS,
    f"workflows://{TEAMS}:443/643e69f83c8944/sig-abc": TEAMS,
    f"wxteams://{'a' * 80}": "api.ciscospark.com",
    "zoom://webhookid/token": "inbots.zoom.us",
    "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ": (
        "hooks.slack.com"
    ),
    "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js": "discord.com",
}
SLACK = next(url for url in HOSTS if url.startswith("slack:"))
DISCORD = next(url for url in HOSTS if url.startswith("discord:"))
MAY_NOT = {
    "mailto://ana:hush-hush@example.com": "a rule cannot tell mailto://…; it can tell discord,",
    "form://127.0.0.1/": "a rule cannot tell form://…",
    "xml://127.0.0.1/": "a rule cannot tell xml://…",
    "dbus://hush": "a rule cannot tell dbus://…",
    "apprise://127.0.0.1/hush": "a rule cannot tell apprise://…",
    "https://example.com/hush": "a rule cannot tell https://…",
    "https://hooks.slack.com.example/services/hush": "a rule cannot tell https://…",
    "https://hooks.slack.com:8443/services/hush": "a rule cannot tell https://…",
    "https://hooks.slack.com:x/hush": "a rule cannot tell https://…",
    "http://hooks.slack.com/services/hush": "a rule cannot tell http://…",
    "nonsense://hush": "a rule cannot tell nonsense://…",
    "no-url": "a rule cannot tell …",
    "slack://hush-hush": "apprise cannot read that slack://…",
    f"{SLACK.partition('#')[0]}?verify=no": "verify= may not be said",
    f"{DISCORD}?template=http://127.0.0.1/hush": "template= may not be said",
    f"{DISCORD}?redirect=yes&format=text": "redirect= may not be said",
    f"{DISCORD}?rto=9999": "rto= may not be said",
    f"{DISCORD}?keyfile=/etc/passwd": "keyfile= may not be said",
    f"{DISCORD}?+X-Own=1": "may not be said",
    f"{DISCORD}?:own=1": "may not be said",
    "workflows://127.0.0.1:443/643e69f83c8944/hush": "it is no workflow at logic.azure.com",
    f"workflows://{TEAMS}.example/643e69f83c8944/hush": "it is no workflow at logic.azure.com",
    f"workflows://{TEAMS}:8443/643e69f83c8944/hush": "it is no workflow at logic.azure.com",
    "json://127.0.0.1/?method=PUT": "method= may not be said",
    "json://127.0.0.1/?+X-Own=1": "may not be said",
    "json:///hush": "it is no URL like json://…",
    "json://xn--/hush": "it is no URL like json://…",
    "json://[hush/": "it is no URL like json://…",
    "json://example.com/#hush": "it is no URL like json://…",
}
LOADED = """
import json, sys
from listener import notifier
from listener.prober import Prober
prober, (ours, rules) = Prober(allow_private=True), json.load(sys.stdin)
told = [notifier.send(url, "Blocked", "Look").is_told for url in ours]
told += [notifier.send_for_rule(prober, url, "Blocked", "Look").is_told for url in rules]
print(json.dumps([told, sorted(n for n in sys.modules if n.startswith("apprise.plugins."))]))
"""
WHOSE = """
import json, apprise
from listener.notifier import FIXED, _OTHERS
manager, ours = apprise.NotificationManager(), {**FIXED, **_OTHERS}
whose = {scheme: manager[scheme].__module__.split(".")[2] for scheme in ours}
print(json.dumps([whose, {scheme: name.removesuffix(".py") for scheme, name in ours.items()}]))
"""


def run(script: str, given: object = None) -> Any:
    """What a process of its own prints: apprise keeps what it has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@dataclass
class Gateway:
    """A proxy that lets nothing through, and notes to which hosts somebody wanted to connect."""

    url: str = ""
    wanted: list[str] = field(default_factory=list)


class _Refusing(BaseHTTPRequestHandler):
    def do_CONNECT(self) -> None:
        cast("_Server", self.server).gateway.wanted.append(self.path)
        self.send_error(403)

    def do_POST(self) -> None:  # without encryption
        self.do_CONNECT()

    def do_GET(self) -> None:
        self.do_CONNECT()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Refusing)
        self.gateway = Gateway(f"http://127.0.0.1:{self.server_address[1]}")


@contextmanager
def open_gateway() -> Iterator[Gateway]:
    """A proxy that listens as long as the block lasts."""
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.gateway
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_every_scheme_that_a_rule_may_name_has_one_host(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {notifier.shown(url).removesuffix("://…") for url in HOSTS} == {*FIXED, "https"}
    with open_gateway() as gateway:
        monkeypatch.setenv("HTTPS_PROXY", gateway.url)
        monkeypatch.setenv("HTTP_PROXY", gateway.url)
        asked = {}
        for url in HOSTS:
            gateway.wanted.clear()
            assert not send_for_rule(Prober(), url, "Blocked", "Look").is_told
            asked[url] = {host.lower() for host in gateway.wanted}
    assert asked == {url: {f"{host}:443"} for url, host in HOSTS.items()}


@pytest.mark.parametrize("url", HOSTS)
def test_no_service_follows_redirects_or_trusts_any_certificate(url: str) -> None:
    service = notifier._read(url)  # noqa: SLF001 - what it is sent by
    assert (service.redirects, service.verify_certificate) == (False, True)


@pytest.mark.parametrize(("url", "words"), MAY_NOT.items())
def test_what_a_rule_may_not_name_is_refused_and_told_nothing(url: str, words: str) -> None:
    with pytest.raises(BadService) as refused:
        check(url)
    assert words in str(refused.value)
    assert "hush" not in str(refused.value)
    assert send_for_rule(Prober(allow_private=True), url, "Blocked", "Look").is_told is False


def test_a_rule_tells_a_url_by_our_own_prober() -> None:
    with open_chat() as chat:
        url = chat.url.replace("//", "//ana:s%20t@") + "room?-id=7"
        check(url)
        told = send_for_rule(Prober(allow_private=True), url, "Blocked", "Look")
        assert (told.is_told, told.message) == (True, "It answered 200.")
        refused = send_for_rule(Prober(), url, "Blocked", "Look")
    assert not refused.is_told
    assert "127.0.0.1 leads to a loopback address" in refused.message
    assert chat.told == [
        {
            "version": "1.0",
            "title": "Blocked",
            "message": "Look",
            "type": "info",
            "attachments": [],
        }
    ]


def test_the_operator_s_own_url_may_be_whatever_apprise_reads() -> None:
    with open_chat() as chat:
        assert send(chat.url, "Blocked", "Look").is_told
        assert not send("nonsense://example.com", "Blocked", "Look").is_told
    assert [message["title"] for message in chat.told] == ["Blocked"]


def test_the_plugin_of_every_known_scheme_is_the_one_that_apprise_takes() -> None:
    whose, ours = run(WHOSE)
    assert whose == ours


def test_a_notice_loads_one_plugin() -> None:
    with open_chat() as chat:
        told, loaded = run(LOADED, [[chat.url], [chat.url, "slack://hush-hush"]])
    assert told == [True, True, False]
    assert loaded == [f"apprise.plugins.{name}" for name in ("base", "custom_json", "slack")]
