"""Show teacher overrides: a preview of what changes for whom, and the list of those in force."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from models.assignments.overrides import TeacherOverrideRow
from tasks.pipeline.preview import StudentPreview, Unmet
from workers.cli.views.tables import console

UNCHANGED = "The next refresh makes this change anyway."


def show_preview(lines: Sequence[StudentPreview], *, happened: bool, out: Console | None = None) -> None:
    """Print a row for each student whose work changes or, if it has `happened`, has changed; count the others."""
    out = out or console()
    moved = [line for line in lines if line.changes]
    if moved:
        table = Table(show_lines=True, expand=True)
        now, then = ("Before", "Now") if happened else ("Now", "Would be")
        for heading, ratio in (("Student", 2), (now, 4), (then, 4), ("Why", 6)):
            table.add_column(heading, ratio=ratio, overflow="fold")
        for line in moved:
            acts = (f"It acts on the list of {line.acts_on}.",) if line.acts_on else ()
            why = (*line.why, *((UNCHANGED,) if line.anyway else ()), *acts)
            table.add_row(
                f"{line.name} ({line.student})",
                "\n".join(line.now) or "nothing",
                "\n".join(line.would_be) or "nothing",
                _all(why),
            )
        out.print(table)
    would = "changed" if happened else "would change"
    out.print(f"The work of {len(moved)} of {_students(len(lines))} {would}.")
    show_unmet([each for line in lines for each in line.unmet], out=out)


def show_unmet(unmet: Sequence[Unmet], *, out: Console | None = None) -> None:
    """Print a line for each override that cannot be met, with its students and the reason."""
    out = out or console()
    found: dict[tuple[int, str], list[str]] = {}
    for each in unmet:
        found.setdefault((each.order, each.because), []).append(each.name)
    for (order, because), names in sorted(found.items()):
        whom = names[0] if len(names) == 1 else _students(len(names))
        out.print(f"Override {order} cannot be met for {whom}: {because}.", style="yellow")


def show_override(orders: Sequence[TeacherOverrideRow], unmet: Sequence[Unmet]) -> None:
    """Print the overrides as a table, and those that cannot be met."""
    out = console()
    if not orders:
        out.print("No override is in force.")
        return
    table = Table(expand=True)
    for heading, ratio in (
        ("No.", 1),
        ("Kind", 2),
        ("For", 3),
        ("What", 4),
        ("By", 2),
        ("Reason", 4),
        ("Until", 3),
        ("Status", 2),
        ("Key, to revoke it", 3),
    ):
        table.add_column(heading, ratio=ratio, overflow="fold")
    failing = {each.order for each in unmet}
    for each in orders:
        table.add_row(
            str(each.number),
            each.order.replace("_", "-"),
            each.student or f"class {each.class_ref}",
            each.material or each.skill or "everything",
            each.author,
            each.reason,
            f"{each.expires_at:%Y-%m-%d %H:%M}Z" if each.expires_at else "revoked",
            "cannot be met" if each.number in failing else each.standing,
            each.key,
        )
    out.print(table)
    show_unmet(unmet, out=out)


def _all(sentences: Sequence[str]) -> str:
    return "\n".join(sentences)


def _students(count: int) -> str:
    return "1 student" if count == 1 else f"{count} students"
