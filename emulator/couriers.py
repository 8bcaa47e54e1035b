"""Couriers send deliveries: one thread per webhook, so that no webhook waits for another."""

from threading import Thread

import httpx

from emulator import deliveries
from emulator.deliveries import Errand, Result
from emulator.state import State


class Couriers:
    """Starts a courier thread when a queue fills; the thread ends when the queue is empty."""

    def __init__(self, world: State, transport: httpx.BaseTransport | None) -> None:
        self._world = world
        self._transport = transport
        self._client: httpx.Client | None = None
        self._threads: dict[str, Thread] = {}

    def wake(self, webhook_id: str) -> None:
        """Make sure that a thread works on this queue; the caller holds the world's lock."""
        if webhook_id in self._threads or self._world.closing.is_set():
            return
        if self._client is None:
            self._client = _client(self._world.pace.delivery_timeout, self._transport)
        thread = Thread(
            target=self._run, args=(webhook_id, self._client), name="courier", daemon=True
        )
        self._threads[webhook_id] = thread
        thread.start()

    def close(self) -> None:
        """Stop all couriers; the caller has already set `closing`."""
        with self._world.lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(1)
        if self._client is not None:
            self._client.close()

    def _run(self, webhook_id: str, client: httpx.Client) -> None:
        while (errand := self._next(webhook_id)) is not None:
            result = _send(client, errand)
            with self._world.changed:
                deliveries.record(self._world, errand, result)
                self._world.changed.notify_all()

    def _next(self, webhook_id: str) -> Errand | None:
        """Return the next attempt once it is due.

        Returns None when the queue is empty or the world closes; the thread then ends.
        """
        world = self._world
        with world.changed:
            while not world.closing.is_set():
                delivery = deliveries.find_next(world, webhook_id)
                if delivery is None:
                    break
                if delivery.due_at <= world.now():
                    return deliveries.prepare(world, delivery)
                world.clock.wait(world.changed, delivery.due_at)
            del self._threads[webhook_id]
            return None


def _client(timeout: float, transport: httpx.BaseTransport | None) -> httpx.Client:
    return httpx.Client(
        timeout=timeout, transport=transport, follow_redirects=False, trust_env=False
    )


def _send(client: httpx.Client, errand: Errand) -> Result:
    try:
        answer = client.post(errand.url, content=errand.body, headers=errand.headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Result(error_class=type(error).__name__)
    except RuntimeError:  # the client was closed because the world ends
        return Result(error_class="Closed")
    return Result(code=answer.status_code)
