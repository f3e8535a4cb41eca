"""`souschef student`: all that is published of one student."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer


def student(
    ref: Annotated[str, typer.Argument(help="The student's ref, as the roster has it.")],
    *,
    school: Annotated[str | None, typer.Option(help="The school's ref, where there are several.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show a student's skill gaps, interests and assignments, as the LMS reads them.

    Example: souschef student RES-2303
    """
    from config.errors import Mendable
    from models import audit_reading, database, reports
    from workers import accountable

    with database.transaction() as session:
        found = reports.student(session, ref, school=school)
        accountable.note(session, "student", audit_reading.by_refs(session, {ref}, school=school))
    if found is None:
        raise Mendable(f"There is no student {ref}.", "The roster's sourcedId is meant.")
    if as_json:
        typer.echo(json.dumps(found))
        return
    _show(found)


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    out = Console()
    gaps = Table("Skill", "Mastery", "80 % interval", "Level", "Standing", "Answers", title=found["student_ref"])
    for row in found["skill_gaps"]:
        known = str(row["responses"]) if row["responses"] else "estimated from general ability"
        interval = f"{row['low']:.2f} to {row['high']:.2f}"
        gaps.add_row(row["skill"], f"{row['mastery']:.2f}", interval, row["level"], row["standing"], known)
    out.print(gaps)
    for row in found["interests"]:
        said = "vetoed" if row["vetoed"] else f"{row['interest']:.2f}, confidence {row['confidence']:.2f}"
        out.print(f"  {row['topic']:<12} {said}")
    for row in found["assignments"]:
        if row["state"] in {"proposed", "assigned", "started"}:
            context = row["context"] or "neutral"
            out.print(f"\n{row['slot']}.{row['menu_position']}  {row['title']} ({context}) [{row['assignment_id']}]")
            if row["menu_position"] == 0:
                out.print(f"     {row['because_gap']}\n     {row['because_interest']}")
    if found["nothing_because"]:
        out.print(f"\n{found['nothing_because']}")
