"""A class for the terminal: a table where it is wide enough, else a few lines a student; and what it lacks."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from models.class_reports import CatalogueGap
from models.reports import ClassLine

WIDE = 110
"""Columns from which the table reads well."""
FILE_WIDTH = 160
"""Columns of what goes into a file or a pipe."""


def console() -> Console:
    """Return a console for standard output that does not squeeze what is read from a file."""
    out = Console()
    return out if out.is_terminal else Console(width=FILE_WIDTH)


def show_class(out: Console, lines: list[ClassLine], *, title: str) -> None:
    """Print who stands where, likes what, was given what, and why."""
    if out.width >= WIDE:
        out.print(_table(lines, title=title))
        return
    out.rule(title)
    for line in lines:
        out.print(f"\n[bold]{line.name}[/bold]  deepest gap: {_gap(line)}; likes: {_likes(line)}")
        out.print(f"  {_given(line)}")
        for reason in (line.because_gap, line.because_interest):
            if reason:
                out.print(f"  {reason}")


def _table(lines: list[ClassLine], *, title: str) -> Table:
    table = Table(title=title, show_lines=True, expand=True)
    for heading, ratio in (
        ("Student", 3),
        ("Deepest gap", 5),
        ("Likes", 3),
        ("Assignment", 5),
        ("Because of this gap", 7),
        ("Because of this interest", 6),
    ):
        table.add_column(heading, ratio=ratio, overflow="fold")
    for line in lines:
        reasons = (line.because_gap, line.because_interest)
        table.add_row(line.name, _gap(line), _likes(line), _given(line), *reasons)
    return table


def _gap(line: ClassLine) -> str:
    return "none" if line.mastery is None else f"{line.gap_title} ({line.gap_skill}, mastery {line.mastery:.2f})"


def _likes(line: ClassLine) -> str:
    return ", ".join(line.interests) or "not known yet"


def _given(line: ClassLine) -> str:
    if line.material is None:
        return line.nothing_sentence
    contexts = ", ".join(context or "no theme" for context in line.contexts)
    more = f", {line.open_slots - 1} more open" if line.open_slots > 1 else ""
    return f"{line.material} ({contexts}){more}"


def show_gaps(out: Console, gaps: list[CatalogueGap]) -> None:
    """Print what the catalogue lacks, a sentence each."""
    if not gaps:
        out.print("The catalogue lacks nothing that a student wants.")
    for gap in gaps:
        who = "1 student needs" if gap.students == 1 else f"{gap.students} students need"
        wanted = f"{gap.title} ({gap.skill})" + (f" about {gap.context}" if gap.context else "")
        out.print(
            f"{gap.rank:3}. {who} {wanted}: nothing there{'' if gap.context else ' fits'} (price {gap.price:.2f})"
        )
