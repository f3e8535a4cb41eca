"""A school's terms of retention: shown with what is due, and set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from config.errors import Exit, Mendable
from models import audit, database, retention
from workers import accountable


class SchoolUnclear(Mendable):
    """It is not said, or not known, which school is meant."""

    exit_code = Exit.WRONG_INPUT


def terms(school: str | None, changes: Sequence[str]) -> list[dict[str, Any]]:
    """Change terms of one school, and return the terms of it, or of all, with the rows that are due.

    Raises:
        SchoolUnclear: there is none of that name, or several where one must be meant.
        NoSuchTerm: a change is none.
    """
    told = []
    with database.transaction() as session:
        found = retention.schools(session, ref=school)
        if not found or (changes and len(found) > 1):
            raise SchoolUnclear(f"There {'is no school' if not found else 'are several schools'}.", "Name one.")
        for ref, school_id in found.items():
            kinds = [retention.set_term(session, school_id, change) for change in changes]
            now = retention.terms(session, school_id)
            for kind in kinds:
                detail = {"kind": kind.value, "days": now[kind].days}
                audit.append(
                    session, school_id, author=accountable.operator(), action="retention", subjects=(), detail=detail
                )
            rows = [
                {
                    "kind": term.kind.value,
                    "days": term.days,
                    "shipped": term.shipped,
                    "due": retention.due(session, school_id, term),
                }
                for term in now.values()
            ]
            told.append({"school": ref, "terms": rows})
    return told


def lines(told: Sequence[dict[str, Any]]) -> list[str]:
    """Return terms as lines."""
    found = []
    for school in told:
        found.append(school["school"])
        for row in school["terms"]:
            days = "for ever" if row["days"] is None else f"{row['days']:,} days"
            found.append(f"  {row['kind']:<10} {days:>12}{' ' if row['shipped'] else '*'}  {row['due']:>9,} due")
    return [*found, "* the school's own. What is due goes in the night."]
