"""What a process keeps in memory: what it has loaded, once, and little else."""

from __future__ import annotations

import ctypes
import gc

# Of glibc's malloc.h. With an arena for each of many threads, what one has freed serves no other;
# a thread that waits for malloc here is rare, for most of the time it waits for the interpreter.
_ARENA_MAX = -8
_ARENAS = 1


def settle() -> None:
    """Keep for good what is loaded by now; call it before there are threads.

    The garbage collector does not go through it any more, which takes 0.2 s each time, and a
    process that is forked from this one shares it. Where the C library is not glibc, its threads
    allocate as it likes.
    """
    gc.collect()
    gc.freeze()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "gnu_get_libc_version"):
        libc.mallopt(_ARENA_MAX, _ARENAS)
