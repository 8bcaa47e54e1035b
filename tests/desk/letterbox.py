"""Where an emulated Heroku's deliveries go in these tests: kept as they came, and acknowledged."""

from __future__ import annotations

import httpx


class Letterbox(httpx.BaseTransport):
    """Takes every delivery and answers 204."""

    def __init__(self) -> None:
        self.letters: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Keep a delivery."""
        self.letters.append(request)
        return httpx.Response(204)
