"""A school's own signing keys as they are stored: encrypted text, one in use, one more during a rotation."""

import datetime as dt
from collections.abc import Sequence

from sqlmodel import Session, col, select

from models import clock
from models.tables import LtiKey

OVERLAP = dt.timedelta(days=1)
"""How long a retired key stays published: platforms keep our key set for an hour, and some for a day."""


def add(session: Session, school_id: int, *, kid: str, pem: str) -> None:
    """Store a new key, which signs from now on, and retire the one before it."""
    now = clock.now(session)
    for row in _live(session, school_id):
        row.retired_at = row.retired_at or now
        session.add(row)
    session.add(LtiKey(kid=kid, school_id=school_id, pem=pem))
    session.flush()


def published(session: Session, school_id: int) -> Sequence[tuple[str, str]]:
    """Return (kid, encrypted text) of each key that platforms may need, the one in use first."""
    return [(row.kid, row.pem) for row in sorted(_live(session, school_id), key=lambda row: row.retired_at is not None)]


def forget_retired(session: Session, school_id: int) -> int:
    """Delete keys that are no longer published; return how many."""
    until = clock.now(session) - OVERLAP
    rows = session.exec(select(LtiKey).where(LtiKey.school_id == school_id, col(LtiKey.retired_at) <= until)).all()
    for row in rows:
        session.delete(row)
    session.flush()
    return len(rows)


def _live(session: Session, school_id: int) -> Sequence[LtiKey]:
    until = clock.now(session) - OVERLAP
    wanted = select(LtiKey).where(
        LtiKey.school_id == school_id, col(LtiKey.retired_at).is_(None) | (col(LtiKey.retired_at) > until)
    )
    return session.exec(wanted.order_by(col(LtiKey.created_at).desc())).all()
