"""`souschef refresh`: decide anew for a student, a class, a school or everybody, and say how fast that went."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Annotated, Any

import typer

COUNTED = ("students", "assigned", "withdrawn", "kept", "nothing")


def refresh(
    *,
    student: Annotated[str | None, typer.Option(help="One student, by ref.")] = None,
    class_ref: Annotated[str | None, typer.Option("--class", help="All who are in this class now.")] = None,
    school: Annotated[
        str | None, typer.Option(help="All students of this school, or the school of the others.")
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="All students of all schools.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Decide anew on the newest evidence, catalogue and policy; what stays as it is is not written.

    It works beside running workers. Every hundred students are one transaction, so Ctrl-C loses nothing that is done.

    Examples: souschef refresh --class MATH-5A, souschef refresh --all --json
    """
    if not (student or class_ref or school or everybody):
        raise typer.BadParameter("Say whose: --student, --class, --school or --all.")
    from config.errors import Mendable
    from models import database, diagnosis

    with database.transaction() as session:
        found = diagnosis.students(session, ref=student, class_ref=class_ref, school=school)
    if not found:
        raise Mendable("There is no such student.", "Refs are the sourcedIds of the roster; a loaded school has some.")
    started = time.monotonic()
    counts = _refreshed([student for students in found.values() for student in students], quiet=as_json)
    told = _told(counts, seconds=time.monotonic() - started)
    if as_json:
        typer.echo(json.dumps(told))
        return
    typer.echo(
        f"{told['students']:,} students decided for in {told['seconds']:.1f} s, {told['students_per_second']} a second."
    )
    typer.echo(
        f"{told['assigned']:,} materials newly on menus, {told['withdrawn']:,} taken off, {told['kept']:,} assignments "
        f"kept; nothing fits {told['nothing']:,} students."
    )


def _refreshed(students: list[int], *, quiet: bool) -> Counter[str]:
    from rich.console import Console
    from rich.progress import track

    from tasks.refresh import SLICE, refresh_assignments

    counts: Counter[str] = Counter()
    slices = [students[start : start + SLICE] for start in range(0, len(students), SLICE)]
    for each in track(slices, "Deciding", console=Console(stderr=True), disable=quiet, transient=True):
        counts.update({name: int(count) for name, count in refresh_assignments(each).items() if name in COUNTED})
    return counts


def _told(counts: Counter[str], *, seconds: float) -> dict[str, Any]:
    told: dict[str, Any] = {name: counts[name] for name in COUNTED}
    told["seconds"] = round(seconds, 3)
    told["students_per_second"] = round(counts["students"] / seconds) if seconds else 0
    return told
