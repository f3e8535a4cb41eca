"""What work on a whole school takes: its lock, so that two such works do not mix, and time."""

from sqlalchemy import text
from sqlmodel import Session

from config.errors import Mendable

LOCK = 7_206_155
"""The first half of the advisory lock of a school."""


class LoadUnderWay(Mendable):
    """Two loads of one school would mix."""


def take_time(session: Session) -> None:
    """Let the statements of this transaction take longer than a task's may: a district has a million rows."""
    for name, value in (
        ("statement_timeout", "0"),
        ("lock_timeout", "60s"),
        ("idle_in_transaction_session_timeout", "10min"),
    ):
        session.connection().execute(text(f"SET LOCAL {name} = '{value}'"))


def take_school(session: Session, school_id: int, ref: str) -> None:
    """Be alone with a school, but for its workers, until the transaction ends.

    Raises:
        LoadUnderWay: somebody else is.
    """
    statement = text("SELECT pg_try_advisory_xact_lock(:lock, CAST(:school AS integer))")
    if not session.connection().execute(statement, {"lock": LOCK, "school": school_id}).scalar_one():
        raise LoadUnderWay(
            f"Another load of the school {ref} is under way, or an erasure in it.",
            "Wait for it to end, then try again.",
        )
