"""`souschef list`: the refs and names of what a school has, as other commands take them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.options import AsCsv, AsJson, Class, School

if TYPE_CHECKING:
    from models.reports.lists import Row

app = typer.Typer(
    help="List schools, classes, students, skills, materials, items, surveys, sources.", no_args_is_help=True
)
Text = Annotated[str | None, typer.Argument(help="Only those whose ref, name or another column holds this text.")]


@app.command()
def schools(text: Text = None, *, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List the schools: ref, name, time zone, how many classes and students.

    Example: souschef list schools
    """
    from models import engine
    from models.reports import lists

    with engine.transaction() as session:
        rows = lists.schools(session)
    _show("schools", rows, text, as_json=as_json, as_csv=as_csv)


@app.command()
def students(
    text: Text = None,
    *,
    class_ref: Class = None,
    school: School = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List the students of a school or a class: ref, name, grade, classes. The access log notes whose names are read.

    Examples: souschef list students --class MATH-5A, souschef list students okafor
    """
    from models import engine
    from models.access import schools as access_schools
    from models.reports import lists
    from workers.cli import audit_trail, refs
    from workers.cli.views.listing import matching

    with engine.transaction() as session:
        owner = access_schools.resolve(session, school)
        of = refs.class_match(session, owner, class_ref)
        rows = matching(lists.students(session, owner.id, class_id=of and of.id), text)
        audit_trail.log_access(session, "list students", [row["id"] for row in rows])
    _show(
        "students", [{k: v for k, v in row.items() if k != "id"} for row in rows], None, as_json=as_json, as_csv=as_csv
    )


HELP = {
    "classes": """List the classes of a school: ref, name, grade, how many students, how many skills in scope.

    Example: souschef list classes
    """,
    "skills": """List the skills of a school: ref, title, grade, how many items, materials and classes have it.

    Examples: souschef list skills, souschef list skills fraction
    """,
    "materials": """List the materials of a school: ref, title, skills, context, difficulty, minutes, address.

    Example: souschef list materials 5.NF.A.1
    """,
    "items": """List the items of a school: ref, the skills that they are aligned to, how many answers came.

    Example: souschef list items --csv
    """,
    "surveys": """List the questionnaires of a school: ref, title, questions, and which sources may send them.

    Example: souschef list surveys
    """,
    "sources": """List the sources of a school: name, format, surveys, last event, how many events, when revoked.

    Example: souschef list sources
    """,
}


def _command(kind: str) -> Callable[..., None]:
    def show(text: Text = None, *, school: School = None, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
        from models import engine
        from models.access import schools as access_schools
        from models.reports import lists

        with engine.transaction() as session:
            rows = lists.OF_SCHOOL[kind](session, access_schools.resolve(session, school).id)
        _show(kind, rows, text, as_json=as_json, as_csv=as_csv)

    return show


for _kind, _help in HELP.items():
    app.command(_kind, help=inspect.cleandoc(_help))(_command(_kind))


def _show(kind: str, rows: list[Row], text: str | None, *, as_json: bool, as_csv: bool) -> None:
    from workers.cli.views import listing

    found: list[dict[str, Any]] = listing.matching(rows, text)
    if as_json:
        typer.echo(json.dumps({kind: found}, default=str))
    elif as_csv:
        typer.echo(listing.as_csv(found), nl=False)
    else:
        listing.show(kind, found)
