"""Pre-flight checks: migrated database, free ports, reachable broker, exclusive data directory."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog
from kombu.connection import Connection
from kombu.exceptions import OperationalError

from config.errors import BrokerUnreachableError, DataDirNotOwnedError, Exit, OperatorError, PortTakenError
from config.settings import Settings
from workers.local.embedded.process import server_port

LOCK_FILE = "supervisor.lock"

log = structlog.get_logger(__name__)


class AlreadyRunningError(OperatorError):
    """Another `souschef up` or `souschef demo` uses this data directory."""


class UnusablePortError(OperatorError):
    """The address does not belong to this machine, or this user may not use the port."""

    exit_code = Exit.PORT_TAKEN


def check_migrations(url: str) -> None:
    """Refuse a database that lacks migrations; let one pass that does not answer, for which the process waits.

    Raises:
        MigrationsMissingError: migrations are missing.
    """
    from models import admin  # loads Alembic, which `souschef stop` does not need
    from models.engine import DatabaseUnreachableError

    try:
        admin.check(url)
    except DatabaseUnreachableError as error:
        log.warning("database_unreachable", why=error.message)


def with_free_ports(settings: Settings, *, processes: Sequence[str], any_port: bool) -> Settings:
    """Return the settings with free ports for API and Flower: any free ones, or those that are set.

    Raises:
        PortTakenError: a port that is set is taken.
    """
    if any_port:
        return settings.model_copy(update={"web_port": server_port(0), "flower_port": server_port(0)})
    if "api" in processes:
        check_port(settings.web_host, settings.web_port, what="the API", setting="SOUSCHEF_WEB_PORT")
    if "flower" in processes:
        check_port(settings.flower_host, settings.flower_port, what="Flower", setting="SOUSCHEF_FLOWER_PORT")
    return settings


def check_port(host: str, port: int, *, what: str, setting: str) -> None:
    """Check that a process of ours can listen there.

    Raises:
        PortTakenError: another program listens there.
        UnusablePortError: the address does not belong to this machine, or this user may not use the port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTakenError(port, what=what, setting=setting) from None
            raise UnusablePortError(
                f"{what[0].upper()}{what[1:]} cannot listen on {host}:{port}: {error.strerror}.",
                f"Fix {setting.replace('_PORT', '_HOST')} or {setting}.",
            ) from None


def check_broker(url: str) -> None:
    """Check that the broker answers.

    Raises:
        BrokerUnreachableError: it does not answer within a few seconds, or refuses the login.
    """
    options = {"socket_connect_timeout": 3, "socket_timeout": 3} if url.startswith("redis") else {}
    with Connection(url, connect_timeout=3, transport_options=options) as connection:  # type: ignore[no-untyped-call] # kombu's own
        try:
            connection.ensure_connection(max_retries=0, timeout=5)
        except (OperationalError, OSError, *connection.connection_errors, *connection.channel_errors) as error:
            why = str(error).strip().splitlines()
            raise BrokerUnreachableError(connection.as_uri(), why[0] if why else type(error).__name__) from None


def client_host(host: str) -> str:
    """Return the host that a client on this machine connects to when a server listens on `host`."""
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound


@contextmanager
def exclusive_data_dir(data_dir: Path) -> Iterator[None]:
    """Lock the data directory for this process; the lock ends with the process, even if it is killed.

    Raises:
        AlreadyRunningError: another process has locked it.
    """
    with (data_dir / LOCK_FILE).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(
                f"Souschef is running already in {data_dir} (process {supervisor_pid(data_dir)}).",
                "Stop it with `souschef stop`, or set SOUSCHEF_DATA_DIR to another folder.",
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def supervisor_pid(data_dir: Path) -> int | None:
    """Return the id of the process that has locked a data directory; None if there is none.

    Raises:
        DataDirNotOwnedError: this user may not read the lock file.
    """
    try:
        with (data_dir / LOCK_FILE).open() as file:
            pid = file.read().strip()
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(pid) if pid.isdecimal() else None
    except FileNotFoundError:
        return None
    except PermissionError:
        raise DataDirNotOwnedError(data_dir) from None
    return None
