"""What a process keeps in memory: what it has loaded, once, and little else."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Callable, Iterator

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
    _let_go_of_replaced_classes()
    sys.path_importer_cache.clear()  # which files each folder has; what is still loaded looks again
    gc.collect()
    gc.freeze()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "gnu_get_libc_version"):
        libc.mallopt(_ARENA_MAX, _ARENAS)


def _let_go_of_replaced_classes() -> None:
    """Let go of what each frozen dataclass with slots was made from: a class as large, 1 MB in all.

    Python 3.13 makes a second class to have slots, and goes on to ask in `__setattr__` for the
    first.
    """
    for cls in _own_classes():
        setting = vars(cls).get("__setattr__")
        for cell in getattr(setting, "__closure__", None) or ():
            first = cell.cell_contents
            if isinstance(first, type) and first.__qualname__ == cls.__qualname__:
                cell.cell_contents = cls


def _own_classes() -> Iterator[type]:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == __package__:
            yield from (found for found in vars(module).values() if isinstance(found, type))


def made_by_child(make: Callable[[], bytes]) -> bytes | None:
    """Return what a child of this process makes; None if it did not get there.

    A process never gives back what it takes for a while, so what is large to make and small to keep
    is made elsewhere. Call it before there are threads.
    """
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as out:
                out.write(make())
            os._exit(0)  # nothing of the parent's is tidied up here
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        made = told.read()
    _, status = os.waitpid(child, 0)
    return made if status == 0 else None
