"""Heartbeats: a file that a running worker or beat touches, so that a health check can tell a stuck process.

It says only that the process runs. No process should be restarted because the broker or the database is down.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path

from config.errors import DataDirReadOnlyError
from config.settings import settings

FOLDER = "alive"
BEAT_SECONDS = 5.0
DEAD_SECONDS = 60.0


def prepare(data_dir: Path) -> None:
    """Create the folder of heartbeat files and the data directory around it, readable by their owner only.

    Raises:
        DataDirReadOnlyError: a folder cannot be created.
    """
    try:
        for folder in (data_dir, data_dir / FOLDER):  # `mode` applies to the last folder only
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise DataDirReadOnlyError(data_dir, error.strerror) from None


def touch(name: str, data_dir: Path) -> None:
    """Record that the process called `name` runs."""
    (data_dir / FOLDER / name).touch()


def beat_in_background(name: str, data_dir: Path) -> None:
    """Record it every few seconds until the process ends."""

    def beat() -> None:
        while True:
            touch(name, data_dir)
            time.sleep(BEAT_SECONDS)

    threading.Thread(target=beat, name="heartbeat", daemon=True).start()


def age_seconds(name: str, data_dir: Path) -> float | None:
    """Return the seconds since the last heartbeat by the file system's clock; None if there is no readable one."""
    try:
        return time.time() - (data_dir / FOLDER / name).stat().st_mtime
    except (FileNotFoundError, PermissionError):
        return None


def main() -> None:
    """Exit with 0 if the named process has had a heartbeat within a minute, else with 1: for health checks."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("name", choices=("worker", "beat"))
    age = age_seconds(parser.parse_args().name, settings().data_dir)
    sys.exit(0 if age is not None and age < DEAD_SECONDS else 1)


if __name__ == "__main__":
    main()
