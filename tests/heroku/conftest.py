"""What the tests of the client share: peers that listen, and clients that ask them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from listener.heroku import Heroku
from tests.outbound.peer import Peer, Script

TOKEN = "HRKU-01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture
def peer() -> Iterator[Callable[[Script], Peer]]:
    """Start a server that follows a script."""
    with contextlib.ExitStack() as stack:
        yield lambda script: stack.enter_context(Peer(script).listening())


@pytest.fixture
def client() -> Iterator[Callable[..., Heroku]]:
    """Make a client of the server at a url."""
    with contextlib.ExitStack() as stack:

        def make(url: str, **options: object) -> Heroku:
            made = Heroku(TOKEN, url=url, **options)  # type: ignore[arg-type]
            stack.callback(made.close)
            return made

        yield make
