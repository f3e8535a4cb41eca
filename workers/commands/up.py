"""`souschef up`: everything on this machine, until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from workers.supervisor import Kitchen

COLOURS = {
    "door": typer.colors.CYAN,
    "worker": typer.colors.GREEN,
    "beat": typer.colors.MAGENTA,
    "flower": typer.colors.YELLOW,
}


def up(
    *, servers: Annotated[bool, typer.Option("--servers", help="Nothing but the servers: to restore a backup.")] = False
) -> None:
    """Start everything on this machine, and keep it running until Ctrl-C.

    PostgreSQL and Valkey are started where SOUSCHEF_DATABASE_URL and SOUSCHEF_BROKER_URL are not set; the database is
    migrated; the doors, a worker, beat and Flower are started, and started again when they fall.

    Exit codes: 0 stopped, 3 a port is taken, 4 database, 6 broker, 7 data folder, 8 a process did not start.
    """
    from rich.console import Console

    from config import logging as our_logging
    from workers.processes import NAMES
    from workers.supervisor import running

    our_logging.configure()
    told = Console(stderr=True)
    try:
        with running(processes=() if servers else NAMES, console=told, say=_say) as kitchen:
            if kitchen.processes:
                _tell(told, kitchen)
            told.print("Everything is up until Ctrl-C.")
            while True:
                signal.pause()
    except KeyboardInterrupt:
        told.print("Everything is stopped.")


_lines = threading.Lock()


def _say(name: str, line: str) -> None:
    with _lines:
        typer.echo(f"{typer.style(f'{name:<6}', fg=COLOURS[name])} {line}")  # in colour for a terminal alone


def _tell(told: Console, kitchen: Kitchen) -> None:
    told.print(f"Doors   {kitchen.door_url}/docs\nHealth  {kitchen.door_url}/health")
    told.print(f"Flower  {kitchen.flower_url}   (user {kitchen.flower_user}; the password is in")
    told.print(f"        {kitchen.data_dir / 'flower.password'})\nLogs    {kitchen.data_dir / 'logs'}")
