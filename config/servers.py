"""Where the embedded servers of a data folder answer, as their starter wrote it down."""

import json
import os
from pathlib import Path
from typing import Any

from config.errors import DataFolderForeign

STATE_FILE = "servers.json"
"""Stands in the data folder while servers run."""


def read_state(data_dir: Path) -> dict[str, str] | None:
    """Return {"database_url": ..., "broker_url": ...} of what was started, or None where nothing was."""
    found = read_private(data_dir / STATE_FILE)
    return None if found is None else {str(name): str(value) for name, value in found.items()}


def write_state(data_dir: Path, state: dict[str, str]) -> None:
    """Write down where the servers answer; the file holds passwords, so only its owner may read it."""
    write_private(data_dir / STATE_FILE, state)


def forget_state(data_dir: Path) -> None:
    """Remove what was written down."""
    (data_dir / STATE_FILE).unlink(missing_ok=True)


def read_private(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file, or None where there is none or a torn one.

    Raises:
        DataFolderForeign: it is not for this user to read.
    """
    try:
        found = json.loads(path.read_text())
    except PermissionError:
        raise DataFolderForeign(path.parent) from None
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return found if isinstance(found, dict) else None


def write_private(path: Path, value: dict[str, Any]) -> None:
    """Replace a file as a whole, readable by its owner alone."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(value, file)
    draft.replace(path)
