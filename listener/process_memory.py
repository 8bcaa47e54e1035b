"""What a process keeps in memory: what it has loaded, once, and little else."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, fields, is_dataclass
from inspect import unwrap
from reprlib import recursive_repr
from types import FunctionType
from typing import Any

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
    _share_methods()
    sys.path_importer_cache.clear()  # which files each folder has; what is still loaded looks again
    gc.collect()
    gc.freeze()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "gnu_get_libc_version"):
        libc.mallopt(_ARENA_MAX, _ARENAS)


def _share_methods() -> None:
    """Give our dataclasses one of each method that is no faster for being each's own.

    Python compiles these anew for every class: 7 kB of each, 2 MB in all. By its own `__setattr__`,
    a frozen one also keeps the class that it was before it had slots (Python 3.13).
    """
    for cls in filter(is_dataclass, _own_classes()):
        for name, shared in _SHARED.items():
            if _is_generated(vars(cls).get(name)):
                setattr(cls, name, shared)


def _own_classes() -> Iterator[type]:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == __package__:
            found = [each for each in vars(module).values() if isinstance(each, type)]
            yield from (cls for cls in found if cls.__module__ == name)


def _is_generated(method: object) -> bool:
    """Return whether it was compiled from no file."""
    return isinstance(method, FunctionType) and unwrap(method).__code__.co_filename == "<string>"


def _refuse_to_assign(_: object, name: str, __: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


@recursive_repr()
def _described(instance: Any) -> str:
    shown = [each.name for each in fields(instance) if each.repr]
    values = ", ".join(f"{name}={getattr(instance, name)!r}" for name in shown)
    return f"{type(instance).__qualname__}({values})"


_SHARED = {
    "__setattr__": _refuse_to_assign,  # of frozen ones, for others are given none
    "__delattr__": _refuse_to_delete,
    "__repr__": _described,
}


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
