"""A school's time zone, and its day: the dates of a school are the days of the place where it stands.

Columns hold moments. What is a day in a file or at the command line becomes the moment at which that day begins or ends
at the school; only these functions and `lms.local_time` know how.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import update
from sqlmodel import Session, col, select

from config.time_zones import time_zone
from lms.local_time import as_utc
from models import clock
from models.access import schools
from models.rows import change, execute
from models.students import states
from models.tables import Policy, School

DATES: Mapping[str, tuple[str, ...]] = {
    "enrolment": ("began_at", "ended_at"),
    "material": ("active_from", "active_until"),
    "scope": ("opens_at", "closes_at", "due_at"),
    "teacher_order": ("expires_at",),
}
"""Table -> its columns that may hold the beginning or the end of a day."""
ENDS_OF_DAYS = (dt.time.min, dt.time(23, 59, 59))
"""The local times at which a day begins or ends."""


def zone_of(session: Session, school_id: int) -> dt.tzinfo:
    """Return a school's time zone; UTC where none is set."""
    name = session.exec(select(School.timezone).where(School.id == school_id)).one()
    return dt.UTC if name is None else time_zone(name)


def today(session: Session, school_id: int) -> dt.date:
    """Return the day that it is at a school."""
    return clock.now(session).astimezone(zone_of(session, school_id)).date()


def week(session: Session, school_id: int) -> tuple[dt.date, dt.datetime]:
    """Return the Monday of the week that it is at a school, and the moment at which that Monday begins there."""
    zone = zone_of(session, school_id)
    day = clock.now(session).astimezone(zone).date()
    monday = day - dt.timedelta(days=day.weekday())
    return monday, as_utc(dt.datetime.combine(monday, dt.time.min), zone)


def local_now(session: Session, school: str | None, timezone: str | None) -> dt.datetime:
    """Return the time at a school: in the zone that is given, else in that of the school, or of all schools.

    Raises:
        UnknownTimeZoneError: there is no such zone.
    """
    zones = select(School.timezone).distinct()
    of_school = zones if school is None else zones.where(School.ref == school)
    names = [timezone] if timezone else session.exec(of_school).all()
    zone = time_zone(names[0]) if len(names) == 1 and names[0] else dt.UTC
    return clock.now(session).astimezone(zone)


def set_zone(session: Session, school_id: int, name: str) -> bool:
    """Set a school's time zone; its dates stay the same days, so their moments move. Return whether it differs.

    The caller has locked the school, and marks its students for a refresh (`mark_changed`).

    Raises:
        UnknownTimeZoneError: there is no such zone.
    """
    new = time_zone(name)
    old_name = session.exec(select(School.timezone).where(School.id == school_id).with_for_update()).one()
    if old_name == new.key:
        return False
    old = dt.UTC if old_name is None else time_zone(old_name)
    for table, columns in DATES.items():
        _move_dates(session, school_id, table, columns, old=old, new=new)
    _move_ends_of_settings(session, school_id, old=old, new=new)
    change(session, update(School).where(col(School.id) == school_id).values(timezone=new.key))
    return True


def mark_changed(session: Session, school_id: int) -> int:
    """Mark a school's students for a refresh, since what is open and due to them may differ; return how many."""
    schools.raise_catalogue_version(session, school_id)
    return states.mark_due(session, school_id=school_id)


def schools_without_zone(session: Session) -> list[str]:
    """Return the refs of the schools whose time zone nobody has set."""
    return list(session.exec(select(School.ref).where(col(School.timezone).is_(None)).order_by(School.ref)))


def _move_dates(
    session: Session, school_id: int, table: str, columns: Sequence[str], *, old: dt.tzinfo, new: dt.tzinfo
) -> None:
    of_school = {"school": school_id}
    stored = f"SELECT {', '.join(columns)} FROM souschef.{table} WHERE school_id = :school"  # noqa: S608 - constants
    moves = _moves({moment for row in execute(session, stored, of_school) for moment in row}, old=old, new=new)
    look_up = "coalesce((SELECT moved FROM moves WHERE moves.at = {0}), {0})"
    changes = ", ".join(f"{column} = {look_up.format(column)}" for column in columns)
    statement = f"""
        WITH moves AS (SELECT * FROM unnest(CAST(:at AS timestamptz[]), CAST(:moved AS timestamptz[])) AS m(at, moved))
        UPDATE souschef.{table} SET {changes} WHERE school_id = :school
    """  # noqa: S608 - constants
    if moves:
        execute(session, statement, {**of_school, "at": list(moves), "moved": list(moves.values())})


def _move_ends_of_settings(session: Session, school_id: int, *, old: dt.tzinfo, new: dt.tzinfo) -> None:
    rows = session.exec(select(Policy.id, Policy.until).where(Policy.school_id == school_id)).all()
    for number, until in rows:
        ends = {name: dt.datetime.fromisoformat(end) for name, end in until.items()}
        moves = _moves(ends.values(), old=old, new=new)
        if moves:
            moved = {name: moves.get(end, end).isoformat() for name, end in ends.items()}
            change(session, update(Policy).where(col(Policy.id) == number).values(until=moved))


def _moves(moments: Iterable[dt.datetime | None], *, old: dt.tzinfo, new: dt.tzinfo) -> dict[dt.datetime, dt.datetime]:
    """Return where moments move that are the beginning or the end of a day in the old zone; others stay."""
    local = {moment: moment.astimezone(old).replace(tzinfo=None) for moment in moments if moment is not None}
    return {moment: as_utc(wall, new) for moment, wall in local.items() if wall.time() in ENDS_OF_DAYS}
