"""The secret files of the containers: each service is given only those that it needs, and none in its environment.

Compose mounts a file into a container as it stands on the host, where the container's user is nobody in particular. So
the files can be read by all, and the folder around them is its owner's alone.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from config.errors import Exit, Mendable

BYTES = 24
BROKER_RULES = "~souschef:* &* -@all +@all -@dangerous -@admin +info"
"""What our user of the broker may do: everything with our keys, nothing to the server but ask how it is."""
HEALTH_RULES = "-@all +ping"
"""What the health check's user may do; it needs no password for that."""


class FolderUnusable(Mendable):
    """The folder of the secrets cannot be made or written to."""

    exit_code = Exit.WRONG_INPUT


def make(folder: Path) -> list[str]:
    """Make the files that are missing; return their names. A file that is there is never written anew.

    The addresses hold the same passwords as the servers' own files, so that nobody has to keep them alike.

    Raises:
        FolderUnusable: it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        made: list[str] = []
        _kept(folder / "postgres_password", secrets.token_hex(BYTES), made)
        database = _kept(folder / "database_password", secrets.token_hex(BYTES), made)
        broker = _kept(folder / "redis_password", secrets.token_hex(BYTES), made)
        _kept(folder / "redis_acl", acl(broker), made)
        _kept(folder / "souschef_database_url", f"postgresql://souschef:{database}@postgres:5432/souschef", made)
        _kept(folder / "souschef_broker_url", f"redis://souschef:{broker}@redis:6379/0", made)
        _kept(folder / "souschef_secret_key", secrets.token_urlsafe(32), made)
        _kept(folder / "souschef_flower_password", secrets.token_hex(BYTES), made)
    except OSError as error:
        raise FolderUnusable(f"{folder} cannot be used: {error.strerror}.", "Name a folder of yours.") from None
    return made


def acl(password: str) -> str:
    """Return the broker's users: ours by the password's digest, one for the health check, and the usual one off."""
    digest = hashlib.sha256(password.encode()).hexdigest()
    return f"user default off\nuser health on nopass {HEALTH_RULES}\nuser souschef on #{digest} {BROKER_RULES}"


def _kept(path: Path, text: str, made: list[str]) -> str:
    """Return what a file holds, written with `text` where it was missing."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
    path.chmod(0o444)
    made.append(path.name)
    return text
