"""Tune Python's garbage collector, and the C library's memory, for processes that parse many documents."""

import ctypes
import gc
import sys

YOUNG_OBJECTS = 50_000
"""New containers that start a collection. The documents of one request are as many, and hold no cycles."""


def tune_gc() -> None:
    """Freeze the objects of the start (modules, settings, code) and collect rarely.

    The collector took a third of the API's CPU time and a tenth of a worker's. Objects that are in no cycle are still
    freed at once.
    """
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 50)


_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
"""Numbers of glibc's `mallopt`."""
MAPPED_BYTES = 256 * 1024
"""A larger block is mapped by itself and returned to the system when it is freed."""
ARENAS = 2
"""Else every thread keeps an arena of its own, as large as the largest body it has read."""


def tune_malloc() -> None:
    """Let large bodies leave no memory behind: without it, 16 threads kept the size of their largest one each."""
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, MAPPED_BYTES)
        mallopt(_ARENA_MAX, ARENAS)
