"""`souschef up` and `stop`: run everything on this machine."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from workers.local.supervisor import RunningSystem

STOP_TIMEOUT_SECONDS = 45.0
COLOURS = {
    "api": typer.colors.CYAN,
    "worker": typer.colors.GREEN,
    "beat": typer.colors.MAGENTA,
    "flower": typer.colors.YELLOW,
}


def up(
    *, servers: Annotated[bool, typer.Option("--servers", help="Start only the servers, to restore a backup.")] = False
) -> None:
    """Start everything on this machine and keep it running until Ctrl-C.

    PostgreSQL and Valkey are started if SOUSCHEF_DATABASE_URL and SOUSCHEF_BROKER_URL are not set. The database is
    migrated. The API, a worker, the scheduler and Flower are started, and restarted if they exit.

    Example: souschef up

    Exit codes: 0 stopped by `souschef stop` or SIGTERM, 130 stopped by Ctrl-C, 3 a port is taken, 4 the database does
    not answer, 6 the broker does not answer, 7 the data folder cannot be written, 8 a process did not start.
    """
    from rich.console import Console

    from config import logging as our_logging
    from workers.local.processes import PROCESS_NAMES
    from workers.local.shutdown import Terminated
    from workers.local.supervisor import running

    our_logging.configure()
    console = Console(stderr=True, highlight=False)
    try:
        with running(
            processes=() if servers else PROCESS_NAMES, console=console, log_callback=_print_log_line
        ) as system:
            if system.processes:
                _show(system, console)
            console.print("Everything is up until Ctrl-C.")
            while True:
                signal.pause()
    except Terminated:
        console.print("Everything is stopped.")
    except KeyboardInterrupt:
        console.print("Everything is stopped.")
        raise


def stop() -> None:
    """Stop everything that runs in the data folder; running tasks finish first, within 40 s.

    Embedded servers that were left behind are stopped too.

    Example: souschef stop

    Exit codes: 0 nothing runs any more, 1 something still does.
    """
    from config.settings import settings
    from workers.local.embedded import servers
    from workers.preflight import supervisor_pid

    data_dir = settings().data_dir
    pid = supervisor_pid(data_dir)
    if pid is not None:
        typer.echo("Stopping; running tasks finish first, within 40 s.", err=True)
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        while supervisor_pid(data_dir) == pid:
            if time.monotonic() > deadline:
                typer.echo(f"Process {pid} is still stopping.", err=True)
                raise typer.Exit(1)
            time.sleep(0.1)
    stopped = servers.stop(data_dir)
    typer.echo("Stopped." if pid is not None or stopped else "Nothing was running.")


_print_lock = threading.Lock()


def _print_log_line(name: str, line: str) -> None:
    with _print_lock:
        typer.echo(f"{typer.style(f'{name:<6}', fg=COLOURS[name])} {line}")  # coloured only on a terminal


def _show(system: RunningSystem, console: Console) -> None:
    console.print(f"\nReady: API {system.api_url}, Flower {system.flower_url}", soft_wrap=True)
    console.print(f"API     {system.api_url}/docs\nHealth  {system.api_url}/health")
    console.print(f"Flower  {system.flower_url}   (user {system.flower_user}; the password is in")
    console.print(f"        {system.data_dir / 'flower.password'})\nLogs    {system.data_dir / 'logs'}")
