"""What the tests of the client share: peers that listen, and clients that ask them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from listener.github import Credentials, GitHub, Token
from tests.outbound.peer import Peer, Script

TOKEN = "ghp_01234567_89abcdef"
WITH_TOKEN = Token(TOKEN)


@pytest.fixture
def peer() -> Iterator[Callable[[Script], Peer]]:
    """Start a server that follows a script."""
    with contextlib.ExitStack() as stack:
        yield lambda script: stack.enter_context(Peer(script).listening())


@pytest.fixture
def client() -> Iterator[Callable[..., GitHub]]:
    """Make a client of the server at a url."""
    with contextlib.ExitStack() as stack:

        def make(url: str, credentials: Credentials = WITH_TOKEN, **options: object) -> GitHub:
            made = GitHub(credentials, url=url, **options)  # type: ignore[arg-type]
            stack.callback(made.close)
            return made

        yield make
