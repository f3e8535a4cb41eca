"""Write into the access log what a command shows or changes, under the name of who has called it."""

from __future__ import annotations

import getpass
import os
from collections.abc import Collection

from sqlmodel import Session

from models import audit


def operator() -> str:
    """Return who runs this command: the login, before `sudo` where that was used."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}"


def note(session: Session, action: str, students: Collection[int], **detail: int | bool) -> None:
    """Note that the operator reads or changes something of students, in the transaction that does it."""
    if students:
        audit.record(session, author=operator(), action=action, students=students, detail=detail)
