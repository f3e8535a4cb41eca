"""`souschef class`: one class at a glance."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer


def class_(
    ref: Annotated[str | None, typer.Argument(help="The class's ref; all students without it.")] = None,
    *,
    school: Annotated[str | None, typer.Option(help="The school's ref.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show who is stuck on what, what each student was given, and why.

    Example: souschef class MATH-5A
    """
    from config.errors import Mendable
    from models import audit_reading, database, reports
    from tasks import ordering
    from workers import accountable
    from workers.class_table import console, show_class
    from workers.orders_view import show_unmet

    with database.transaction() as session:
        lines = reports.class_lines(session, school=school, class_ref=ref)
        concerned = audit_reading.by_refs(session, {line.student for line in lines}, school=school)
        unmet = ordering.unmet_of(session, concerned)
        accountable.note(session, "class", concerned)
    if not lines:
        raise Mendable(f"There are no students in {ref or 'any class'}.", "Load a roster: souschef load PATH.")
    if as_json:
        typer.echo(
            json.dumps({"students": [asdict(line) for line in lines], "unmet": [asdict(each) for each in unmet]})
        )
        return
    out = console()
    show_class(out, lines, title=ref or "All students")
    show_unmet(unmet, out=out)
