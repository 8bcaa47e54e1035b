"""Where a token may go, and what may stand in a path."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from listener.heroku import Heroku, Refused
from tests.heroku.conftest import TOKEN
from tests.outbound.peer import Peer, Script, answer, giving

Start = Callable[[Script], Peer]
Client = Callable[..., Heroku]


@pytest.mark.parametrize(
    "url",
    [
        "https://api.heroku.com",
        "https://heroku.example.com:8443/api/",
        "http://127.0.0.1:5001",
        "http://127.9.9.9",
        "http://[::1]:5001",
        "http://localhost:5001",
    ],
)
def test_a_safe_url_is_taken(client: Client, url: str) -> None:
    assert client(url).requests_left is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.heroku.com",
        "http://api.heroku.com",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "ftp://127.0.0.1",
        "https://",
        "https://ana:secret@api.heroku.com",
        "https://api.heroku.com?x=1",
        "https://api.heroku.com#x",
        "https://[::1",
        "https://api.heroku.com:port",
    ],
)
def test_an_unsafe_url_is_not(url: str) -> None:
    with pytest.raises(ValueError, match="Heroku's url") as caught:
        Heroku(TOKEN, url=url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("token", ["", " ", "two words", "line\nbreak", "tökn", "nul\x00", "x\r\n"])
def test_a_token_that_no_header_carries_is_not_taken(token: str) -> None:
    with pytest.raises(ValueError, match="A Heroku token is") as caught:
        Heroku(token)
    assert not token.strip() or token not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../account", "a/b", "a%2Fb", "a?b", "a#b", "a b", "-a", "ä", "a\n", "x" * 101],
)
def test_what_can_be_no_name_is_not_asked_for(peer: Start, client: Client, name: str) -> None:
    at = peer(giving(answer(200, {})))
    asking = client(at.url)
    asks: dict[str, Callable[[], object]] = {
        "app": lambda: asking.app(name),
        "release": lambda: asking.release("acme-prod", name),
        "slug": lambda: asking.slug("acme-prod", name),
        "webhook": lambda: asking.delete_webhook("acme-prod", name),
    }
    for thing, ask in asks.items():
        with pytest.raises(Refused) as caught:
            ask()
        assert (caught.value.status, caught.value.id) == (404, "not_found")
        assert caught.value.message == f"Couldn't find that {thing}."
    assert at.connections == 0
