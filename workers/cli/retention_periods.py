"""Set and show the retention periods of schools, and count the rows that are due for deletion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models import engine
from models.access import schools
from models.privacy import audit, retention
from workers.cli import audit_trail


def retention_periods(school: str | None, changes: Sequence[str]) -> list[dict[str, Any]]:
    """Change periods of one school, and return those of this school or of all, with the number of rows due.

    Raises:
        UnresolvedSchoolError: there is no such school, or there are several and `school` is None.
        InvalidRetentionError: a change is not valid.
    """
    by_school = []
    with engine.transaction() as session:
        one = changes or school is not None
        for each in [schools.resolve(session, school)] if one else schools.all_schools(session):
            school_id = each.id
            kinds = [retention.set_retention(session, school_id, change) for change in changes]
            now = retention.retention_periods(session, school_id)
            for kind in kinds:
                detail = {"kind": kind.value, "days": now[kind].days}
                audit.append(
                    session, school_id, author=audit_trail.operator(), action="retention", subjects=(), detail=detail
                )
            rows = [
                {
                    "kind": period.kind.value,
                    "days": period.days,
                    "shipped": period.shipped,
                    "due": retention.due(session, school_id, period),
                }
                for period in now.values()
            ]
            by_school.append({"school": each.ref, "terms": rows})
    return by_school
