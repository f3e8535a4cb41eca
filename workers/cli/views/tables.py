"""Show a class on the terminal: a table if it is wide enough, else some lines per student; and catalogue gaps."""

from __future__ import annotations

import os

from rich.console import Console
from rich.table import Table

from learning.mastery.wording import NOT_KNOWN, is_known
from models.reports.classes import CatalogueGap, ClassLine

WIDE = 110
"""Columns that the table needs."""
FILE_WIDTH = 160
"""Columns of output to a file or a pipe, where COLUMNS does not say."""


def console() -> Console:
    """Return a console for standard output, which colours nothing by itself.

    It is as wide as the terminal, or as COLUMNS says; to a file or a pipe without COLUMNS it writes wide lines.
    """
    out = Console(highlight=False)
    return out if out.is_terminal or os.environ.get("COLUMNS") else Console(width=FILE_WIDTH, highlight=False)


def show_class(out: Console, lines: list[ClassLine], *, title: str) -> None:
    """Print each student's deepest gap, interests and assignment, with the reasons."""
    if out.width >= WIDE:
        out.print(_table(lines, title=title))
        return
    out.rule(title)
    for line in lines:
        out.print(f"\n[bold]{line.name}[/bold] ({line.student})  deepest gap: {_gap(line)}; likes: {_likes(line)}")
        out.print(f"  {_assignment(line)}")
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
        table.add_row(f"{line.name} ({line.student})", _gap(line), _likes(line), _assignment(line), *reasons)
    return table


def _gap(line: ClassLine) -> str:
    if line.mastery is None or line.low is None or line.high is None:
        return "none below the goal" if line.responses else NOT_KNOWN
    mastery = f", mastery {line.mastery:.2f}" if is_known(line.low, line.high) else ""
    return f"{line.gap_title} ({line.gap_skill}): {line.status}{mastery}"


def _likes(line: ClassLine) -> str:
    return ", ".join(line.interests) or "not known yet"


def _assignment(line: ClassLine) -> str:
    if line.material is None:
        return line.nothing_sentence
    contexts = ", ".join(context or "no theme" for context in line.contexts)
    more = f", {line.open_slots - 1} more open" if line.open_slots > 1 else ""
    return f"{line.material} ({contexts}){more}"


def show_gaps(out: Console, gaps: list[CatalogueGap]) -> None:
    """Print the missing materials, one sentence each."""
    if not gaps:
        out.print("The catalogue lacks nothing that a student needs.")
    for gap in gaps:
        who = "1 student needs" if gap.students == 1 else f"{gap.students} students need"
        wanted = f"{gap.title} ({gap.skill})" + (f" about {gap.context}" if gap.context else "")
        out.print(f"{gap.rank:3}. {who} {wanted}: no material{'' if gap.context else ' fits'} (price {gap.price:.2f})")
