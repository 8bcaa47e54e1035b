"""Notices load the plugins that they need, and find all that apprise by itself would find."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.worker.chats import open_chat

# What people write, and whether apprise can tell somebody by it.
URLS = {
    "json://127.0.0.1:9/": True,
    "JSONS://example.com/": True,
    " xml://example.com": True,
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general": True,
    "slack://hush-hush": False,
    "mailto://ana:hush-hush@example.com": True,
    "kodi://example.com": True,
    "tgram://123456789:abcdefg_hijklmnop/12315544/": True,
    "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ": True,
    "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js": True,
    "https://example.com/": False,
    "dbus://": False,
    "nonsense://example.com": False,
    "no-url": False,
    "": False,
}
BY_APPRISE = """
import json, sys, apprise
print(json.dumps([apprise.Apprise.instantiate(url) is not None for url in json.load(sys.stdin)]))
"""
BY_US = """
import json, sys
from listener import notifier
print(json.dumps([notifier.is_service(url) for url in json.load(sys.stdin)]))
"""
WHOSE = """
import json, apprise
from pathlib import Path
from listener import notifier
manager = apprise.NotificationManager()
folder, prefix = Path(manager.module_path), f"{manager.module_name_prefix}."
ours = lambda scheme: [Path(name).stem for name in notifier.plugins(folder, scheme)]
whose = {s: manager[s].__module__.removeprefix(prefix).split(".")[0] for s in manager.schemas()}
foreign = [plugin.__module__.removeprefix(prefix).split(".")[0] for plugin in manager.plugins()
           if plugin.parse_native_url is not apprise.NotifyBase.parse_native_url]
print(json.dumps([{s: [name, ours(s)] for s, name in whose.items()}, foreign, ours("https")]))
"""
SEND = """
import json, sys
from listener import notifier
told = [notifier.send(url, "Blocked", "Look") for url in json.load(sys.stdin)]
loaded = sorted(name for name in sys.modules if name.startswith("apprise.plugins."))
print(json.dumps([told, loaded]))
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
    return json.loads(done.stdout)


def test_a_url_is_a_service_if_it_is_one_to_apprise_with_all_its_plugins() -> None:
    assert run(BY_US, list(URLS)) == run(BY_APPRISE, list(URLS)) == list(URLS.values())


def test_the_plugin_of_every_scheme_is_found() -> None:
    whose, foreign, for_https = run(WHOSE)
    assert len(whose) > 200
    assert {scheme for scheme, (name, found) in whose.items() if name not in found} == set()
    # But for one, whose schemes only Python can read, there is no search.
    assert {name for name, found in whose.values() if len(found) > 1} == {"dbus"}
    assert len(foreign) > 30
    assert set(foreign) <= set(for_https)


def test_a_notice_loads_one_plugin() -> None:
    with open_chat() as chat:
        told, loaded = run(SEND, [chat.url, chat.url, "slack://hush-hush"])
    assert told == [True, True, False]
    assert [message["title"] for message in chat.told] == ["Blocked", "Blocked"]
    assert loaded == [f"apprise.plugins.{name}" for name in ("base", "custom_json", "slack")]
