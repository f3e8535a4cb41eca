"""What each chaos test did and found, as one table at the end; `RECORD=1` keeps it in docs/results/chaos.md."""

import datetime as dt
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.counting import Counts

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "chaos.md"
Record = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Line:
    """One test's story."""

    promise: str
    done: str
    counts: Counts
    seconds: float
    seed: int

    def cells(self) -> list[str]:
        """Return the cells of its row."""
        found = self.counts
        numbers = (found.sent, found.quarantined, found.lost, found.doubled, found.falls)
        return [self.promise, self.done, *(f"{number:,}" for number in numbers), f"{self.seconds:.1f}", str(self.seed)]


HEAD = ["Promise", "What was done", "Sent", "Quarantined", "Lost", "Doubled", "Versions fell", "Seconds", "Seed"]
LINES: list[Line] = []


@pytest.fixture
def record() -> Record:
    """Note what a test did and found; fail where anything was lost or doubled."""

    def note(promise: str, done: str, counts: Counts, *, seconds: float, seed: int = 0) -> None:
        LINES.append(Line(promise, done, counts, seconds, seed))
        assert counts.sent == counts.applied + counts.quarantined + counts.dropped, (seed, counts)
        assert (counts.lost, counts.doubled, counts.falls) == (0, 0, 0), (seed, counts)

    return note


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table, and write it down where that is asked for."""
    if not LINES:
        return
    terminalreporter.section("chaos: what was done, and what was lost")
    rows = [HEAD, *(line.cells() for line in sorted(LINES, key=lambda line: _place(line.promise)))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        cells = [
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        terminalreporter.write_line("  ".join(cells).rstrip())
    if os.environ.get("RECORD"):
        RESULTS.write_text(page(rows))
        terminalreporter.write_line(f"written to {RESULTS}")


def page(rows: list[list[str]]) -> str:
    """Return the table as a page."""
    head, *body = rows
    table = [head, ["---"] * 2 + ["---:"] * (len(head) - 2), *body]
    lines = ["| " + " | ".join(row) + " |" for row in table]
    where = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    now = dt.datetime.now(dt.UTC)
    return "\n".join(
        [
            "# What was broken, and what was lost",
            "",
            f"`make chaos RECORD=1` on {now:%d %B %Y}, {where}. Each row is one test of tests/chaos, over real servers",
            "and processes of its own. *Lost* and *doubled* are counted from the facts and from `souschef rebuild`.",
            "",
            *lines,
            "",
        ]
    )


def _place(promise: str) -> tuple[int, str]:
    digits = "".join(letter for letter in promise.split(",", maxsplit=1)[0] if letter.isdigit())
    return int(digits or 0), promise
