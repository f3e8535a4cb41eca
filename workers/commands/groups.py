"""`souschef groups`: who could work together today, on what, with which materials."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def groups(
    ref: Annotated[str, typer.Argument(help="The class's ref.")],
    *,
    school: Annotated[str | None, typer.Option(help="The school's ref.")] = None,
    least: Annotated[int, typer.Option(help="The smallest group, 2 or more.")] = 2,
    most: Annotated[int, typer.Option(help="The largest group.")] = 6,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Group a class by a skill and a theme that all of a group have on their menus.

    Nothing is assigned anew: each student keeps the menu, and picks from it what the group works on.

    Examples: souschef groups MATH-5A, souschef groups MATH-5A --least 3 --most 5
    """
    from config.errors import Mendable
    from learning.selection.groups import GroupSizeError, group
    from models import audit_reading, class_reports, database
    from workers import accountable
    from workers.groups_view import WrongSizes, as_told, show_groups

    with database.transaction() as session:
        if not class_reports.known(session, school=school, class_ref=ref):
            raise Mendable(f"There is no class {ref}.", "Load a roster: souschef load PATH.")
        seats, titles = class_reports.seats(session, ref, school=school)
        concerned = audit_reading.by_refs(session, {seat.student for seat in seats}, school=school)
        accountable.note(session, "groups", concerned)
    try:
        told = as_told(group(seats, least=least, most=most), titles)
    except GroupSizeError:
        raise WrongSizes(
            f"Groups of {least} to {most} cannot be made.", "Let --least be 2 or more, and --most twice that less one."
        ) from None
    if as_json:
        typer.echo(json.dumps(told))
        return
    show_groups(told, title=ref)
