"""Notices are plain text to every service: no words are markup, and each line stays one."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
import requests

from listener import approval_links, notifier
from listener.approval_links import Invitation
from listener.crypto import Keys
from tests.worker.chats import Chat, open_chat
from tests.worker.mailbox import open_mailbox

NEVER = datetime(2999, 1, 1, tzinfo=UTC)
TITLE = "Promotion 12 of acme-staging v4 to acme-prod failed"
WORDS = "Deploy map<string,int> & <b>x</b> [l](http://evil.example) *a* _b_ `c` &lt; <!here> @here"
BODY = f"{WORDS}\n# second line\nhttps://u.example/a_b?c=d&e=f_g\nfor ana@here.example"
MARKDOWN = (
    r"Deploy map\<string,int\> & \<b\>x\</b\> \[l\]\(http://evil.example\) \*a\* \_b\_ \`c\`"
    " \\&lt; \\<\\!here\\> @\u200bhere\n\n\\# second line\n\n"
    "https://u.example/a_b?c=d&e=f_g\n\nfor ana@\u200bhere\\.example"
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
@pytest.mark.parametrize("wish", ["", "format=text", "format=markdown", "Format=html"])
def test_whatever_a_service_reads_is_escaped(
    url: str, place: str, shown: str, wish: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, mark, channel = url.partition("#")
    url = f"{before}{mark}{channel}{'?' if wish else ''}{wish}"
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


@pytest.mark.parametrize("wish", ["", "?format=text", "?format=markdown", "?format=html"])
def test_google_chat_gets_no_link_or_mention_of_other_people(
    wish: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "<https://evil.example|Look> [Look](https://evil.example) <users/all> @all"
    url = f"gchat://workspace/key/token{wish}"
    notifier.check(url)
    with open_chat() as chat:
        there = chat.url.replace("json", "http", 1)
        target = "apprise.plugins.google_chat.NotifyGoogleChat.notify_url"
        monkeypatch.setattr(target, there)
        notifier.send(url, TITLE, words)

        [told] = chat.told
    assert "&lt;https://evil.example|Look&gt; [Look](https://evil.example)" in told["text"]
    assert told["text"].endswith(" &lt;users/all&gt; @\u200ball")


@pytest.mark.parametrize("wish", ["", "?format=text", "?format=markdown", "?format=html"])
def test_teams_gets_no_link_of_other_people(wish: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"workflow://prod-04.westus.logic.azure.com:443/643e69f83c8944/sig-abc{wish}"
    notifier.check(url)
    with open_chat() as chat:
        there, post = chat.url.replace("json", "http", 1), requests.post
        monkeypatch.setattr("requests.post", lambda _, **what: post(there, **what))
        notifier.send(url, TITLE, BODY)

        [told] = chat.told
    [text] = [
        each["text"]
        for each in told["attachments"][0]["content"]["body"]
        if each.get("id") == "body"
    ]
    assert text == MARKDOWN


@pytest.mark.parametrize("more", ["", "?format=markdown", "?format=text", "?footer=yes"])
def test_discord_rings_at_nobodys_who_is_named_in_words(
    more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "ana@acme.example @ben <@123> <@&4> https://u.example/@everyone/x a@everyone"
    url = f"discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js{more}"
    notifier.check(url)
    with open_chat() as chat:
        there = chat.url.replace("json", "http", 1).rstrip("/")
        monkeypatch.setattr("apprise.plugins.discord.NotifyDiscord.notify_url", there)
        notifier.send(url, TITLE, words)

        [told] = chat.told
    assert re.search(r"@(?!\u200b)", told["content"]) is None
    assert "https://u.example/%40everyone/x" in told["content"]
    assert told.keys().isdisjoint({"allow_mentions", "embeds"})


def test_a_link_of_ours_stays_as_it_is() -> None:
    link = approval_links.sign(Keys(["k" * 32]).links, Invitation(7, "r", "s", NEVER))
    line = f"Look and answer: https://autopromote.example.com/approvals/{link}"
    assert "@" not in line
    assert notifier.as_markdown(line).endswith(line.removeprefix("Look and answer"))
