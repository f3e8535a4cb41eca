"""`souschef recompute-states`: compute learner states again from the facts, and compare them with the stored ones."""

from __future__ import annotations

import json
import time
from collections import Counter

import typer

from workers.cli.commands.refresh_assignments import students_by_school, summarise
from workers.cli.interrupted import say_how_far
from workers.cli.options import AsJson, Class, Everybody, School, Student

SLICE = 100
"""Students of one transaction: few enough that their events do not wait long."""


def recompute_states(
    *,
    student: Student = None,
    class_ref: Class = None,
    school: School = None,
    everybody: Everybody = False,
    as_json: AsJson = False,
) -> None:
    """Compute states again from the facts, publish the differences, and print how many states were wrong.

    It runs beside the workers, and locks each student as a worker does. A state that was due for a refresh (because of
    a new snapshot, new parameters or a changed catalogue) may differ and is counted apart. Any other state that differs
    was wrong, and is correct now. --school alone selects all students of a school.

    Exit codes: 0 no state was wrong, 1 some were.

    Example: souschef recompute-states --class 4A
    """
    by_school = students_by_school(student=student, class_ref=class_ref, school=school, everybody=everybody)
    started = time.monotonic()
    counts = _recompute(by_school, quiet=as_json)
    names = ("students", "differed", "due", "new", "same")
    summary = summarise(counts, names, seconds=time.monotonic() - started)
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        typer.echo(
            f"{summary['students']} students in {summary['seconds']:.1f} s, {summary['students_per_second']} a second."
        )
        typer.echo(f"{summary['differed']} states differed and were wrong; so did {summary['due']} due for a refresh.")
        typer.echo(f"{summary['new']} students had no state yet.")
    if counts["differed"]:
        raise typer.Exit(1)


def _recompute(by_school: dict[int, list[int]], *, quiet: bool) -> Counter[str]:
    from rich.console import Console
    from rich.progress import track

    batches = [
        (school_id, students[start : start + SLICE])
        for school_id, students in by_school.items()
        for start in range(0, len(students), SLICE)
    ]
    counts: Counter[str] = Counter()
    total = sum(map(len, by_school.values()))
    with say_how_far(lambda: f"{counts['students']:,} of {total:,} students are computed again; that stays."):
        for school_id, students in track(
            batches, "Recomputing", console=Console(stderr=True), disable=quiet, transient=True
        ):
            counts += _recompute_batch(school_id, students)
    return counts


def _recompute_batch(school_id: int, students: list[int]) -> Counter[str]:
    """Compute the states of some students again in one transaction; return how many were correct."""
    from models import engine
    from models.reports import diagnosis
    from models.students import states
    from tasks.pipeline.decide import decide

    counts: Counter[str] = Counter(students=len(students))
    with engine.transaction() as session:
        before = states.load_for_update(session, school_id, students)
        due = diagnosis.waiting_for_refresh(session, before)
        decide(session, school_id, states=before, touched=dict.fromkeys(before))
        after = states.load_for_update(session, school_id, students)
    for student, row in before.items():
        if row.snapshot_version < 0:  # `load_for_update` has just created it
            counts["new"] += 1
        elif (row.state, row.facts, row.last) == (after[student].state, after[student].facts, after[student].last):
            counts["same"] += 1
        else:
            counts["due" if student in due else "differed"] += 1
    return counts
