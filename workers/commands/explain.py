"""`souschef explain`: why this assignment, for a teacher or for a machine."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer


def explain(
    assignment: Annotated[int | None, typer.Argument(help="The assignment_id of the views.")] = None,
    *,
    page: Annotated[bool, typer.Option("--page", help="Print a page of up to 20, each with its evidence.")] = False,
    class_ref: Annotated[str | None, typer.Option("--class", help="With --page: of this class alone.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything, the decision's record too.")] = False,
) -> None:
    """Say in two sentences why a student was given this; with --json, all that the decision rested on.

    Examples: souschef explain 17, souschef explain --page --class MATH-5A
    """
    from config.errors import Mendable
    from models import audit_reading, database, reports
    from workers import accountable

    if page:
        _page(class_ref, as_json=as_json)
        return
    if assignment is None:
        raise Mendable("Which assignment?", "Say souschef explain ID, or souschef explain --page.")
    with database.transaction() as session:
        found = reports.explained(session, assignment)
        concerned = audit_reading.by_decision(session, assignment=assignment)
        accountable.note(session, "explain", concerned, assignment=assignment)
    if found is None:
        raise Mendable(f"There is no assignment {assignment}.", "Its id stands in `souschef student REF`.")
    if as_json:
        typer.echo(json.dumps({**asdict(found), "record": json.loads(found.record)}))
        return
    typer.echo(f"{found.title} ({found.state}) for {found.student}")
    if found.task:
        typer.echo(f"\n  {found.task}\n")
    typer.echo(f"{found.because_gap}\n{found.because_interest}")


def _page(class_ref: str | None, *, as_json: bool) -> None:
    from config.errors import Mendable
    from models import audit_reading, database, explanations
    from workers import accountable, explained_page

    with database.transaction() as session:
        found = explanations.explanations(session, class_ref=class_ref)
        concerned = audit_reading.by_refs(session, {each.student for each in found})
        accountable.note(session, "explain", concerned, page=True)
    if not found:
        raise Mendable(f"Nobody in {class_ref or 'any class'} has work open.", "See souschef status.")
    if as_json:
        typer.echo(json.dumps({"explanations": [asdict(each) for each in explained_page.varied(found)]}, default=str))
        return
    typer.echo(explained_page.page(found, what=class_ref or "all classes"), nl=False)
