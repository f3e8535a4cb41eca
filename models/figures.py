"""The operator's figures: the same on `/metrics`, in `souschef status` and in the alerts, all from the database."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from models import clock, numbers, tallies


@dataclass(frozen=True, slots=True)
class Figures:
    """How the pipeline stands, and what it has done since it was installed."""

    backlog: dict[str, int]
    """Events that wait, by kind."""
    oldest_seconds: float
    parked: dict[str, int]
    """Events that wait for something to be loaded, by code."""
    quarantined: dict[str, int]
    """Events that make no sense, by code."""
    stale_students: int
    holes: int
    """Holes in the numbers of sources that number their events."""
    sweep_seconds: float | None
    """Since anybody swept last; None: never."""
    at_doors: dict[str, int]
    """All that ever came to the doors, by outcome."""
    decisions: dict[str, float]
    """All assignments that were ever decided, by what chose their theme, and why there was nothing."""
    visible: dict[str, float]
    """How many events took how long, by the bucket's upper bound in seconds, not cumulative; and `sum`."""


def figures(session: Session) -> Figures:
    """Read all figures; each by an index that holds only the rows that it counts."""
    waiting = _counts(session, "SELECT kind, count(*) FROM souschef.inbox WHERE state = 'pending' GROUP BY kind")
    swept = tallies.last_sweep(session)
    return Figures(
        backlog=waiting,
        oldest_seconds=_oldest(session) if waiting else 0.0,
        parked=_counts(session, "SELECT code, count(*) FROM souschef.inbox WHERE state = 'parked' GROUP BY code"),
        quarantined=_counts(
            session,
            """
            SELECT inbox.code, count(*) FROM souschef.quarantine JOIN souschef.inbox ON inbox.id = inbox_id
             WHERE inbox.state = 'quarantined' GROUP BY inbox.code
            """,
        ),
        stale_students=_counts(session, "SELECT '', count(*) FROM souschef.learner_state WHERE refresh_due")[""],
        holes=len(numbers.holes(session)),
        sweep_seconds=None if swept is None else max(0.0, clock.now(session).timestamp() - swept),
        at_doors=_counts(session, "SELECT outcome, sum(count)::bigint FROM souschef.door_count GROUP BY outcome"),
        decisions=tallies.totals(session, tallies.DECISION),
        visible=tallies.totals(session, tallies.VISIBLE),
    )


def _counts(session: Session, statement: str) -> dict[str, int]:
    return {label or "": int(count) for label, count in session.connection().execute(text(statement))}


def _oldest(session: Session) -> float:
    statement = text("""
        SELECT coalesce(extract(epoch FROM (SELECT souschef.clock()) - min(received_at)), 0)::double precision
          FROM souschef.inbox WHERE state = 'pending'
    """)
    return float(session.connection().execute(statement).scalar_one())
