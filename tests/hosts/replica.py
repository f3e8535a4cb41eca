"""What an LMS sees that reads from the replica: the same rows, and how late."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import psycopg

from tests.hosts.network import ADDRESSES

NEWEST = "SELECT coalesce(max(number), 0) FROM lms.assignment_changes"
FRESHNESS = "SELECT extract(epoch FROM now() - pg_last_xact_replay_timestamp())::float8"
"""What a reader of a replica states: nothing newer than this has been replayed. It grows while nothing is written."""
EVERY_SECONDS = 0.1
LONGEST_SECONDS = 60.0
"""A replica that has not caught up by then is given up, and its lag is not counted."""


@dataclass(slots=True)
class Reader:
    """A thread that reads the change feed on the primary, then waits for the same number on the replica."""

    login: str
    """The address of the LMS's login on the primary."""
    lags: list[float] = field(default_factory=list)
    """Seconds from reading a number on the primary until the replica had it, also where it was away meanwhile."""
    falls: int = 0
    """How often the replica went back."""
    reads: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to read."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, once the replica has what the primary had."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(2 * LONGEST_SECONDS)

    def _run(self) -> None:
        seen = 0
        while not self._over.wait(EVERY_SECONDS):
            newest = self._read("primary")
            if newest is None:
                continue
            began = time.monotonic()
            while time.monotonic() - began < LONGEST_SECONDS:
                found = self._read("replica")
                if found is not None:
                    self.reads += 1
                    self.falls += found < seen
                    seen = max(seen, found)
                if found is not None and found >= newest:
                    self.lags.append(time.monotonic() - began)
                    break
                time.sleep(0.02)

    def _read(self, host: str) -> int | None:
        try:
            with psycopg.connect(address(self.login, host), connect_timeout=2) as connection:
                row = connection.execute(NEWEST).fetchone()
        except psycopg.OperationalError:
            return None
        return int(row[0]) if row else None


def address(login: str, host: str) -> str:
    """Return the address of a login on another host."""
    return login.replace(ADDRESSES["primary"], ADDRESSES[host])


def freshness(login: str) -> float:
    """Return how old the newest replayed commit is, as a reader of the replica may ask."""
    with psycopg.connect(address(login, "replica")) as connection:
        row = connection.execute(FRESHNESS).fetchone()
    return float(row[0]) if row and row[0] is not None else 0.0


def listens(login: str) -> str:
    """Return what the replica answers to LISTEN."""
    try:
        with psycopg.connect(address(login, "replica")) as connection:
            connection.execute("LISTEN souschef")
    except psycopg.Error as error:
        return str(error).strip().splitlines()[0]
    return "accepted"
