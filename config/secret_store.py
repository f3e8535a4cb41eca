"""Secrets in files: read from where the operator keeps them, or made once in the data folder."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from config.errors import DataDirReadOnlyError, InvalidSettingsError

MIN_SECRET = 16
"""The least length of a secret key, in characters."""


def read_secret(path: Path) -> bytes:
    """Return the secret key in a file.

    Raises:
        InvalidSettingsError: the file cannot be read, or the key is too short.
    """
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        raise InvalidSettingsError(
            f"SOUSCHEF_SECRET_KEY_FILE names {path}, which cannot be read: {error.strerror}.",
            "Fix its path or permissions.",
        ) from None
    if len(secret) < MIN_SECRET:
        raise InvalidSettingsError(
            f"The secret key in {path} is shorter than {MIN_SECRET} characters.", "Make a longer one."
        )
    return secret


def load_or_create_secret(path: Path) -> str:
    """Return the secret at `path`, made at the first use and readable by its owner only.

    Raises:
        DataDirReadOnlyError: it does not exist and cannot be made.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.exists():
            return path.read_text().strip()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        with suppress(FileExistsError):  # another process was first: its secret is used
            os.link(draft, path)
        draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise DataDirReadOnlyError(path.parent, error.strerror) from None
