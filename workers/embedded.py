"""PostgreSQL and Valkey from wheels, in a data folder of the user's: real servers without an installation.

They listen on 127.0.0.1 only, on ports and with passwords of their own that the data folder remembers, so that an
address stays good across restarts. What already runs is used. They end with the process that started them.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config import servers
from config.errors import DataFolderReadOnly
from workers import postgres, valkey
from workers.private_server import Identity, identity


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the servers of a data folder answer; "" for one that was not asked for."""

    database_url: str
    broker_url: str
    data_dir: Path = Path()
    started: tuple[str, ...] = ()
    """Those that were not running before: whoever started them stops them."""

    def stop(self) -> None:
        """Stop what this call has started, database last."""
        _stop(self.data_dir, self.started)


def start(data_dir: Path, *, database: bool = True, broker: bool = True, durable: bool = True) -> Servers:
    """Start what is asked for and does not run yet; return when it answers.

    `durable=False` leaves out flushing to the disk: for tests.

    Raises:
        DataFolderReadOnly: nothing can be written there.
        NotStarted: a server did not come up; the message ends with its log's last lines.
    """
    data_dir = prepared(data_dir)
    with _locked(data_dir):
        started: list[str] = []
        ours: Identity = identity(data_dir)
        if database and not postgres.answers(ours):
            ours = postgres.start(data_dir, ours, durable=durable)
            started.append(postgres.NAME)
        if broker and not valkey.answers(ours):
            ours = valkey.start(data_dir, ours, durable=durable)
            started.append(valkey.NAME)
        found = Servers(
            database_url=ours.database_url if database else "",
            broker_url=ours.broker_url if broker else "",
            data_dir=data_dir,
            started=tuple(started),
        )
        known = servers.read_state(data_dir) or {}
        new = {"database_url": found.database_url, "broker_url": found.broker_url}
        servers.write_state(data_dir, known | {name: url for name, url in new.items() if url})
    return found


def stop(data_dir: Path) -> tuple[str, ...]:
    """Stop whatever servers run in a data folder, whoever started them; return their names."""
    return _stop(data_dir, (postgres.NAME, valkey.NAME))


@contextmanager
def running(data_dir: Path, *, database: bool = True, broker: bool = True, durable: bool = True) -> Iterator[Servers]:
    """Have the servers within the block; afterwards stop those that were not running before."""
    found = start(data_dir, database=database, broker=broker, durable=durable)
    try:
        yield found
    finally:
        found.stop()


def prepared(data_dir: Path) -> Path:
    """Return the data folder as an absolute path, made and writable.

    Raises:
        DataFolderReadOnly: it is not.
    """
    data_dir = data_dir.expanduser().absolute()
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        (data_dir / "logs").mkdir(exist_ok=True)
        probe = data_dir / f".probe.{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise DataFolderReadOnly(data_dir, error.strerror) from None
    return data_dir


def _stop(data_dir: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or not data_dir.is_dir():
        return ()
    with _locked(data_dir):
        stopped = [server.NAME for server in (valkey, postgres) if server.NAME in names and server.stop(data_dir)]
        state = servers.read_state(data_dir) or {}
        gone = {valkey.NAME: "broker_url", postgres.NAME: "database_url"}
        left = {key: url for key, url in state.items() if key not in {gone[name] for name in names}}
        if left:
            servers.write_state(data_dir, left)
        else:
            servers.forget_state(data_dir)
    return tuple(stopped)


@contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    """Let one starter or stopper at a time into a data folder; the lock goes with its holder.

    Raises:
        DataFolderReadOnly: nothing can be written there.
    """
    try:
        file = (data_dir / ".servers.lock").open("w")
    except OSError as error:
        raise DataFolderReadOnly(data_dir, error.strerror) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
