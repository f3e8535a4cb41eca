"""`souschef letter`: a letter to a student's parents."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from workers.cli.options import AsJson, School


def letter(
    ref: Annotated[str, typer.Argument(help="The student's ref, as the roster has it.")],
    *,
    contact: Annotated[str, typer.Option(help="Whom parents may ask: a name, an address or a telephone number.")],
    tag: Annotated[str | None, typer.Option("--language", help="en, de or es; otherwise the school's.")] = None,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """Print a letter to a student's parents: what is stored, why, for how long, and whom to ask.

    Example: souschef letter riverside-s413 --contact "Ms Morgan, office@riverside.example"
    """
    from models import engine
    from models.access import schools
    from models.privacy import retention
    from models.privacy.retention import DataKind
    from models.reports import student_pages
    from models.reports.names import NameKind
    from web.pages.language import select_language
    from web.pages.letter import StoredData
    from web.pages.letter import letter as written
    from workers.cli import audit_trail, refs

    with engine.transaction() as session:
        key = schools.resolve(session, school)
        student = refs.match(session, key, NameKind.STUDENT, ref).id
        periods = retention.retention_periods(session, key.id)
        header = student_pages.header(session, student)
        stored = StoredData(
            header,
            tuple(student_pages.skills(session, student)),
            tuple(student_pages.interests(session, student)) if header.interests_enabled else (),
            answers=student_pages.answer_count(session, student),
            message_days=periods[DataKind.RAW].days,
            answer_days=periods[DataKind.FACTS].days,
        )
        audit_trail.log_access(session, "letter", [student])
    text = written(stored, select_language((tag,), None, fallback=header.language), contact=contact)
    typer.echo(json.dumps({"student": ref, "letter": text}) if as_json else text, nl=as_json)
