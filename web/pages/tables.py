"""The pages' tables as CSV: exactly what is on the screen, and two figures of a gradebook beside it for comparison.

A table is of the change number that its page showed; where something has changed since, a page says so instead.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from learning.gradebook import decaying_average, latest
from lms.files.spreadsheet_text import marked
from models.reports import override_pages
from web.pages import teacher, teacher_words
from web.pages.access import HeadVisit, TeacherVisit, Visit, in_snapshot, in_transaction
from web.pages.head import note_school, school_values
from web.pages.language import N_
from web.pages.safety import headers

router = APIRouter(prefix="/lti/s/{launch}", include_in_schema=False)
Cell = str | int | float | None
Table = list[Sequence[Cell]]


@router.get("/class.csv")
async def class_table(request: Request, found: TeacherVisit, seen: teacher.Seen = 0) -> Response:
    """Return the page of the class."""
    return await _table(request, found, seen, "class", lambda session: class_rows(session, found))


@router.get("/student/{number}.csv")
async def student_table(
    request: Request, found: TeacherVisit, number: Annotated[int, Path(ge=1, le=2**63 - 1)], seen: teacher.Seen = 0
) -> Response:
    """Return a student's skills with the answers behind them."""
    rows = lambda session: student_rows(session, found, number)  # noqa: E731 - as in the others
    return await _table(request, found, seen, "student", rows, number=number)


@router.get("/gaps.csv")
async def gaps_table(request: Request, found: TeacherVisit, seen: teacher.Seen = 0) -> Response:
    """Return the shopping list."""
    return await _table(request, found, seen, "gaps", lambda session: gap_rows(session, found))


@router.get("/school.csv")
async def school_table(request: Request, found: HeadVisit) -> Response:
    """Return the classes of a head's page, in numbers."""
    rows = await in_snapshot(request, lambda session: school_rows(session, found))
    await in_transaction(request, lambda session: note_school(session, found.visitor, "table school"))
    return _csv(rows, "school")


async def _table(
    request: Request, found: Visit, seen: int, name: str, read: Callable[[Session], Table], *, number: int | None = None
) -> Response:
    """Return a table as it was on the screen, or the page that says why not."""

    def rows_then(session: Session) -> Table | int:
        changed = override_pages.changes(session, teacher.class_of(found.visitor), seen)
        affected = [each for each in changed if number in (None, each.student_id)]
        return len({each.student_id for each in affected}) or read(session)

    rows = await in_snapshot(request, rows_then)
    if isinstance(rows, int):
        back = {"class": "class", "gaps": "gaps", "student": f"student/{number}"}[name]
        values: dict[str, object] = {"changed": teacher.changed_text(found, rows), "back": f"{found.path}/{back}"}
        return found.page("stale.html", values, status=409)

    def note(session: Session) -> None:
        if number is None:
            teacher.note_class(session, found.visitor, f"table {name}")
        else:
            teacher.note_student(session, found.visitor, f"table {name}", number)

    await in_transaction(request, note)
    return _csv(rows, name)


def class_rows(session: Session, found: Visit) -> Table:
    """Return the rows of a class's page."""
    values: Mapping[str, Any] = teacher.class_values(session, found)
    text = found.spoken.text
    rows: Table = [
        [text(each) for each in (
            N_("Student"), N_("Ref"), N_("Works on now"), N_("Theme"), N_("State"), N_("Why"), N_("Skill"),
            N_("Widest gap"), N_("Mastery"), N_("Low"), N_("High"), N_("Answers"), N_("Since"),
            N_("Canvas: decaying average"), N_("Canvas: latest"), N_("Change number"),
        )]
    ]  # fmt: skip
    for number, line in values["lines"].items():
        task = values["tasks"].get(line.assignment)
        answers = values["answers"].get((number, task.skill_id), ()) if task else ()
        since = found.spoken.iso(task.assigned_at) if task else None
        rows.append(
            [line.name, line.student, line.material, task.theme if task else None, line.state,
             values["reasons"][number], task.skill if task else None, line.gap_title, line.mastery, line.low, line.high,
             line.responses, since, decaying_average(answers), latest(answers), values["seen"]]
        )  # fmt: skip
    return rows


def student_rows(session: Session, found: Visit, number: int) -> Table:
    """Return the skills of a student's page."""
    values: Mapping[str, Any] = teacher.student_values(session, found, number)
    text = found.spoken.text
    rows: Table = [
        [text(each) for each in (
            N_("Skill"), N_("Standing"), N_("Mastery"), N_("Low"), N_("High"), N_("Goal"), N_("Answers"),
            N_("Canvas: decaying average"), N_("Canvas: latest"), N_("Change number"),
        )]
    ]  # fmt: skip
    for skill in values["skills"]:
        answers = values["answers"].get((number, skill.id), ())
        status = text(teacher_words.STATUSES[teacher_words.status(skill, skill)])
        rows.append(
            [skill.title, status, skill.mastery, skill.low, skill.high, skill.target,
             skill.responses, decaying_average(answers), latest(answers), values["seen"]]
        )  # fmt: skip
    return rows


def gap_rows(session: Session, found: Visit) -> Table:
    """Return the shopping list."""
    values: Mapping[str, Any] = teacher.gap_values(session, found)
    heading = (N_("Rank"), N_("Skill"), N_("Ref"), N_("Theme"), N_("Students"), N_("Change number"))
    topics = values["topics"]
    return [
        [found.spoken.text(each) for each in heading],
        *([gap.rank, gap.title, gap.skill, topics.get(gap.context, gap.context), gap.students, values["seen"]]
          for gap in values["gaps"]),
    ]  # fmt: skip


def school_rows(session: Session, found: Visit) -> Table:
    """Return the classes of a school, in numbers."""
    values: Mapping[str, Any] = school_values(session, found)
    heading = (N_("Class"), N_("Ref"), N_("Students"), N_("Have a task"), N_("With a known gap"), N_("Asked for help"),
               N_("Missing materials"), N_("Answers up to"), N_("Change number"))  # fmt: skip
    return [
        [found.spoken.text(each) for each in heading],
        *([each.title, each.ref, each.students, each.with_task, each.with_gap, each.asked_for_help, each.missing,
           each.evidence_until and found.spoken.iso(each.evidence_until), values["seen"]]
          for each in values["classes"]),
    ]  # fmt: skip


def as_csv(rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows as CSV (RFC 4180) of which a spreadsheet runs nothing; a number stays a number."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([[_cell(each) for each in row] for row in rows])
    return out.getvalue()


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return f"{value:.4g}" if isinstance(value, float) else str(value)
    return marked(value)


def _csv(rows: Table, name: str) -> Response:
    disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    body = "\ufeff" + as_csv(rows)  # without the mark, Excel reads names as Latin-1
    return Response(body, 200, {**headers(), **disposition}, media_type="text/csv; charset=utf-8")
