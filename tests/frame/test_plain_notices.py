"""Notices are plain text to every service: no words are markup, and each line stays one."""

from __future__ import annotations

import re

import pytest

from listener import notifier
from tests.worker.chats import Chat, open_chat
from tests.worker.mailbox import open_mailbox

TITLE = "Promotion 12 of acme-staging v4 to acme-prod failed"
WORDS = "Deploy map<string,int> & <b>x</b> [l](http://evil.example) *a* _b_ `c` &lt; <!here> @here"
BODY = f"{WORDS}\n# second line\nhttps://u.example/a_b?c=d&e=f_g\nfor ana@here.example"
MARKDOWN = (
    r"Deploy map\<string,int\> & \<b\>x\</b\> \[l\]\(http://evil.example\) \*a\* \_b\_ \`c\`"
    " \\&lt; \\<\\!here\\> @\u200bhere\n\n\\# second line\n\n"
    "https://u.example/a_b?c=d&e=f_g\n\nfor ana@here\\.example"
)


def by(scheme: str, rest: str, chat: Chat) -> str:
    """The URL of a service of this kind, which the chat plays."""
    return f"{scheme}://{rest.format(chat.url.removeprefix('json://').rstrip('/'))}"


@pytest.mark.parametrize("wish", ["", "&format=text", "&format=markdown"])
def test_a_mail_is_the_text_as_it_is(wish: str) -> None:
    with open_mailbox() as mailbox:
        assert notifier.send(mailbox.url + wish, TITLE, BODY).is_told

        assert mailbox.part("text/plain").rstrip() == BODY
        assert mailbox.letters[0]["subject"] == TITLE


def test_a_mail_in_html_shows_the_text_and_obeys_none_of_it() -> None:
    with open_mailbox() as mailbox:
        assert notifier.send(f"{mailbox.url}&format=html", TITLE, BODY).is_told

        html = mailbox.part("text/html").replace("&nbsp;", " ")
    assert "map&lt;string,int&gt; &amp; &lt;b&gt;x&lt;/b&gt;" in html
    assert re.search(r"&lt;!here&gt; @here<br ?/># second line<br ?/>", html) is not None


@pytest.mark.parametrize(
    ("scheme", "rest", "sent"),
    [
        pytest.param("json", "{}/", BODY, id="text"),
        pytest.param("mmost", f"{{}}/{'a' * 26}", MARKDOWN, id="text, shown as Markdown"),
    ],
)
def test_a_chat_shows_the_text_as_it_is(scheme: str, rest: str, sent: str) -> None:
    with open_chat() as chat:
        assert notifier.send(by(scheme, rest, chat), TITLE, BODY).is_told

        [told] = chat.told
    said = told.get("message") or told["text"]
    assert said.replace("\r\n", "\n").removeprefix(f"{TITLE}\n") == sent


@pytest.mark.parametrize(
    ("url", "place", "shown"),
    [
        pytest.param(
            "tgram://123456789:abcdefg_hijklmnop/12315544/",
            "telegram.NotifyTelegram",
            "Deploy map&lt;string,int&gt; &amp; &lt;b&gt;x&lt;/b&gt; [l](http://evil.example) *a*",
            id="HTML",
        ),
        pytest.param(
            "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
            "slack.NotifySlack",
            "map&lt;string,int&gt; &amp; &lt;b&gt;x&lt;/b&gt; [l](http://evil.example) *a* _b_ `c`",
            id="Slack's own",
        ),
        pytest.param(
            f"ilert://{'a' * 32}",
            "ilert.NotifyILert",
            MARKDOWN,
            id="Markdown",
        ),
        pytest.param(
            "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
            "discord.NotifyDiscord",
            MARKDOWN,
            id="text, shown as Markdown",
        ),
    ],
)
def test_whatever_a_service_reads_is_escaped(
    url: str, place: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    notifier.check(url)  # loads its plugin
    with open_chat() as chat:
        there = chat.url.replace("json", "http", 1).rstrip("/") + "/"
        for name in ("notify_url", "webhook_url"):
            target = f"apprise.plugins.{place}.{name}"
            monkeypatch.setattr(target, there, raising=False)
        notifier.send(url, TITLE, BODY)

        [told] = chat.told
    found = told.get("attachments", [told])[0]
    said = next(found[name] for name in ("content", "details", "text") if name in found)
    assert shown in said.replace("\r\n", "\n")
