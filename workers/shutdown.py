"""How everything is stopped: in order, politely, and within 40 s."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Sequence
from types import FrameType
from typing import Any, Self

from workers.processes import Process

GRACE_SECONDS = {"door": 11.0, "beat": 5.0, "worker": 28.0, "flower": 5.0}
"""A task hands over after 10 s and is ended after 20; what is killed after all is worked off after its lease."""
TOGETHER = (("door", "beat"), ("worker",), ("flower",))
"""First what brings work, then what does it, last what shows it."""


class Interrupts:
    """Turn SIGINT and SIGTERM into KeyboardInterrupt, once; what comes while all is stopped only hurries it."""

    def __init__(self) -> None:
        self.hurry = threading.Event()
        self.stopping = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Take the signals, where this is the main thread, which alone may."""
        if threading.current_thread() is threading.main_thread():
            self._before = {name: signal.signal(name, self._handle) for name in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back."""
        for name, handler in self._before.items():
            signal.signal(name, handler)

    def _handle(self, _: int, __: FrameType | None) -> None:
        if self.stopping:
            self.hurry.set()
            return
        self.stopping = True
        raise KeyboardInterrupt


def stop(processes: Sequence[Process], *, interrupts: Interrupts) -> None:
    """End all processes: the doors and beat, the workers when they have finished what runs, Flower."""
    interrupts.stopping = True
    for names in TOGETHER:
        group = [process for process in processes if process.name in names]
        for process in group:
            process.ask_to_end()
        asked_at = time.monotonic()
        for process in group:
            left = GRACE_SECONDS[process.name] - (time.monotonic() - asked_at)
            process.ended_within(left, hurry=interrupts.hurry)
            process.kill()  # also what the process has left behind
