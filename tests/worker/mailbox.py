"""A mail server on loopback that takes every letter."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

from typing_extensions import override


@dataclass
class Mailbox:
    """What apprise sends to by `mailto://`."""

    url: str
    letters: list[EmailMessage] = field(default_factory=list)

    def part(self, kind: str) -> str:
        """The part of this type, of the only letter."""
        [letter] = self.letters
        [part] = [each for each in letter.walk() if each.get_content_type() == kind]
        return str(part.get_content()).replace("\r\n", "\n")


class Talk(socketserver.StreamRequestHandler):
    """One client's SMTP."""

    @override
    def handle(self) -> None:
        self._say("220 ready")
        while line := self.rfile.readline():
            match line.split(maxsplit=1)[0].upper():
                case b"DATA":
                    self._say("354 go on")
                    self._take()
                    self._say("250 taken")
                case b"QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 yes")

    def _take(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        letter = message_from_bytes(b"".join(lines), policy=policy.default)
        cast("Server", self.server).mailbox.letters.append(letter)

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class Server(socketserver.ThreadingTCPServer):
    """One mailbox."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        host = f"127.0.0.1:{self.server_address[1]}"
        self.mailbox = Mailbox(f"mailto://{host}/?from=robot@example.com&to=ana@example.com")


@contextmanager
def open_mailbox() -> Iterator[Mailbox]:
    """A mailbox that takes letters as long as the block lasts."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.mailbox
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
