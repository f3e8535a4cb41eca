"""The sweep in each worker's main process: what nobody rang for is rung for, whichever single process is dead."""

from __future__ import annotations

import random
import threading
import time

import structlog

from config.settings import settings
from workers import liveness

log = structlog.get_logger(__name__)

JITTER = 0.2
"""Share of the period by which sweeps are spread, so that many workers do not sweep at once."""

LOOK_SECONDS = 2.0
"""How often a worker looks for events that an LMS has written by SQL."""


class Sweeper:
    """One thread that sweeps every few seconds; a sweep that fails is tried again at the next turn."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; imports happen here, before the thread, because a pool process may be forked at any moment."""
        from tasks.maintenance import sweep_once  # noqa: F401 - see above

        self._over.clear()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the sweep that runs."""
        self._over.set()

    def _run(self) -> None:
        period = settings().sweep_seconds
        while True:
            liveness.touch("worker", settings().data_dir)
            due = time.monotonic() + period * random.uniform(1 - JITTER, 1 + JITTER)
            while (left := due - time.monotonic()) > 0:
                if self._over.wait(min(LOOK_SECONDS, left)):
                    return
                if left > LOOK_SECONDS:
                    look()
            sweep()


def look() -> None:
    """Take what an LMS has written by SQL: nobody rings for it, and a teacher's order must not wait for the sweep."""
    from tasks.outbox import drain_outbox

    try:
        drain_outbox()
    except Exception as error:  # noqa: BLE001 - as below
        log.warning("look_failed", error=type(error).__name__)


def sweep() -> None:
    """Sweep once; the database's troubles are logged by their kind and left to the next turn."""
    from tasks.maintenance import sweep_once

    try:
        sweep_once()
    except Exception as error:  # noqa: BLE001 - no trouble may end the sweeping
        log.warning("sweep_failed", error=type(error).__name__)
