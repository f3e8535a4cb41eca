"""What the night needs: a lock that only one holder has, the schools, and pruning in small steps."""

import zlib

from sqlalchemy import text
from sqlmodel import Session

PAYLOAD_DAYS = 14
"""How long a raw event is kept after it was applied; the facts that it became stay."""
PRUNE_ROWS = 5_000


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


def prune(session: Session) -> int:
    """Empty the raw bodies of events that were applied long ago, at most so many at once; return how many.

    The row itself stays, because its key is what makes a resend a duplicate.
    """
    statement = text("""
        UPDATE souschef.inbox SET payload = '' WHERE id IN (
          SELECT id FROM souschef.inbox
           WHERE state IN ('done', 'dropped') AND payload <> ''
             AND finished_at < souschef.clock() - make_interval(days => :days)
           LIMIT :most FOR UPDATE SKIP LOCKED)
    """)
    return session.connection().execute(statement, {"days": PAYLOAD_DAYS, "most": PRUNE_ROWS}).rowcount
