"""PostgreSQL and Valkey from wheels, in the user's data directory: real servers without an installation.

They listen on 127.0.0.1 only. Their ports and passwords are stored in the data directory, so that an address stays
valid across restarts. A server that already runs is used. They end with the process that started them.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from config import local_servers
from config.errors import DataDirReadOnlyError
from workers.local.embedded import postgres, valkey
from workers.local.embedded.process import HOST, ServerIdentity, load_identity


@dataclass(frozen=True, slots=True)
class Servers:
    """The addresses of a data directory's servers; "" for a server that was not requested."""

    database_url: str
    broker_url: str
    data_dir: Path = Path()
    started: tuple[str, ...] = ()
    """The servers that this call started, and that `stop` therefore stops."""

    def stop(self, hurry: threading.Event | None = None) -> None:
        """Stop the servers that this call has started, the database last; in a hurry within about a second."""
        _stop(self.data_dir, self.started, quick=hurry is not None and hurry.is_set())


def start(data_dir: Path, *, database: bool = True, broker: bool = True, durable: bool = True) -> Servers:
    """Start the requested servers that do not run yet; return when they answer.

    `durable=False` does not flush to the disk, for tests.

    Raises:
        DataDirReadOnlyError: the data directory is not writable.
        ProcessNotStartedError: a server did not start; the hint quotes the end of its log.
    """
    data_dir = prepare_data_dir(data_dir)
    with _lock(data_dir):
        started: list[str] = []
        before = identity = load_identity(data_dir)
        try:
            if database and not postgres.answers(identity):
                started.append(postgres.NAME)
                identity = postgres.start(data_dir, identity, durable=durable)
            if broker and not valkey.answers(identity):
                started.append(valkey.NAME)
                identity = valkey.start(data_dir, identity, durable=durable)
        except BaseException:  # after Ctrl-C as well, nothing is left half started
            _stop_servers(data_dir, tuple(started), quick=True)
            raise
        servers = Servers(
            database_url=identity.database_url if database else "",
            broker_url=identity.broker_url if broker else "",
            data_dir=data_dir,
            started=tuple(started),
        )
        state = _moved(local_servers.read_state(data_dir) or {}, before, identity)
        urls = {"database_url": servers.database_url, "broker_url": servers.broker_url}
        local_servers.write_state(data_dir, state | {name: url for name, url in urls.items() if url})
    return servers


def answer(servers: Servers) -> bool:
    """Return whether the servers answer; a server that hangs accepts connections and does not answer."""
    identity = load_identity(servers.data_dir)
    return (not servers.database_url or postgres.answers(identity)) and (
        not servers.broker_url or valkey.answers(identity)
    )


def follow_ports(values: Mapping[str, str], *, old: Servers, new: Servers) -> dict[str, str]:
    """Return the values, settings or addresses, in which an old port of the servers stands, with the new one."""
    found = dict(values)
    for before, after in ((old.database_url, new.database_url), (old.broker_url, new.broker_url)):
        if before != after:
            was, now = (f"@{HOST}:{urlsplit(url).port}/" for url in (before, after))
            found = {name: value.replace(was, now) for name, value in found.items()}
    return {name: value for name, value in found.items() if value != values[name]}


def stop(data_dir: Path) -> tuple[str, ...]:
    """Stop all servers of a data directory, even if another process started them; return their names."""
    return _stop(data_dir, (postgres.NAME, valkey.NAME))


@contextmanager
def running(data_dir: Path, *, database: bool = True, broker: bool = True, durable: bool = True) -> Iterator[Servers]:
    """Run the servers within the block; afterwards stop those that were not running before."""
    servers = start(data_dir, database=database, broker=broker, durable=durable)
    try:
        yield servers
    finally:
        servers.stop()


def prepare_data_dir(data_dir: Path) -> Path:
    """Create the data directory and return its absolute path.

    Raises:
        DataDirReadOnlyError: it cannot be created, or is not writable.
    """
    data_dir = data_dir.expanduser().absolute()
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        (data_dir / "logs").mkdir(exist_ok=True)
        probe = data_dir / f".probe.{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise DataDirReadOnlyError(data_dir, error.strerror) from None
    return data_dir


def _moved(state: Mapping[str, str], before: ServerIdentity, after: ServerIdentity) -> dict[str, str]:
    """Return the addresses of other databases on our server, such as a demo's, with its port of now."""
    old, new = (Servers(each.database_url, each.broker_url) for each in (before, after))
    return {**state, **follow_ports(state, old=old, new=new)}


def _stop(data_dir: Path, names: tuple[str, ...], *, quick: bool = False) -> tuple[str, ...]:
    if not names or not data_dir.is_dir():
        return ()
    with _lock(data_dir):
        stopped = _stop_servers(data_dir, names, quick=quick)
        state = local_servers.read_state(data_dir) or {}
        keys = {valkey.NAME: {"broker_url"}, postgres.NAME: {"database_url", local_servers.DEMO_DATABASE_URL}}
        remaining = {key: url for key, url in state.items() if not any(key in keys[name] for name in names)}
        if remaining:
            local_servers.write_state(data_dir, remaining)
        else:
            local_servers.forget_state(data_dir)
    return tuple(stopped)


def _stop_servers(data_dir: Path, names: tuple[str, ...], *, quick: bool) -> list[str]:
    return [server.NAME for server in (valkey, postgres) if server.NAME in names and server.stop(data_dir, quick=quick)]


@contextmanager
def _lock(data_dir: Path) -> Iterator[None]:
    """Lock a data directory while servers start or stop; the lock ends with its process.

    Raises:
        DataDirReadOnlyError: the data directory is not writable.
    """
    try:
        file = (data_dir / ".servers.lock").open("w")
    except OSError as error:
        raise DataDirReadOnlyError(data_dir, error.strerror) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
