"""What the embedded PostgreSQL and Valkey have in common: a port, a password, a process."""

from __future__ import annotations

import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil

from config.errors import ProcessNotStartedError
from config.local_servers import read_private, write_private

IDENTITY_FILE = "servers.identity.json"
HOST = "127.0.0.1"
SERVER_PORTS = range(20_000, 32_000)
SPAWN_SCRIPT = Path(__file__).with_name("spawn.py")
TAIL_LINES = 12
PASSED_VARIABLES = frozenset({"PATH", "LANG", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"})
"""Variables that the servers get, beside those of the locale. Any other variable may be a secret."""
_spawned: list[subprocess.Popen[bytes]] = []
"""References to the running processes, because Python warns when it frees one that still runs."""


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """The ports and passwords of a data directory's servers, stored across restarts; port 0 is not assigned yet."""

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


def load_identity(data_dir: Path) -> ServerIdentity:
    """Return the data directory's identity, created at the first use."""
    stored = read_private(data_dir / IDENTITY_FILE)
    if stored is not None:
        return ServerIdentity(**stored)
    identity = ServerIdentity(0, secrets.token_hex(16), 0, secrets.token_hex(16))
    write_private(data_dir / IDENTITY_FILE, asdict(identity))
    return identity


def save_identity(data_dir: Path, identity: ServerIdentity, **changes: int) -> ServerIdentity:
    """Store the identity with changes and return it."""
    changed = replace(identity, **changes)  # type: ignore[arg-type] # only the ports change
    write_private(data_dir / IDENTITY_FILE, asdict(changed))
    return changed


def server_port(wanted: int) -> int:
    """Return `wanted` if that port is free, else one that no outgoing connection of this machine can take.

    Outgoing connections take ports from the ephemeral range, 32768 and up on Linux. A server whose port is taken while
    it is down would come back under another address.
    """
    below = random.SystemRandom().sample(SERVER_PORTS, 50)  # a seed that is set would give two processes the same
    return _first_free((*((wanted,) if wanted else ()), *below, 0))


def _first_free(ports: Iterable[int]) -> int:
    for port in ports:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ProcessNotStartedError("No port is free on 127.0.0.1.", "Stop some programs that listen there.")


def spawn(
    command: Sequence[str | Path], *, log: Path, folder: Path, user: str = "-", dies_by: int = signal.SIGTERM
) -> subprocess.Popen[bytes]:
    """Start a command that gets the signal `dies_by` when this process ends, even if this process is killed."""
    with log.open("ab") as file:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            die_with_parent(command, user=user, dies_by=dies_by),
            cwd=folder,
            env=server_environment(),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    _spawned.append(process)
    return process


def die_with_parent(command: Sequence[str | Path], *, user: str = "-", dies_by: int = signal.SIGTERM) -> list[str]:
    """Wrap `command` so that it gets the signal `dies_by` when this process ends."""
    return [
        sys.executable,
        "-I",
        "-S",
        str(SPAWN_SCRIPT),
        str(os.getpid()),
        str(int(dies_by)),
        user,
        *map(str, command),
    ]


def as_user(command: Sequence[str | Path], *, user: str) -> list[str]:
    """Wrap `command` so that it runs as `user`, and goes on when this process ends."""
    return [sys.executable, "-I", "-S", str(SPAWN_SCRIPT), "0", "0", user, *map(str, command)]


def server_environment() -> dict[str, str]:
    """Return the environment for a server's process, without our addresses and secrets."""
    return {name: value for name, value in os.environ.items() if name in PASSED_VARIABLES or name.startswith("LC_")}


def wait_until(
    check: Callable[[], bool], *, process: subprocess.Popen[bytes], name: str, log: Path, seconds: float
) -> None:
    """Return as soon as `check` holds.

    Raises:
        ProcessNotStartedError: the process has ended, or the time is over; the message ends with its log's last lines.
    """
    deadline = time.monotonic() + seconds
    while not check():
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            if not ended:
                process.kill()
                process.wait()
            how = f"ended with {process.returncode}" if ended else f"did not answer within {seconds:.0f} s"
            raise ProcessNotStartedError(f"{name} {how}.", f"The last lines of {log}:\n{tail(log)}")
        time.sleep(0.02)


def tail(log: Path, *, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log."""
    try:
        text = log.read_text(errors="replace")
    except OSError as error:
        return f"(no log: {error.strerror})"
    return "\n".join(text.splitlines()[-lines:])


def processes_in(folder: Path, *, name: str) -> list[psutil.Process]:
    """Return the processes called `name` whose current folder is `folder`; each server runs in its own."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if process.name().startswith(name) and Path(process.cwd()) == folder.resolve():
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def end(processes: Sequence[psutil.Process], *, by: int, seconds: float) -> None:
    """Terminate processes, and kill them after `seconds`; processes that we may not signal are left out."""
    for number, timeout in ((by, seconds), (signal.SIGKILL, 5.0)):
        if not ask(processes, by=number, seconds=timeout):
            break
    _spawned[:] = [process for process in _spawned if process.poll() is None]


def ask(processes: Sequence[psutil.Process], *, by: int, seconds: float) -> list[psutil.Process]:
    """Send a signal to the running processes, and return those that still run after `seconds`."""
    alive = [process for process in processes if process.is_running() and _send_signal(process, by)]
    return list(psutil.wait_procs(alive, timeout=seconds)[1]) if alive else []


def _send_signal(process: psutil.Process, number: int) -> bool:
    try:
        process.send_signal(number)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
    return True
