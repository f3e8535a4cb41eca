"""The file in which a data folder's embedded servers write their URLs."""

import json
import os
from pathlib import Path
from typing import Any

from config.errors import DataDirNotOwnedError

STATE_FILE = "servers.json"
"""In the data folder while servers run."""
DEMO_DATABASE_URL = "demo_database_url"
"""The key of the demo's own database while a demo runs; commands then use that database."""


def read_state(data_dir: Path) -> dict[str, str] | None:
    """Return {"database_url": ..., "broker_url": ...} of the running servers, or None."""
    found = read_private(data_dir / STATE_FILE)
    return None if found is None else {str(name): str(value) for name, value in found.items()}


def write_state(data_dir: Path, state: dict[str, str]) -> None:
    """Write the servers' URLs; they hold passwords, so only the owner may read the file."""
    write_private(data_dir / STATE_FILE, state)


def forget_state(data_dir: Path) -> None:
    """Remove the servers' URLs."""
    (data_dir / STATE_FILE).unlink(missing_ok=True)


def announce_demo(data_dir: Path, url: str | None) -> None:
    """Write the URL of a demo's database, or remove it; without embedded servers do nothing."""
    state = read_state(data_dir)
    if state is None:
        return
    others = {name: value for name, value in state.items() if name != DEMO_DATABASE_URL}
    write_state(data_dir, others if url is None else others | {DEMO_DATABASE_URL: url})


def database_url(state: dict[str, str]) -> str | None:
    """Return the URL of the demo's database while a demo runs, else of the school's."""
    return state.get(DEMO_DATABASE_URL) or state.get("database_url")


def read_private(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file; None if there is no file, or it is not complete.

    Raises:
        DataDirNotOwnedError: this user may not read it.
    """
    try:
        found = json.loads(path.read_text())
    except PermissionError:
        raise DataDirNotOwnedError(path.parent) from None
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return found if isinstance(found, dict) else None


def write_private(path: Path, value: dict[str, Any]) -> None:
    """Replace a file atomically; only its owner may read it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(value, file)
    draft.replace(path)
