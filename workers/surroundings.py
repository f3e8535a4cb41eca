"""What must hold around the processes before they start: free ports, a broker that answers, a folder to themselves."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kombu.connection import Connection
from kombu.exceptions import OperationalError

from config.errors import BrokerUnreachable, DataFolderForeign, Exit, Mendable, PortTaken
from config.settings import Settings
from workers.private_server import port_for

LOCK_FILE = "supervisor.lock"


class AlreadyRunning(Mendable):
    """Another `souschef up` or `souschef demo` works in this data folder."""


class PortUnusable(Mendable):
    """An address is not this machine's, or a port is not for this user."""

    exit_code = Exit.PORT_TAKEN


def with_ports(chosen: Settings, *, processes: Sequence[str], free: bool) -> Settings:
    """Return the settings with ports that are free for door and Flower: any, or those that are set.

    Raises:
        PortTaken: one that is set is not free.
    """
    if free:
        return chosen.model_copy(update={"web_port": port_for(0), "flower_port": port_for(0)})
    if "door" in processes:
        check_port(chosen.web_host, chosen.web_port, what="the door", setting="SOUSCHEF_WEB_PORT")
    if "flower" in processes:
        check_port(chosen.flower_host, chosen.flower_port, what="Flower", setting="SOUSCHEF_FLOWER_PORT")
    return chosen


def check_port(host: str, port: int, *, what: str, setting: str) -> None:
    """Do nothing where a process of ours could listen there.

    Raises:
        PortTaken: another program does.
        PortUnusable: the address is not this machine's, or the port not for this user.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(port, what=what, setting=setting) from None
            raise PortUnusable(
                f"{what[0].upper()}{what[1:]} cannot listen on {host}:{port}: {error.strerror}.",
                f"Mend {setting.replace('_PORT', '_HOST')} or {setting}.",
            ) from None


def check_broker(url: str) -> None:
    """Do nothing where the broker answers.

    Raises:
        BrokerUnreachable: it does not within a few seconds, or refuses the login.
    """
    options = {"socket_connect_timeout": 3, "socket_timeout": 3} if url.startswith("redis") else {}
    with Connection(url, connect_timeout=3, transport_options=options) as connection:  # type: ignore[no-untyped-call] # kombu's own
        try:
            connection.ensure_connection(max_retries=0, timeout=5)
        except (OperationalError, OSError, *connection.connection_errors, *connection.channel_errors) as error:
            why = str(error).strip().splitlines()
            raise BrokerUnreachable(connection.as_uri(), why[0] if why else type(error).__name__) from None


def reachable(host: str) -> str:
    """Return an address that reaches a process that listens on `host`."""
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound


@contextmanager
def sole_supervisor(data_dir: Path) -> Iterator[None]:
    """Hold the data folder for this process alone; the lock goes with its holder, however that ends.

    Raises:
        AlreadyRunning: another process holds it.
    """
    with (data_dir / LOCK_FILE).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
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
    """Return the process that holds a data folder, or None where none does.

    Raises:
        DataFolderForeign: it is not for this user to know.
    """
    try:
        with (data_dir / LOCK_FILE).open() as file:
            written = file.read().strip()
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(written) if written.isdecimal() else None
    except FileNotFoundError:
        return None
    except PermissionError:
        raise DataFolderForeign(data_dir) from None
    return None
