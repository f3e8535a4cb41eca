"""`souschef person`: join two students who are one person, and take that back."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated

import typer

from workers.cli.options import AsJson, By, DryRun, Reason, School

app = typer.Typer(help="Join two students who are one person; undo it.", no_args_is_help=True)

Old = Annotated[str, typer.Argument(help="The sourcedId that the person had.")]
New = Annotated[str, typer.Argument(help="The sourcedId that the person has now.")]


@app.command()
def merge(
    old: Old,
    new: New,
    *,
    by: By,
    reason: Reason,
    school: School = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make all that is OLD's NEW's: answers, choices, names, overrides and finished assignments.

    OLD's open assignments are withdrawn, and what is believed of NEW is computed again from the answers of both. For a
    day `souschef person undo-merge OLD` takes it back.

    Example: souschef person merge s-413 9001 --by "J. Doe" --reason "new number in the SIS"

    Exit codes: 0 joined; 2 one of the two is no student of the school; 4 no database.
    """
    from models import engine
    from models.access import schools
    from models.students import merging

    with engine.transaction() as session:
        found = schools.resolve(session, school)
        counts = merging.merge(session, found, old, new, author=by, reason=reason)
        if dry_run:
            session.rollback()
    _show(counts, f"{old} {'would be' if dry_run else 'is'} {new} now", dry_run=dry_run, as_json=as_json)


@app.command("undo-merge")
def undo_merge(old: Old, *, by: By, reason: Reason, school: School = None, as_json: AsJson = False) -> None:
    """Take the newest merge of OLD back, within a day. What came since then under OLD's names is OLD's again.

    Example: souschef person undo-merge s-413 --by "J. Doe" --reason "two people after all"

    Exit codes: 0 undone; 2 there is no such merge of the last day; 4 no database.
    """
    from models import engine
    from models.access import schools
    from models.students import merging

    with engine.transaction() as session:
        found = schools.resolve(session, school)
        counts = merging.undo(session, found, old, author=by, reason=reason)
    _show(counts, f"{old} is a person of their own again", dry_run=False, as_json=as_json)


def _show(counts: Counter[str], sentence: str, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"dry_run": dry_run, "rows": dict(counts)}))
        return
    for name, count in sorted(counts.items()):
        typer.echo(f"  {count:>7,} {name.replace('_', ' ')}")
    typer.echo(f"{sentence}.")
