"""The one clock: what `souschef.clock()` says, and how a test or the demo sets it."""

import datetime as dt

from sqlalchemy import text
from sqlmodel import Session


def now(session: Session) -> dt.datetime:
    """Return the database's time, which every lease, window and age is measured by."""
    moment: dt.datetime = session.connection().execute(text("SELECT souschef.clock()")).scalar_one()
    return moment


def set_to(session: Session, moment: dt.datetime) -> None:
    """Let the clock say `moment` now and run on from there."""
    statement = text("""
        INSERT INTO souschef.clock_offset (single, ahead) VALUES (true, :moment - statement_timestamp())
        ON CONFLICT (single) DO UPDATE SET ahead = excluded.ahead
    """)
    session.connection().execute(statement, {"moment": moment})


def reset(session: Session) -> None:
    """Let the clock say the machine's time again."""
    session.connection().execute(text("DELETE FROM souschef.clock_offset"))
