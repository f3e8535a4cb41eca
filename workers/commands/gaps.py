"""`souschef gaps`: which materials would help most if somebody wrote them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer


def gaps(
    *,
    school: Annotated[str | None, typer.Option(help="The school's ref.")] = None,
    class_ref: Annotated[str | None, typer.Option("--class", help="Count the students of this class alone.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what the catalogue lacks, ranked by students x price: what to write or buy next.

    The price is the interest that each student forgoes, 0 to 1; it is 1 where nothing fits at all.

    Example: souschef gaps --class MATH-5A
    """
    from config.errors import Mendable
    from models import class_reports, database
    from workers.class_table import console, show_gaps

    with database.transaction() as session:
        if not class_reports.known(session, school=school, class_ref=class_ref):
            raise Mendable("There is no such school or class.", "Load a roster: souschef load PATH.")
        found = class_reports.catalogue_gaps(session, school=school, class_ref=class_ref)
    if as_json:
        typer.echo(json.dumps({"gaps": [asdict(gap) for gap in found]}))
        return
    show_gaps(console(), found)
