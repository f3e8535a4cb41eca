"""`souschef explain`: why this assignment, for a teacher or for a machine."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def explain(
    assignment: Annotated[int, typer.Argument(help="The assignment_id of the views.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything, the decision's record too.")] = False,
) -> None:
    """Say in two sentences why a student was given this; with --json, all that the decision rested on.

    Example: souschef explain 17
    """
    from dataclasses import asdict

    from config.errors import Mendable
    from models import database, reports

    with database.transaction() as session:
        found = reports.explained(session, assignment)
    if found is None:
        raise Mendable(f"There is no assignment {assignment}.", "Its id stands in `souschef student REF`.")
    if as_json:
        typer.echo(json.dumps({**asdict(found), "record": json.loads(found.record)}))
        return
    typer.echo(f"{found.title} ({found.state}) for {found.student}")
    if found.task:
        typer.echo(f"\n  {found.task}\n")
    typer.echo(f"{found.because_gap}\n{found.because_interest}")
