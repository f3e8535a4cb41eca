"""`souschef rebuild`: states are computed anew from the facts, and compared with those that were there."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Annotated, Any

import typer

SLICE = 100
"""Students of one transaction: short enough not to keep an event of theirs waiting."""


def rebuild(
    *,
    student: Annotated[str | None, typer.Option(help="One student, by ref.")] = None,
    class_ref: Annotated[str | None, typer.Option("--class", help="All who are in this class now.")] = None,
    school: Annotated[
        str | None, typer.Option(help="All students of this school, or the school of the others.")
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="All students of all schools.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compute states anew from the facts, publish what differs, and say how many states were not what they should be.

    It works beside running workers: each student is locked as an event of theirs would lock them. A state that waited
    for a refresh (a new snapshot, new parameters, a changed catalogue) may differ and is counted apart. Any other that
    differs was wrong, and is right now.

    Exit codes: 0 no state was wrong, 1 some were.

    Example: souschef rebuild --class 4A
    """
    if not (student or class_ref or school or everybody):
        raise typer.BadParameter("Say whose: --student, --class, --school or --all.")
    started = time.monotonic()
    counts = _rebuild(_whom(student=student, class_ref=class_ref, school=school), quiet=as_json)
    seconds = time.monotonic() - started
    told = _told(counts, seconds=seconds)
    if as_json:
        typer.echo(json.dumps(told))
    else:
        typer.echo(f"{told['students']} students in {seconds:.1f} s, {told['students_per_second']} a second.")
        typer.echo(
            f"{told['differed']} states differed from the live ones; {told['due']} that waited for a refresh did."
        )
        typer.echo(f"{told['new']} had no state yet.")
    if counts["differed"]:
        raise typer.Exit(1)


def _told(counts: Counter[str], *, seconds: float) -> dict[str, Any]:
    told: dict[str, Any] = {name: counts[name] for name in ("students", "differed", "due", "new", "same")}
    told["seconds"] = round(seconds, 3)
    told["students_per_second"] = round(counts["students"] / seconds) if seconds else 0
    return told


def _whom(*, student: str | None, class_ref: str | None, school: str | None) -> dict[int, list[int]]:
    """Return the ids of the students who are meant, by their school's.

    Raises:
        Mendable: nobody is meant.
    """
    from config.errors import Mendable
    from models import database, diagnosis

    with database.transaction() as session:
        found = diagnosis.students(session, ref=student, class_ref=class_ref, school=school)
    if not found:
        raise Mendable("There is no such student.", "Refs are the sourcedIds of the roster; a loaded school has some.")
    return found


def _rebuild(whom: dict[int, list[int]], *, quiet: bool) -> Counter[str]:
    from rich.console import Console
    from rich.progress import track

    slices = [
        (school_id, students[start : start + SLICE])
        for school_id, students in whom.items()
        for start in range(0, len(students), SLICE)
    ]
    counts: Counter[str] = Counter()
    for school_id, students in track(slices, "Rebuilding", console=Console(stderr=True), disable=quiet, transient=True):
        counts += _slice(school_id, students)
    return counts


def _slice(school_id: int, students: list[int]) -> Counter[str]:
    """Compute the states of a few students anew, in one transaction; return how many were what they should be."""
    from models import database, diagnosis, learners
    from tasks.decide import decide

    counts: Counter[str] = Counter(students=len(students))
    with database.transaction() as session:
        before = learners.lock(session, school_id, students)
        waited = diagnosis.waiting_for_refresh(session, before)
        decide(session, school_id, states=before, touched=dict.fromkeys(before))
        after = learners.lock(session, school_id, students)
    for each, row in before.items():
        if row.snapshot_version < 0:  # the lock has just made it
            counts["new"] += 1
        elif (row.state, row.facts, row.last) == (after[each].state, after[each].facts, after[each].last):
            counts["same"] += 1
        else:
            counts["due" if each in waited else "differed"] += 1
    return counts
