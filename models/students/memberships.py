"""The classes that students are in now, and those that they have just left."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import Session

from models.rows import execute

GRACE = dt.timedelta(days=3)
"""How long open work of a class stays after an enrolment has ended by its date: rosters are often extended late."""
GRACE_ENDS_AT = """
    (enrolment.ended_at AT TIME ZONE coalesce(school.timezone, 'UTC') + CAST(:grace AS interval))
      AT TIME ZONE coalesce(school.timezone, 'UTC')
"""
"""When it is withdrawn: so many days of the school later. For a statement that joins `enrolment` and `school`."""


@dataclass(frozen=True, slots=True)
class Memberships:
    """The classes of one student, by their ids."""

    now: tuple[int, ...] = ()
    closing: tuple[int, ...] = ()
    """Classes whose enrolment has ended by its date less than `GRACE` ago, and that the student is not in again."""
    ended: tuple[int, ...] = ()
    """Classes whose enrolment has ended by its date, longer ago; what is in none of the three was left."""


def load_memberships(session: Session, students: Collection[int]) -> dict[int, Memberships]:
    """Return the classes of each student; empty for anyone who is not an active student."""
    statement = f"""
        SELECT person.id AS student_id,
               ARRAY(SELECT current.class_id FROM souschef.current_enrolment AS current
                      WHERE current.student_id = person.id ORDER BY current.class_id) AS now,
               coalesce(past.closing, '{{}}') AS closing, coalesce(past.ended, '{{}}') AS ended
          FROM souschef.person JOIN souschef.school ON school.id = person.school_id
          LEFT JOIN LATERAL (
            SELECT array_agg(DISTINCT class_id) FILTER (WHERE in_grace) AS closing,
                   array_agg(DISTINCT class_id) FILTER (WHERE NOT in_grace) AS ended
              FROM (SELECT class_id, {GRACE_ENDS_AT} > (SELECT souschef.clock()) AS in_grace FROM souschef.enrolment
                     WHERE enrolment.person_id = person.id AND enrolment.role = 'student' AND left_at IS NULL
                       AND ended_at <= (SELECT souschef.clock())) AS over) AS past ON true
         WHERE person.id = ANY(CAST(:students AS bigint[])) AND person.role = 'student' AND person.active
    """  # noqa: S608 - a constant
    found = dict.fromkeys(students, Memberships())
    for row in execute(session, statement, {"students": list(students), "grace": GRACE}):
        closing = sorted(set(row.closing) - set(row.now))
        found[row.student_id] = Memberships(tuple(row.now), tuple(closing), tuple(sorted(set(row.ended) - {*closing})))
    return found
