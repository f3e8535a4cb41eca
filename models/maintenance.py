"""What the night needs: a lock that only one holder has, and the schools."""

import zlib

from sqlalchemy import text
from sqlmodel import Session


def try_lock(session: Session, name: str) -> bool:
    """Take the advisory lock of a job until the transaction ends; return False where somebody else has it."""
    connection = session.connection()
    # The holder's transaction does nothing else, for as long as the job takes.
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    key = zlib.crc32(f"souschef {name}".encode())
    return bool(connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": key}).scalar_one())


def schools(session: Session) -> list[int]:
    """Return the ids of all schools."""
    return list(session.connection().execute(text("SELECT id FROM souschef.school ORDER BY id")).scalars())
