"""Stop all processes: in order and within 40 s, or after Ctrl-C together and within three."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Sequence
from types import FrameType
from typing import Any, Self

from workers import interrupts
from workers.local.processes import Process

GRACE_SECONDS = {"api": 11.0, "beat": 5.0, "worker": 28.0, "flower": 5.0}
"""A task stops after 10 s and is killed after 20. Work that is killed is done again after its lease."""
STOP_ORDER = (("api", "beat"), ("worker",), ("flower",))
"""The sources of work first, then the worker, then Flower."""
HURRY_SECONDS = 0.5
"""Time for all processes together after Ctrl-C."""


class Terminated(KeyboardInterrupt):
    """SIGTERM from an init system or from `souschef stop`."""


class SignalHandlers:
    """Turn SIGINT into KeyboardInterrupt and SIGTERM into Terminated, once; Ctrl-C during the stop speeds it up."""

    def __init__(self) -> None:
        self.hurry = threading.Event()
        self.stopping = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Install the handlers if this is the main thread; Python allows it there only."""
        if threading.current_thread() is threading.main_thread():
            self._before = {name: signal.signal(name, self._handle) for name in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the earlier handlers."""
        for name, handler in self._before.items():
            signal.signal(name, handler)

    def _handle(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGINT:
            self.hurry.set()
            interrupts.begin("Stopping everything; unfinished work is done again at the next start.")
        if self.stopping:
            self.hurry.set()
            return
        self.stopping = True
        if number == signal.SIGTERM:
            interrupts.announce("Stopping; running tasks finish first, within 40 s.")
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated


def stop(processes: Sequence[Process], *, signals: SignalHandlers) -> None:
    """Stop all processes: the API and beat, then the worker after its running tasks, then Flower.

    In a hurry all are stopped together, and killed if they have not ended after half a second.
    """
    signals.stopping = True
    for names in STOP_ORDER:
        group = [process for process in processes if process.name in names]
        for process in group:
            process.terminate()
        terminated_at = time.monotonic()
        for process in group:
            left = GRACE_SECONDS[process.name] - (time.monotonic() - terminated_at)
            if not process.wait_until_ended(left, hurry=signals.hurry) and signals.hurry.is_set():
                _stop_at_once(processes)
                return
            process.kill()  # also its children that are still there


def _stop_at_once(processes: Sequence[Process]) -> None:
    deadline = time.monotonic() + HURRY_SECONDS
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait_until_ended(deadline - time.monotonic(), hurry=threading.Event())
        process.kill()
