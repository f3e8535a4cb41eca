"""Handle Ctrl-C: print a line at once, stop in order, and exit after a few seconds in any case.

Nothing is lost: the work of a killed worker is done again after its lease. SIGTERM, which an init system sends, gives
a worker the time to finish (`workers/local/shutdown.py`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130
LIMIT_SECONDS = 2.5
"""Processes that still run after this time are killed, so that the terminal is free within three seconds."""
_stopping = threading.Event()


def install() -> None:
    """Handle Ctrl-C from now on; the main thread gets KeyboardInterrupt once."""
    signal.signal(signal.SIGINT, _handle)


def begin(line: str) -> None:
    """Print a line and limit the time to stop in; a second Ctrl-C ends everything at once."""
    if _stopping.is_set():
        end_now()
    _stopping.set()
    announce(line)
    limit = threading.Timer(LIMIT_SECONDS, end_now)
    limit.daemon = True
    limit.start()


def announce(line: str) -> None:
    """Print a line to standard error from within a signal handler."""
    with contextlib.suppress(OSError):
        os.write(2, f"\nsouschef: {line}\n".encode())  # Python's stream may be in the middle of a line


@contextmanager
def block_ctrl_c() -> Iterator[None]:
    """Start processes within the block that ignore Ctrl-C in their terminal: this process ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_now() -> None:
    """Kill all child processes and exit without Python's clean-up, which takes a second on a busy machine."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.Error):
            if os.getpgid(child.pid) == child.pid:
                os.killpg(child.pid, signal.SIGKILL)
            child.kill()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(INTERRUPTED)


def _handle(_: int, __: FrameType | None) -> None:
    begin("Stopping.")
    raise KeyboardInterrupt
