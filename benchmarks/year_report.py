"""What `benchmarks.year` has measured, as a table for docs/results/year.md and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from benchmarks.year import Day

MIB = 1024 * 1024
SHOWN_DAYS = 12


def show(days: Sequence[Day]) -> None:
    """Print the days, evenly picked, and how each table grew over the last half of them."""
    console = Console()
    step = max(1, len(days) // SHOWN_DAYS)
    table = Table("day", "events", "day s", "night s", "refresh s", "roster s", "backup s", "backup MiB", "all MiB")
    for day in [*days[::step], *days[-1:]]:
        whole = sum(size for size, _ in day.sizes.values()) / MIB
        figures = (day.day_seconds, day.night_seconds, day.refresh_seconds, day.roster_seconds, day.backup_seconds)
        row = [str(day.number + 1), f"{day.events:,}", *(f"{figure:.1f}" for figure in figures)]
        table.add_row(*row, f"{day.backup_bytes / MIB:.1f}", f"{whole:.1f}")
    console.print(table)
    growth = Table("table", "rows", "MiB", "rows a day", "kiB a day", "bytes a row")
    for name, rows, size, rows_a_day, bytes_a_day in table_growth(days):
        growth.add_row(
            name, f"{rows:,}", f"{size / MIB:.1f}", f"{rows_a_day:,.0f}", f"{bytes_a_day / 1024:,.0f}",
            f"{size / max(1, rows):,.0f}",
        )  # fmt: skip
    console.print(growth)


def table_growth(days: Sequence[Day]) -> list[tuple[str, int, int, float, float]]:
    """Return (table, rows, bytes, rows a day, bytes a day), the largest first; growth is the last half of the days'."""
    if not days:
        return []
    last, middle = days[-1], days[len(days) // 2]
    apart = max(1, last.number - middle.number)
    found = []
    for name, (size, rows) in last.sizes.items():
        size_before, rows_before = middle.sizes.get(name, (0, 0))
        found.append((name, rows, size, (rows - rows_before) / apart, (size - size_before) / apart))
    return sorted(found, key=lambda each: -each[2])


def draw(days: Sequence[Day], path: Path) -> None:
    """Draw the sizes of the largest tables and the seconds of the nights."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    numbers = [day.number + 1 for day in days]
    for name, *_ in table_growth(days)[:6]:
        left.plot(numbers, [day.sizes.get(name, (0, 0))[0] / MIB for day in days], label=name)
    left.set(xlabel="school day", ylabel="MiB with indexes", title="Tables")
    left.legend(fontsize=7)
    right.plot(numbers, [day.night_seconds for day in days], label="nightly task")
    right.plot(numbers, [day.refresh_seconds for day in days], label="refresh after it")
    right.set(xlabel="school day", ylabel="seconds", title="Nights", ylim=0)
    right.legend(fontsize=7)
    figure.savefig(path, dpi=110)
