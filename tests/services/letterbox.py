"""Where an emulated Heroku's deliveries go in these tests: kept as they came, and acknowledged."""

from __future__ import annotations

import httpx


class Letterbox(httpx.BaseTransport):
    """Takes every delivery and answers 204, unless told otherwise."""

    def __init__(self) -> None:
        self.letters: list[httpx.Request] = []
        self.status = 204

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Keep a delivery."""
        self.letters.append(request)
        return httpx.Response(self.status)


class Answering(httpx.BaseTransport):
    """A place that answers every request alike, and keeps what it was asked."""

    def __init__(self, headers: dict[str, str], status: int = 200) -> None:
        self._answer = httpx.Response(status, headers=headers)
        self.asked: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.asked.append(request)
        return self._answer
