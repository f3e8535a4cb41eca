"""`souschef class` and `catalogue-gaps`: reports on a class."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from workers.cli.options import AsJson, Class, School


def class_(
    ref: Annotated[
        str | None, typer.Argument(help="The class, by ref or name; all students of the school without it.")
    ] = None,
    *,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """Show each student's deepest gap, interests and assignment, with the reasons.

    Example: souschef class MATH-5A
    """
    from config.errors import OperatorError
    from models import engine
    from models.access import schools
    from models.reports import classes
    from tasks.pipeline import overrides
    from workers.cli import audit_trail, refs
    from workers.cli.views.overrides import show_unmet
    from workers.cli.views.tables import console, show_class

    with engine.transaction() as session:
        owner = schools.resolve(session, school)
        of = refs.class_match(session, owner, ref)
        line_by_student = classes.class_lines(session, owner.id, class_id=of and of.id)
        unmet = overrides.unmet_for_students(session, list(line_by_student))
        audit_trail.log_access(session, "class", line_by_student.keys())
    lines = list(line_by_student.values())
    if not lines:
        raise OperatorError(f"There are no students in {ref or 'any class'}.", "Load a roster: souschef load PATH.")
    if as_json:
        typer.echo(
            json.dumps({"students": [asdict(line) for line in lines], "unmet": [asdict(each) for each in unmet]})
        )
        return
    out = console()
    show_class(out, lines, title="All students" if of is None else f"{of.name} ({of.ref})")
    show_unmet(unmet, out=out)


def catalogue_gaps(*, school: School = None, class_ref: Class = None, as_json: AsJson = False) -> None:
    """Show which missing materials would help most, by students x price: what to write or buy next.

    The price is the interest value that each student forgoes, 0 to 1; it is 1 if no material fits at all.

    Example: souschef catalogue-gaps --class MATH-5A
    """
    from models import engine
    from models.access import schools
    from models.reports import classes
    from workers.cli import refs
    from workers.cli.views.tables import console, show_gaps

    with engine.transaction() as session:
        owner = schools.resolve(session, school)
        of = refs.class_match(session, owner, class_ref)
        gaps = classes.catalogue_gaps(session, owner.id, class_id=of and of.id)
    if as_json:
        typer.echo(json.dumps({"gaps": [asdict(gap) for gap in gaps]}))
        return
    show_gaps(console(), gaps)
