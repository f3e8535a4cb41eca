"""Secret files for the containers: each service gets only the files that it needs, and no secret in its environment.

Compose mounts a file with the owner and mode that it has on the host, where the container's user is unknown. So the
files are readable by all, and the folder around them by its owner only.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from config.errors import Exit, OperatorError

PASSWORD_BYTES = 24
BROKER_RULES = "~souschef:* &* -@all +@all -@dangerous -@admin +info"
"""Rights of our broker user: every command on our keys, and no command on the server except `info`."""
HEALTH_RULES = "-@all +ping"
"""Rights of the health check's user, who has no password."""


class UnusableFolderError(OperatorError):
    """The folder for the secrets cannot be created or written to."""

    exit_code = Exit.WRONG_INPUT


def make(folder: Path) -> list[str]:
    """Create the missing files and return their names. An existing file is never overwritten.

    The addresses contain the same passwords as the servers' own files.

    Raises:
        UnusableFolderError: the folder cannot be created or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        created: list[str] = []
        _read_or_write(folder / "postgres_password", secrets.token_hex(PASSWORD_BYTES), created)
        database = _read_or_write(folder / "database_password", secrets.token_hex(PASSWORD_BYTES), created)
        broker = _read_or_write(folder / "redis_password", secrets.token_hex(PASSWORD_BYTES), created)
        _read_or_write(folder / "redis_acl", acl(broker), created)
        _read_or_write(
            folder / "souschef_database_url", f"postgresql://souschef:{database}@postgres:5432/souschef", created
        )
        _read_or_write(folder / "souschef_broker_url", f"redis://souschef:{broker}@redis:6379/0", created)
        _read_or_write(folder / "souschef_secret_key", secrets.token_urlsafe(32), created)
        _read_or_write(folder / "souschef_flower_password", secrets.token_hex(PASSWORD_BYTES), created)
    except OSError as error:
        raise UnusableFolderError(f"{folder} cannot be used: {error.strerror}.", "Name another folder.") from None
    return created


def acl(password: str) -> str:
    """Return the broker's user list: ours with the password's digest, the health check's, and `default` disabled."""
    digest = hashlib.sha256(password.encode()).hexdigest()
    return f"user default off\nuser health on nopass {HEALTH_RULES}\nuser souschef on #{digest} {BROKER_RULES}"


def _read_or_write(path: Path, text: str, created: list[str]) -> str:
    """Return the content of a file; create it with `text` and add its name to `created` if it is missing."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
    path.chmod(0o444)
    created.append(path.name)
    return text
