"""Run the sweep from a thread in every worker, so that no single process is needed for recovery."""

from __future__ import annotations

import random
import threading

import structlog

from config.settings import settings
from workers import heartbeat
from workers.listening import listening

log = structlog.get_logger(__name__)

JITTER = 0.2
"""Share of the period by which sweeps vary, so that many workers do not sweep at once."""

POLL_SECONDS = 2.0
"""How often a worker polls the outbox, into which an LMS writes events by SQL."""


class Sweeper:
    """Threads that sweep and poll the outbox every few seconds; what failed is tried again in the next period."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start; the import happens before the thread starts, because a pool process may be forked at any moment."""
        from tasks.sweep import sweep_once  # noqa: F401 - see above

        self._stopped.clear()
        loops = {"sweeper": self._sweep_regularly, "outbox": self._poll_outbox_regularly}
        self._threads = [threading.Thread(target=loop, name=name, daemon=True) for name, loop in loops.items()]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop after the current sweep and poll."""
        self._stopped.set()

    def _sweep_regularly(self) -> None:
        period = settings().sweep_seconds
        while True:
            if listening.check():
                heartbeat.touch("worker", settings().data_dir)
            if self._stopped.wait(period * random.uniform(1 - JITTER, 1 + JITTER)):
                return
            sweep()

    def _poll_outbox_regularly(self) -> None:
        """Poll in a thread of its own: a flood in the outbox must not hold up the sweep, nor the heartbeat."""
        while not self._stopped.wait(POLL_SECONDS):
            poll_outbox()


def poll_outbox() -> None:
    """Take what an LMS has written by SQL. No message announces it, and an override must not wait for the sweep."""
    from tasks.sweep import drain_outbox

    try:
        drain_outbox()
    except Exception:
        log.exception("outbox_poll_failed")


def sweep() -> None:
    """Sweep once; log a failure with its type and place, so that the thread goes on."""
    from tasks.sweep import sweep_once

    try:
        sweep_once()
    except Exception:
        log.exception("sweep_failed")
