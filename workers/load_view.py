"""How a load is shown: a bar while it runs, then what it did in counts and names."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from models.load_report import Difference, FilesWrong, LoadReport

SHOWN = 5
"""Names shown of each kind and outcome; `--json` has more."""


class Bar:
    """A bar for each file read and each kind written."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def reading(self, file: str) -> None:
        """Show which file is read."""
        self._of("reading").update(self._tasks["reading"], description=f"Reading {file}", advance=1)

    def writing(self, kind: str, done: int, total: int) -> None:
        """Show how far a kind is."""
        if total:
            self._of(kind).update(self._tasks[kind], description=f"Writing {kind}", total=total, completed=done)

    def _of(self, name: str) -> Progress:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=None)
        return self._bars


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep Python's collector still: it would walk a million living rows again and again, for a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def progress() -> Iterator[Bar]:
    """Show bars on standard error while a load runs; where that is no terminal, nothing."""
    told = Console(stderr=True)
    columns = (TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=told, transient=True, disable=not told.is_terminal) as bars:
        yield Bar(bars)


def lines(report: LoadReport, *, dry_run: bool, seconds: float) -> Iterator[str]:
    """Yield the report as text."""
    yield f"School {report.school}{', dry run: nothing is written' if dry_run else ''}"
    for file, how in report.read_as.items():
        yield f"  {file} was read {how}."
    for kind, each in report.differences.items():
        ended = f"{each.ended:>9,} ended" if each.ended else ""
        yield f"  {kind:<15}{each.new:>9,} new{each.changed:>9,} changed{each.same:>9,} as before{ended}"
        if dry_run:
            yield from _names(each)
    for circle in report.dropped:
        yield f"  left out, it closes a circle: {' needs '.join(circle)}"
    if report.consents:
        yield f"  Consent to questions in protected categories is on record for {', '.join(report.consents)}."
    if report.erased:
        yield f"  {report.erased:,} people of the files were erased, and are left out."
    if not report.any:
        yield "  Nothing differs from what is loaded."
    will, students, events = (
        ("would be", report.refreshed, report.unparked) if dry_run else ("are", report.refreshed, report.unparked)
    )
    if students:
        yield f"  {students:,} students {will} marked for a refresh."
    if events:
        yield f"  {events:,} events that waited for this {will} due again."
    yield f"  {report.rows:,} rows in {seconds:.1f} s, {rate(report, seconds):,} a second."


def summary(report: LoadReport, *, dry_run: bool, seconds: float) -> dict[str, Any]:
    """Return the report as JSON."""
    return {
        "school": report.school,
        "dry_run": dry_run,
        "changed": report.any,
        "read_as": report.read_as,
        "loaded": {kind: asdict(each) for kind, each in report.differences.items()},
        "dropped_cycles": [list(circle) for circle in report.dropped],
        "consents": report.consents,
        "erased": report.erased,
        "refreshed": report.refreshed,
        "unparked": report.unparked,
        "rows": report.rows,
        "seconds": round(seconds, 2),
        "rows_a_second": rate(report, seconds),
    }


def problems(wrong: FilesWrong) -> dict[str, Any]:
    """Return what is wrong with the files as JSON."""
    return {"problems": [asdict(problem) for problem in wrong.problems], "untold": wrong.untold}


def rate(report: LoadReport, seconds: float) -> int:
    """Return the rows a second, from the first byte read to the last row written."""
    return round(report.rows / seconds) if seconds else 0


def _names(each: Difference) -> Iterator[str]:
    for outcome, count in (("new", each.new), ("changed", each.changed), ("ended", each.ended)):
        if count:
            more = f" and {count - SHOWN:,} more" if count > SHOWN else ""
            yield f"      {outcome}: {', '.join(map(_shown, each.names[outcome][:SHOWN]))}{more}"


def _shown(name: str) -> str:
    """Return a name without what would steer a terminal, or turn the text around it."""
    return name if name.isprintable() else repr(name)
