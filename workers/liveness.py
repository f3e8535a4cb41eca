"""Signs of life: a file that a running worker or beat touches, for whoever must tell a stuck process from an idle one.

It says that the process runs, not that the broker or the database does: nobody should be restarted for another's fault.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path

from config.errors import DataFolderReadOnly
from config.settings import settings

FOLDER = "alive"
BEAT_SECONDS = 5.0
DEAD_SECONDS = 60.0


def prepare(data_dir: Path) -> None:
    """Make the folder of the signs, and the data folder around it, for their owner alone.

    Raises:
        DataFolderReadOnly: it cannot be made.
    """
    try:
        for folder in (data_dir, data_dir / FOLDER):  # the mode is that of the last one alone
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise DataFolderReadOnly(data_dir, error.strerror) from None


def touch(name: str, data_dir: Path) -> None:
    """Say that the process called `name` runs."""
    (data_dir / FOLDER / name).touch()


def beat_in_background(name: str, data_dir: Path) -> None:
    """Say it again and again, until the process ends."""

    def beat() -> None:
        while True:
            touch(name, data_dir)
            time.sleep(BEAT_SECONDS)

    threading.Thread(target=beat, name="sign-of-life", daemon=True).start()


def age_seconds(name: str, data_dir: Path) -> float | None:
    """Return how long ago it was said, by the file system's clock; None where it never was, or is not ours to see."""
    try:
        return time.time() - (data_dir / FOLDER / name).stat().st_mtime
    except (FileNotFoundError, PermissionError):
        return None


def main() -> None:
    """Exit with 0 where the process named on the command line has shown life within a minute: for health checks."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("name", choices=("worker", "beat"))
    age = age_seconds(parser.parse_args().name, settings().data_dir)
    sys.exit(0 if age is not None and age < DEAD_SECONDS else 1)


if __name__ == "__main__":
    main()
