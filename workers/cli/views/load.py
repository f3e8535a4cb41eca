"""Show an import: a progress bar while it runs, then its result in counts and names."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from models.imports.session import Difference, InvalidFilesError, LoadReport

MAX_LISTED = 50
"""Rows and notices that are listed; `--json` has more."""
MAX_NAMES = 5
"""Names printed for each kind and outcome; `--json` has more."""


class Bar:
    """Progress bars: one for the files, and one for each kind of row."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def reading(self, file: str) -> None:
        """Show the name of the file that is read."""
        self._of("reading").update(self._tasks["reading"], description=f"Reading {file}", advance=1)

    def writing(self, kind: str, done: int, total: int) -> None:
        """Show the progress of a kind of row."""
        if total:
            self._of(kind).update(self._tasks[kind], description=f"Writing {kind}", total=total, completed=done)

    def _of(self, name: str) -> Progress:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=None)
        return self._bars


@contextmanager
def disable_gc() -> Iterator[None]:
    """Disable Python's garbage collector, which would take a third of the time to walk a million live rows."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def progress() -> Iterator[Bar]:
    """Show progress bars on standard error, if that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        yield Bar(bars)


def lines(report: LoadReport, *, dry_run: bool, seconds: float) -> Iterator[str]:
    """Yield the report as text."""
    yield f"School {report.school}{', dry run: nothing is written' if dry_run else ''}"
    yield from (f"  {file} was read {how}." for file, how in report.read_as.items())
    yield from _differences(report, dry_run=dry_run)
    yield from _left_out(report, dry_run=dry_run)
    if report.consents:
        yield f"  Consent to questions in protected categories is on record for {', '.join(report.consents)}."
    if report.erased:
        who, is_ = ("person", "is") if report.erased == 1 else ("people", "are")
        yield f"  {report.erased:,} {who} of the files {is_} erased here, and left out."
    if not report.any:
        yield "  Nothing differs from what is loaded."
    will = "would be" if dry_run else "are"
    if report.refreshed:
        yield f"  {report.refreshed:,} students {will} marked for a refresh."
    yield from _first_assignments(report)
    if report.unparked:
        yield f"  {report.unparked:,} parked events {will} due again."
    yield f"  {report.rows:,} rows in {seconds:.1f} s, {rate(report, seconds):,} a second."


def _differences(report: LoadReport, *, dry_run: bool) -> Iterator[str]:
    for kind, each in report.differences.items():
        ended = f"{each.ended:>9,} ended" if each.ended else ""
        yield f"  {kind:<15}{each.new:>9,} new{each.changed:>9,} changed{each.same:>9,} as before{ended}"
        if dry_run:
            yield from _names(each)
    for circle in report.dropped:
        yield f"  left out, because it closes a cycle: {' needs '.join(circle)}"
    for old, new in report.renamed:
        yield f"  {_escape(old)} is {_escape(new)} now: the same account, so one person, who keeps all that is theirs."


def _left_out(report: LoadReport, *, dry_run: bool) -> Iterator[str]:
    for file, (bad, read) in report.left_out_of.items():
        yield f"  {bad:,} of {read:,} rows of {file} {'would be' if dry_run else 'were'} left out:"
        rows = [each for each in report.left_out if each.file == file]
        yield from (f"    {_escape(str(each))}" for each in rows[:MAX_LISTED])
        if bad > MAX_LISTED:
            yield "    and more; `--json` lists the first thousand, and `souschef doctor` counts them."
    if report.notices:
        yield "  Loaded, but:"
        yield from (f"    {_escape(str(each))}" for each in report.notices[:MAX_LISTED])
        if len(report.notices) > MAX_LISTED:
            yield f"    and {len(report.notices) - MAX_LISTED:,} more."


def line(report: LoadReport, *, dry_run: bool, seconds: float) -> str:
    """Return the report as one line, for the mail of a scheduled job."""
    counts = [
        (sum(getattr(each, name) for each in report.differences.values()), name) for name in ("new", "changed", "ended")
    ]
    counts += [
        (report.rows_left_out, "left out"),
        (len(report.notices), "notice" + "s" * (len(report.notices) != 1)),
        (report.refreshed, "to refresh"),
    ]
    parts = [f"{report.rows:,} rows", *(f"{count:,} {name}" for count, name in counts if count)]
    if not report.any:
        parts.append("nothing differs")
    return f"School {report.school}{' (dry run)' if dry_run else ''}: {', '.join(parts)}, {seconds:.1f} s"


def _first_assignments(report: LoadReport) -> Iterator[str]:
    if report.first:
        yield f"  {report.first:,} of them have no decision yet and get their first assignments."
    if report.default_scopes:
        yield "  No scope is loaded: until one is, a class works on the skills of its grade that have materials:"
        for each in report.default_scopes[:MAX_NAMES]:
            yield f"      {_escape(each.class_ref)}: grade {each.grade:g}, {each.skills:,} skills"
        if len(report.default_scopes) > MAX_NAMES:
            yield f"      and {len(report.default_scopes) - MAX_NAMES:,} more classes"
    if report.unscoped:
        more = f" and {len(report.unscoped) - MAX_NAMES:,} more" if len(report.unscoped) > MAX_NAMES else ""
        names = ", ".join(map(_escape, report.unscoped[:MAX_NAMES]))
        yield f"  Without a scope, so nothing is assigned there: {names}{more}."


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
        "left_out": [asdict(each) for each in report.left_out],
        "left_out_of": {file: {"left_out": bad, "rows": read} for file, (bad, read) in report.left_out_of.items()},
        "notices": [asdict(each) for each in report.notices],
        "same_person": [{"old": old, "new": new} for old, new in report.renamed],
        "refreshed": report.refreshed,
        "first": report.first,
        "default_scopes": [asdict(each) for each in report.default_scopes],
        "without_scope": report.unscoped,
        "unparked": report.unparked,
        "rows": report.rows,
        "seconds": round(seconds, 2),
        "rows_a_second": rate(report, seconds),
    }


def problems(error: InvalidFilesError) -> dict[str, Any]:
    """Return the problems of the files as JSON."""
    return {"problems": [asdict(problem) for problem in error.problems], "untold": error.untold}


def rate(report: LoadReport, seconds: float) -> int:
    """Return the rows per second, from the first byte read to the last row written."""
    return round(report.rows / seconds) if seconds else 0


def _names(each: Difference) -> Iterator[str]:
    for outcome, count in (("new", each.new), ("changed", each.changed), ("ended", each.ended)):
        if count:
            more = f" and {count - MAX_NAMES:,} more" if count > MAX_NAMES else ""
            yield f"      {outcome}: {', '.join(map(_escape, each.names[outcome][:MAX_NAMES]))}{more}"


def _escape(name: str) -> str:
    """Escape characters that would control a terminal or reverse the text around them."""
    return name if name.isprintable() else repr(name)
