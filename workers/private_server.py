"""What PostgreSQL and Valkey have in common when they run privately in a data folder: a port, a password, a process."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil

from config.errors import NotStarted
from config.servers import read_private, write_private

IDENTITY_FILE = "servers.identity.json"
HOST = "127.0.0.1"
CHILD = Path(__file__).with_name("child.py")
TAIL_LINES = 12
_spawned: list[subprocess.Popen[bytes]] = []
"""Kept, because Python warns of a process that is forgotten while it runs."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The ports and passwords of a data folder's servers, kept across restarts; port 0 has not been chosen yet."""

    postgres_port: int
    postgres_password: str
    valkey_port: int
    valkey_password: str

    @property
    def database_url(self) -> str:
        """The address for SQLAlchemy."""
        return f"postgresql+psycopg://souschef:{self.postgres_password}@{HOST}:{self.postgres_port}/souschef"

    @property
    def broker_url(self) -> str:
        """The address for Celery."""
        return f"redis://:{self.valkey_password}@{HOST}:{self.valkey_port}/0"


def identity(data_dir: Path) -> Identity:
    """Return the data folder's identity, made at the first use."""
    found = read_private(data_dir / IDENTITY_FILE)
    if found is not None:
        return Identity(**found)
    made = Identity(0, secrets.token_hex(16), 0, secrets.token_hex(16))
    write_private(data_dir / IDENTITY_FILE, asdict(made))
    return made


def keep(data_dir: Path, ours: Identity, **changes: int) -> Identity:
    """Return the identity with changes, remembered."""
    changed = replace(ours, **changes)  # type: ignore[arg-type] # only the ports change
    write_private(data_dir / IDENTITY_FILE, asdict(changed))
    return changed


def port_for(wanted: int) -> int:
    """Return `wanted` where it is free, else a free port."""
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise NotStarted("No port is free on 127.0.0.1.", "Stop some programs that listen there.")


def spawn(
    command: Sequence[str | Path], *, log: Path, folder: Path, user: str = "-", dies_by: int = signal.SIGTERM
) -> subprocess.Popen[bytes]:
    """Start a command that gets the signal `dies_by` when this process ends in whatever way."""
    with log.open("ab") as file:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            bound_to_us(command, user=user, dies_by=dies_by),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    _spawned.append(process)
    return process


def bound_to_us(command: Sequence[str | Path], *, user: str = "-", dies_by: int = signal.SIGTERM) -> list[str]:
    """Return the command that becomes `command`, and gets the signal `dies_by` when this process ends."""
    return [sys.executable, "-I", "-S", str(CHILD), str(os.getpid()), str(int(dies_by)), user, *map(str, command)]


def wait_until(
    check: Callable[[], bool], *, process: subprocess.Popen[bytes], name: str, log: Path, seconds: float
) -> None:
    """Return as soon as `check` holds.

    Raises:
        NotStarted: the process has ended, or the time is over; the message ends with its log's last lines.
    """
    deadline = time.monotonic() + seconds
    while not check():
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            if not ended:
                process.kill()
                process.wait()
            how = f"ended with {process.returncode}" if ended else f"did not answer within {seconds:.0f} s"
            raise NotStarted(f"{name} {how}.", f"The last lines of {log}:\n{tail(log)}")
        time.sleep(0.02)


def tail(log: Path, *, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log."""
    try:
        text = log.read_text(errors="replace")
    except OSError as error:
        return f"(no log: {error.strerror})"
    return "\n".join(text.splitlines()[-lines:])


def processes_in(folder: Path, *, name: str) -> list[psutil.Process]:
    """Return the processes called `name` that work in `folder`: both servers change into their own."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if process.name().startswith(name) and Path(process.cwd()) == folder.resolve():
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def end(processes: Sequence[psutil.Process], *, by: int, seconds: float) -> None:
    """Ask processes to end, and after `seconds` make them."""
    for how, patience in ((by, seconds), (signal.SIGKILL, 5.0)):
        alive = [process for process in processes if process.is_running()]
        if not alive:
            break
        for process in alive:
            try:
                process.send_signal(how)
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(alive, timeout=patience)
    _spawned[:] = [process for process in _spawned if process.poll() is None]
