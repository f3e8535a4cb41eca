"""A school's terms of retention: shown with what is due, and set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import select

from config.errors import Exit, Mendable
from models import audit, database, retention
from models.tables import School
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
        found = [each for each in session.exec(select(School).order_by(School.ref)) if school in {None, each.ref}]
        if not found or (changes and len(found) > 1):
            raise SchoolUnclear(f"There {'is no school' if not found else 'are several schools'}.", "Name one.")
        for each in found:
            if each.id is None:
                continue
            kinds = [retention.set_term(session, each.id, change) for change in changes]
            now = retention.terms(session, each.id)
            for kind in kinds:
                detail = {"kind": kind.value, "days": now[kind].days}
                audit.append(
                    session, each.id, author=accountable.operator(), action="retention", subjects=(), detail=detail
                )
            rows = [
                {"kind": t.kind.value, "days": t.days, "shipped": t.shipped, "due": retention.due(session, each.id, t)}
                for t in now.values()
            ]
            told.append({"school": each.ref, "terms": rows})
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
