"""The emulator on a real socket, one thread per connection."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from emulator.app import REFUSE, create_app
from emulator.wire import Server
from emulator.world import World


class Host:
    """A world that listens on an address of this machine."""

    def __init__(
        self, world: World, host: str = "127.0.0.1", port: int = 0, app: Flask | None = None
    ) -> None:
        self.world = world
        app = app or create_app(world)
        app.extensions[REFUSE] = self.refuse
        self._application = app.wsgi_app
        self._server = self._listen((host, port))
        self._address: tuple[str, int] = (host, self._server.server_address[1])
        self.url = world.url = f"http://{host}:{self._address[1]}"

    def refuse(self, seconds: float, keep: object = None) -> None:
        """Refuse connections for so many seconds, and close the open ones except `keep`."""
        self._stop_listening(keep)
        threading.Thread(target=self._listen_again, args=(seconds,), daemon=True).start()

    def stop(self) -> None:
        """Close the world, and stop listening."""
        self.world.close()
        self._stop_listening(None)

    def _listen(self, address: tuple[str, int]) -> Server:
        server = Server(address, self._application, self.world.closing)
        threading.Thread(
            target=server.serve_forever, args=(0.05,), name="emulator", daemon=True
        ).start()
        return server

    def _stop_listening(self, keep: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up(keep)

    def _listen_again(self, seconds: float) -> None:
        if not self.world.closing.wait(seconds):
            self._server = self._listen(self._address)


@contextmanager
def serve(
    world: World | None = None,
    port: int = 0,
    host: str = "127.0.0.1",
    app: Flask | None = None,
) -> Iterator[Host]:
    """Serve a world (by default an empty one) on a real socket until the block ends.

    An app that is given stands in front of this world already.
    """
    served = Host(world or World(), host, port, app)
    try:
        yield served
    finally:
        served.stop()
