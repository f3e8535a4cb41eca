"""Watch the processes and the embedded servers: start again what has fallen, later and later while it keeps falling."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence

import structlog
from sqlalchemy.engine import make_url

from config.errors import Mendable, NotStarted
from workers import embedded
from workers.private_server import tail
from workers.processes import Process

log = structlog.get_logger(__name__)

START_SECONDS = 60.0
FIRST_BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A process that ran for so long has recovered: its next fall starts the backoff anew."""
LOOK_SECONDS = 0.2
SERVER_LOOK_SECONDS = 2.0


def await_answers(processes: Sequence[Process], *, seconds: float = START_SECONDS) -> None:
    """Return when every process answers.

    Raises:
        NotStarted: one has ended, or does not answer in time; the message ends with its log's last lines.
    """
    waiting = list(processes)
    deadline = time.monotonic() + seconds
    while waiting := [process for process in waiting if not process.answers()]:
        for process in waiting:
            late = time.monotonic() > deadline
            if late or not process.running:
                how = f"does not answer after {seconds:.0f} s" if late else "ended while it started"
                raise NotStarted(f"The {process.name} {how}.", f"The last lines of {process.log}:\n{tail(process.log)}")
        time.sleep(0.05)


class Watch:
    """A thread that restarts what has fallen; processes that it starts live at least as long as it does."""

    def __init__(self, processes: Sequence[Process], *, servers: embedded.Servers | None) -> None:
        self._processes = processes
        self._servers = servers
        self._looking = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._backoff: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._servers_seen = time.monotonic()

    def start(self) -> None:
        """Begin to watch."""
        self._looking.set()
        self._thread.start()

    def look_away(self) -> None:
        """Restart nothing any more: all is being stopped."""
        self._looking.clear()

    def end(self) -> None:
        """End the thread, after the processes, which would end with the thread that started them."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            if not self._looking.is_set():
                continue
            self._look_at_servers()
            for process in self._processes:
                self._look_at(process)

    def _look_at(self, process: Process) -> None:
        now = time.monotonic()
        if process.running:
            return
        if process.name not in self._due:
            steady = now - process.started_at > STEADY_SECONDS
            wait = FIRST_BACKOFF_SECONDS if steady else self._backoff.get(process.name, FIRST_BACKOFF_SECONDS)
            self._backoff[process.name] = min(2 * wait, LONGEST_BACKOFF_SECONDS)
            self._due[process.name] = now + wait
            code = process.popen.returncode if process.popen is not None else None
            log.warning("process_fell", process=process.name, code=code, again_in_seconds=wait)
        elif now >= self._due[process.name] and self._looking.is_set():
            del self._due[process.name]
            process.kill()  # what its main process has left behind
            process.start()

    def _look_at_servers(self) -> None:
        servers = self._servers
        if servers is None or not servers.started or time.monotonic() - self._servers_seen < SERVER_LOOK_SECONDS:
            return
        self._servers_seen = time.monotonic()
        urls = [url for url in (servers.database_url, servers.broker_url) if url]
        if all(map(_listens, urls)):
            return
        log.warning("server_fell", started=servers.started)
        try:
            embedded.start(servers.data_dir, database=bool(servers.database_url), broker=bool(servers.broker_url))
        except Mendable as error:
            log.warning("server_stays_down", why=error.sentence)


def _listens(url: str) -> bool:
    where = make_url(url)
    try:
        socket.create_connection((where.host or "127.0.0.1", where.port or 0), timeout=1).close()
    except OSError:
        return False
    return True
