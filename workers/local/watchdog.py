"""Restart processes and embedded servers that have exited or hang, with a growing delay if they keep exiting.

A server that cannot have its earlier port again takes another; the processes are then restarted with its new address.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import structlog
from sqlalchemy.engine import make_url

from config import settings as configuration
from config.errors import OperatorError, ProcessNotStartedError
from config.settings import PREFIX
from workers.local.embedded import servers as embedded_servers
from workers.local.embedded.process import tail
from workers.local.processes import Process

log = structlog.get_logger(__name__)

START_SECONDS = 60.0
FIRST_BACKOFF_SECONDS = 1.0
MAX_BACKOFF_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A process that ran for this long has recovered: its next exit starts with the shortest delay again."""
CHECK_SECONDS = 0.2
SERVER_CHECK_SECONDS = 2.0
PROBE_SECONDS = 10.0
HUNG_SECONDS = 120.0
"""What runs and has not answered for this long is started again; what is only slow or waits for a server answers."""


def await_answers(processes: Sequence[Process], *, seconds: float = START_SECONDS) -> None:
    """Return when every process answers.

    Raises:
        ProcessNotStartedError: a process has ended, or does not answer in time; the hint quotes the end of its log.
    """
    waiting = list(processes)
    deadline = time.monotonic() + seconds
    while waiting := [process for process in waiting if not process.answers()]:
        for process in waiting:
            late = time.monotonic() > deadline
            if late or not process.running:
                how = f"does not answer after {seconds:.0f} s" if late else "ended while it started"
                raise ProcessNotStartedError(
                    f"The process {process.name} {how}.", f"The last lines of {process.log}:\n{tail(process.log)}"
                )
        time.sleep(0.05)


class Watchdog:
    """A thread that restarts what has exited. The processes that it starts end when it ends."""

    def __init__(self, processes: Sequence[Process], *, servers: embedded_servers.Servers | None) -> None:
        self._processes = processes
        self._servers = servers
        self._active = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
        self._backoff: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._servers_checked_at = self._servers_answered_at = time.monotonic()
        self._answered_at: dict[str, float] = {}
        self._probe_at: dict[str, float] = {}
        """When each process, and the servers, are asked next."""

    def start(self) -> None:
        """Start the thread."""
        self._active.set()
        self._thread.start()

    def pause(self) -> None:
        """Restart nothing any more, because everything is being stopped."""
        self._active.clear()

    def end(self, hurry: threading.Event) -> None:
        """End the thread; call it after the processes have ended, because they end with the thread that started them.

        In a hurry it is not waited for: it may be starting a server.
        """
        self._stopped.set()
        while self._thread.is_alive() and not hurry.is_set():
            self._thread.join(CHECK_SECONDS)

    def _run(self) -> None:
        while not self._stopped.wait(CHECK_SECONDS):
            if not self._active.is_set():
                continue
            self._check_servers()
            for process in self._processes:
                self._end_if_it_hangs(process)
                self._check(process)

    def _check(self, process: Process) -> None:
        now = time.monotonic()
        if process.running:
            return
        if process.name not in self._due:
            steady = now - process.started_at > STEADY_SECONDS
            wait = FIRST_BACKOFF_SECONDS if steady else self._backoff.get(process.name, FIRST_BACKOFF_SECONDS)
            self._backoff[process.name] = min(2 * wait, MAX_BACKOFF_SECONDS)
            self._due[process.name] = now + wait
            code = process.popen.returncode if process.popen is not None else None
            log.warning("process_exited", process=process.name, code=code, again_in_seconds=wait)
        elif now >= self._due[process.name] and self._active.is_set():
            del self._due[process.name]
            process.kill()  # children that the main process has left behind
            process.start()

    def _end_if_it_hangs(self, process: Process) -> None:
        """Kill a process that has not answered for long; it is then started again like one that has exited."""
        now = time.monotonic()
        if not process.running or now < self._probe_at.get(process.name, 0.0):
            return
        self._probe_at[process.name] = now + PROBE_SECONDS
        if process.answers() and not process.is_silent():
            self._answered_at[process.name] = now
            return
        answered_at = self._answered_at.get(process.name, 0.0)
        since = answered_at if answered_at > process.started_at else process.started_at + START_SECONDS
        if now - since > HUNG_SECONDS:
            log.warning("process_hangs", process=process.name, seconds=HUNG_SECONDS)
            process.kill()

    def _check_servers(self) -> None:
        servers, now = self._servers, time.monotonic()
        if servers is None or not servers.started or now - self._servers_checked_at < SERVER_CHECK_SECONDS:
            return
        self._servers_checked_at = now
        urls = [url for url in (servers.database_url, servers.broker_url) if url]
        if all(map(_listens, urls)) and not self._servers_hang(servers):
            return
        log.warning("server_exited", started=servers.started)
        try:
            found = embedded_servers.start(
                servers.data_dir, database=bool(servers.database_url), broker=bool(servers.broker_url)
            )
        except OperatorError as error:
            log.warning("server_stays_down", why=error.message)
        else:
            self._servers_answered_at = time.monotonic()
            self._follow(servers, found)

    def _servers_hang(self, servers: embedded_servers.Servers) -> bool:
        """Return whether a server accepts connections and has not answered for long."""
        now = time.monotonic()
        if now >= self._probe_at.get("servers", 0.0):
            self._probe_at["servers"] = now + PROBE_SECONDS
            if embedded_servers.answer(servers):
                self._servers_answered_at = now
        return now - self._servers_answered_at > HUNG_SECONDS

    def _follow(self, old: embedded_servers.Servers, new: embedded_servers.Servers) -> None:
        """Restart every process with the address of a server that came back on another port."""
        own = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
        os.environ.update(embedded_servers.follow_ports(own, old=old, new=new))
        configuration.settings.cache_clear()
        self._servers = replace(old, database_url=new.database_url, broker_url=new.broker_url)
        for process in self._processes:
            moved = embedded_servers.follow_ports(process.environment, old=old, new=new)
            if moved and self._active.is_set():
                log.warning("server_moved", process=process.name)
                process.environment.update(moved)
                process.kill()


def _listens(url: str) -> bool:
    address = make_url(url)
    try:
        socket.create_connection((address.host or "127.0.0.1", address.port or 0), timeout=1).close()
    except OSError:
        return False
    return True
