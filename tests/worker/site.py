"""A site that a rule has checked or verified: it answers as the test says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.outbound.peer import Conversation, Peer, answer


class Site:
    """A server whose answers change; `statuses` are given first, each once."""

    def __init__(self) -> None:
        self.status = 200
        self.statuses: list[int] = []
        self.given: list[int] = []
        self.peer = Peer(self._serve)

    @property
    def url(self) -> str:
        """What a rule names."""
        return f"{self.peer.url}/healthz"

    @property
    def asked(self) -> int:
        """How often it was asked."""
        return len(self.peer.requests)

    def _serve(self, talk: Conversation) -> None:
        while talk.hear():
            self.given.append(self.statuses.pop(0) if self.statuses else self.status)
            talk.say(answer(self.given[-1]))

    @contextmanager
    def open(self) -> Iterator[Site]:
        """Answer inside the block."""
        with self.peer.listening():
            yield self
