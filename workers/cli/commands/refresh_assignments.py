"""`souschef refresh-assignments`: decide again for students, and print how fast that was."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

import typer

from workers.cli.interrupted import say_how_far
from workers.cli.options import AsJson, Class, Everybody, School, Student

COUNTED = ("students", "assigned", "withdrawn", "kept", "nothing")


def refresh_assignments(
    *,
    student: Student = None,
    class_ref: Class = None,
    school: School = None,
    everybody: Everybody = False,
    as_json: AsJson = False,
) -> None:
    """Decide again with the newest evidence, catalogue and policy; unchanged assignments are not written.

    It runs beside the workers. A hundred students are one transaction, so that Ctrl-C loses no finished work. --school
    alone selects all students of a school.

    Examples: souschef refresh-assignments --class MATH-5A, souschef refresh-assignments --all --json
    """
    by_school = students_by_school(student=student, class_ref=class_ref, school=school, everybody=everybody)
    started = time.monotonic()
    counts = _refresh([each for students in by_school.values() for each in students], quiet=as_json)
    summary = summarise(counts, COUNTED, seconds=time.monotonic() - started)
    if as_json:
        typer.echo(json.dumps(summary))
        return
    typer.echo(
        f"{summary['students']:,} students decided in {summary['seconds']:.1f} s, "
        f"{summary['students_per_second']} a second."
    )
    typer.echo(
        f"{summary['assigned']:,} materials added to menus, {summary['withdrawn']:,} removed, "
        f"{summary['kept']:,} assignments unchanged; {summary['nothing']:,} students have no assignment."
    )


def students_by_school(
    *, student: str | None, class_ref: str | None, school: str | None, everybody: bool
) -> dict[int, list[int]]:
    """Return the ids of the selected students by their school's id.

    Raises:
        BadParameter: no selection was made.
        WrongInputError: there is no such student.
    """
    from config.errors import WrongInputError
    from models import engine
    from models.access import schools
    from models.reports import diagnosis
    from workers.cli import refs

    if not (student or class_ref or school or everybody):
        raise typer.BadParameter("Select students: --student, --class, --school or --all.")
    with say_how_far(lambda: "nothing was changed."), engine.transaction() as session:
        if student or class_ref:
            owner = schools.resolve(session, school)
            of = refs.resolve_all(session, owner, student=student, class_ref=class_ref)
            student, class_ref, school = of["student"], of["class_ref"], owner.ref
        by_school = diagnosis.students(session, ref=student, class_ref=class_ref, school=school)
    if not by_school:
        wanted = f"student {student!r}" if student else f"class {class_ref!r} with students" if class_ref else "student"
        where = f" at school {school}" if school else ""
        raise WrongInputError(
            f"There is no {wanted}{where}.", "Refs are the sourcedIds of the roster; load a roster if there is none."
        )
    return by_school


def summarise(counts: Counter[str], names: tuple[str, ...], *, seconds: float) -> dict[str, Any]:
    """Return the of counts, the duration and the rate, as `--json` prints them."""
    return {name: counts[name] for name in names} | {
        "seconds": round(seconds, 3),
        "students_per_second": round(counts["students"] / seconds) if seconds else 0,
    }


def _refresh(students: list[int], *, quiet: bool) -> Counter[str]:
    from rich.console import Console
    from rich.progress import track

    from tasks import refresh

    counts: Counter[str] = Counter()
    size = refresh.STUDENTS_PER_TRANSACTION
    batches = [students[start : start + size] for start in range(0, len(students), size)]
    with say_how_far(lambda: f"decided for {counts['students']:,} of {len(students):,} students; that stays."):
        for batch in track(batches, "Deciding", console=Console(stderr=True), disable=quiet, transient=True):
            found = refresh.refresh_assignments(batch)
            counts.update({name: int(count) for name, count in found.items() if name in COUNTED})
    return counts
