"""Teachers' orders for the terminal: what would change for whom, and what is in force."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from models.orders import Given
from tasks.rehearsal import Unmet, Would
from workers.class_table import console

ANYWAY = "The next refresh brings this without it, too."


def show_would(lines: Sequence[Would], *, dry_run: bool, out: Console | None = None) -> None:
    """Print a row for each student for whom something changes, and a sentence on the others."""
    out = out or console()
    moved = [line for line in lines if line.changes]
    if moved:
        table = Table(show_lines=True, expand=True)
        now, then = ("Now", "Would be") if dry_run else ("Before", "Now")
        for heading, ratio in (("Student", 2), (now, 4), (then, 4), ("Why", 6)):
            table.add_column(heading, ratio=ratio, overflow="fold")
        for line in moved:
            why = (*line.why, *((ANYWAY,) if line.anyway else ()))
            table.add_row(line.name, "\n".join(line.now) or "nothing", "\n".join(line.would_be) or "nothing", _all(why))
        out.print(table)
    would = "would change" if dry_run else "changed"
    out.print(f"The work of {len(moved)} of {_students(len(lines))} {would}.")
    show_unmet([each for line in lines for each in line.unmet], out=out)
    if dry_run:
        out.print("Nothing was changed.")


def show_unmet(unmet: Sequence[Unmet], *, out: Console | None = None) -> None:
    """Print a line for each order that cannot be met, with its students and the reason."""
    out = out or console()
    found: dict[tuple[int, str], list[str]] = {}
    for each in unmet:
        found.setdefault((each.order, each.because), []).append(each.name)
    for (order, because), names in sorted(found.items()):
        whom = names[0] if len(names) == 1 else _students(len(names))
        out.print(f"Order {order} cannot be met for {whom}: {because}.", style="yellow")


def show_given(orders: Sequence[Given], unmet: Sequence[Unmet]) -> None:
    """Print the orders as a table, and those that cannot be met."""
    out = console()
    if not orders:
        out.print("No order is in force.")
        return
    table = Table(expand=True)
    for heading, ratio in (
        ("No.", 1),
        ("Order", 2),
        ("For", 3),
        ("What", 4),
        ("By", 2),
        ("Reason", 4),
        ("Until", 3),
        ("Standing", 2),
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
