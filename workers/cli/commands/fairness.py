"""`souschef fairness`: whom the system serves less, by a group that is given for one run and never stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config.errors import Exit, OperatorError
from workers.cli.options import AsJson, School

if TYPE_CHECKING:
    from sqlmodel import Session

    from learning.fairness import GroupReport
    from workers.cli.group_file import GroupFile

DAYS = 30


class NobodyError(OperatorError):
    """The file names nobody of the class."""

    exit_code = Exit.WRONG_INPUT


def fairness(
    ref: Annotated[str | None, typer.Argument(help="The class's ref; all students of the school without it.")] = None,
    *,
    groups: Annotated[Path, typer.Option(help="A CSV with the columns student and the group; - is standard input.")],
    column: Annotated[
        str | None, typer.Option(help="The column of the group, where there are several beside student.")
    ] = None,
    days: Annotated[int, typer.Option(help="Compare the tasks of so many last days.", min=1, max=3660)] = DAYS,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.", min=0)] = 1,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """Show whom the system serves less, by a group of students: income, language, a special need.

    The group is read for this run only: it is not stored, logged or used by any decision. Groups under 10 are hidden.
    A flag is a difference beyond chance, by a bootstrap interval for the whole report; beside it stands what the
    catalogue lacks for that group. The access log notes the run, without the groups.

    Examples: souschef fairness MATH-5A --groups groups.csv, souschef fairness --groups - --column language --days 90
    """
    from models import engine
    from models.access import schools
    from workers.cli.group_file import read_groups
    from workers.cli.views.fairness import report_to_json, show_report

    file = read_groups(groups, column=column)
    with engine.transaction() as session:
        reports, unknown = _compare(session, schools.resolve(session, school).id, ref, file, days=days, seed=seed)
    if as_json:
        typer.echo(json.dumps(report_to_json(reports, days=days, unknown=unknown)))
        return
    show_report(reports, days=days, unknown=unknown)


def _compare(
    session: Session, school_id: int, ref: str | None, file: GroupFile, *, days: int, seed: int
) -> tuple[list[GroupReport], int]:
    """Return the reports, and how many rows of the file name nobody of the class."""
    from learning.fairness import compare_groups
    from models.assignments import decision_inputs, overrides
    from models.reports import fairness as report
    from models.students import people
    from models.tables.people import AliasKind
    from tasks.pipeline.overrides import unknown_name
    from tasks.pipeline.resolve_names import UnknownNameError, resolve_name
    from workers.cli import audit_trail

    try:
        class_id = resolve_name(session, school_id, AliasKind.CLASS, ref, code="unknown_class")
    except UnknownNameError as error:
        raise unknown_name(error) from None
    everyone = (
        people.students_of(session, school_id)
        if class_id is None
        else overrides.affected_students(session, classes=[class_id], students=())
    )
    names = people.resolve_names(session, school_id, AliasKind.PERSON, file.groups)
    compared = {names[name]: group for name, group in file.groups.items() if names.get(name) in set(everyone)}
    if not compared:
        raise NobodyError(f"The file names no student of {ref or 'the school'}.", "Refs are those of the roster.")
    policy = decision_inputs.class_policies(session, school_id, {class_id})[class_id].policy
    figures = report.student_figures(
        session, list(compared), class_id=class_id, days=days, reading_allowance=policy.reading_allowance
    )
    needs = report.catalogue_needs(session, list(compared))
    audit_trail.log_access(session, "fairness", compared.keys(), days=days)
    return compare_groups(compared, figures, needs=needs, seed=seed), len(file.groups) - len(compared)
