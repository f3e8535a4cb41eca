"""The one clock, `souschef.clock()`: read it, and set it in tests and the demo."""

import datetime as dt

from sqlalchemy import DateTime, delete
from sqlmodel import Session, func, select

from models.rows import change, execute
from models.tables import ClockOffset

NOW = select(func.souschef.clock(type_=DateTime(timezone=True))).scalar_subquery()
"""The database's time in a typed statement: a subquery, so that a statement asks once and not for each row."""


def now(session: Session) -> dt.datetime:
    """Return the database's time, which every lease, window and age is measured by."""
    moment: dt.datetime = execute(session, "SELECT souschef.clock()").scalar_one()
    return moment


def set_to(session: Session, moment: dt.datetime) -> None:
    """Set the clock to `moment`; it runs on from there."""
    statement = """
        INSERT INTO souschef.clock_offset (single, ahead) VALUES (true, :moment - statement_timestamp())
        ON CONFLICT (single) DO UPDATE SET ahead = excluded.ahead
    """
    execute(session, statement, {"moment": moment})


def use_machine_time(session: Session) -> None:
    """Set the clock back to the machine's time."""
    change(session, delete(ClockOffset))
