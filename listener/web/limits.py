"""What strangers may use of a process, and which requests come first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

KIB = 1024
MIB = 1024 * KIB
JUDGE = "listener.web"  # under this name an app keeps its judge among its extensions


class Priority(IntEnum):
    """Which threads may answer a request."""

    TOLD = 0  # all of them: it is known what went wrong, and no more to be done than to say it
    FIRST = 1  # all but one
    QUICK = 2  # all but a few
    REST = 3  # whatever takes its time, as long as somebody else does
    LAST = 4  # strangers: they wait for nobody, so more threads would only take from the others


@dataclass(frozen=True, slots=True)
class Admission:
    """What the app says of a request by its head alone."""

    priority: Priority = Priority.REST
    is_trusted: bool = False  # goes last where memory is short
    reads_body: bool = True  # else the app answers without having seen one
    body: int = MIB  # bytes that are read of it at most
    is_fast: bool = False  # its fast path may answer, where the body is small


Headers = Mapping[str, Sequence[str]]  # by their names in capital letters
Judge = Callable[[str, str, Headers], Admission]


def unknown(method: str, path: str, headers: Headers) -> Admission:
    """Judge for an app that has no judge: everybody is alike."""
    return Admission()


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one process; times in seconds, sizes in bytes."""

    connections: int = 500
    buffered: int = 16 * MIB  # of all connections together
    head: int = 64 * KIB
    body: int = MIB
    trailers: int = 16 * KIB
    fast_body: int = 16 * KIB  # of what is not closed for want of memory
    head_seconds: float = 10.0
    body_seconds: float = 10.0
    body_grace: float = 4.0  # from then on the minimum rate holds
    body_rate: float = 1024.0  # bytes a second
    fast_seconds: float = 10.0
    queue_seconds: float = 30.0  # the router gives up then, and so do we
    answer_seconds: float = 20.0
    linger_seconds: float = 2.0  # for a client that still sends while we have answered
    unsent: int = 64 * KIB  # of an answer, which the kernel holds beside what is counted here
    threads: Sequence[int] = (
        17,
        16,
        14,
        12,
        2,
    )  # by priority: how many it may use with all below it
