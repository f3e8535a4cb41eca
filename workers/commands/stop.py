"""`souschef stop`: end what `souschef up` or `souschef demo` has started in the data folder."""

from __future__ import annotations

import os
import signal
import time

import typer

PATIENCE_SECONDS = 45.0


def stop() -> None:
    """Stop everything in the data folder: what runs is finished first, which takes 40 s at most.

    Embedded servers that were left behind are stopped too. Exit codes: 0 nothing runs any more, 1 it does.
    """
    from config.settings import settings
    from workers import embedded
    from workers.surroundings import supervisor_pid

    folder = settings().data_dir
    pid = supervisor_pid(folder)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while supervisor_pid(folder) == pid:
            if time.monotonic() > deadline:
                typer.echo(f"Process {pid} is still stopping.", err=True)
                raise typer.Exit(1)
            time.sleep(0.1)
    left = embedded.stop(folder)
    typer.echo("Stopped." if pid is not None or left else "Nothing was running.")
