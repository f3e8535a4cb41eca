"""Where the embedded servers of a data folder answer, as their starter wrote it down."""

import json
import os
from pathlib import Path

STATE_FILE = "servers.json"


def read_state(data_dir: Path) -> dict[str, str] | None:
    """Return {"database_url": ..., "broker_url": ...}, or None where nothing was started."""
    try:
        found = json.loads((data_dir / STATE_FILE).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return {str(name): str(value) for name, value in found.items()}


def write_state(data_dir: Path, state: dict[str, str]) -> None:
    """Write down where the servers answer; the file holds passwords, so only its owner may read it."""
    draft = data_dir / f".{STATE_FILE}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(state, file)
    draft.replace(data_dir / STATE_FILE)


def forget_state(data_dir: Path) -> None:
    """Remove what was written down."""
    (data_dir / STATE_FILE).unlink(missing_ok=True)
