"""What each chaos test did and found, as a table at the end; `RECORD=1` keeps it (long form) in docs/results/chaos.md.

A run of a few tests replaces their rows alone; what a failed test found is shown and not kept.
"""

import datetime as dt
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.accounting import Counts
from tests.chaos.sizes import LONG

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "chaos.md"
Record = Callable[..., None]
Row = list[str]
HEAD = [
    "Promise",
    "What was done",
    "Sent",
    "Quarantined",
    "Lost",
    "Doubled",
    "Versions fell",
    "Seconds",
    "Seed",
    "Test",
    "On",
]
WORDS = {"Promise", "What was done", "Test", "On"}
ROWS: dict[str, Row] = {}
"""By the test's id."""
FAILED: set[str] = set()


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Record what a test did and found; fail where anything was lost or doubled."""

    def note(promise: str, done: str, counts: Counts, *, seconds: float, seed: int = 0, case: str = "") -> None:
        """Keep a row; `case` tells apart tests of one promise in one file where no parameter does."""
        numbers = (counts.sent, counts.quarantined, counts.lost, counts.doubled, counts.falls)
        figures = [*(f"{number:,}" for number in numbers), f"{seconds:.1f}", str(seed)]
        where = f"{request.path.stem}::{request.node.name.split('_')[1]}"
        broker_name = request.node.name.partition("[")[2].rstrip("]")
        test = " ".join(part for part in (where, case, broker_name) if part)
        ROWS[request.node.nodeid] = [promise, done, *figures, test, f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"]
        assert counts.sent == counts.applied + counts.quarantined + counts.dropped, (seed, counts)
        assert (counts.lost, counts.doubled, counts.falls) == (0, 0, 0), (seed, counts)

    return note


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what failed."""
    if report.failed:
        FAILED.add(report.nodeid)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table, and write it down where that is asked for."""
    if not ROWS:
        return
    terminalreporter.section("chaos: what was done, and what was lost")
    rows = [HEAD, *sorted(ROWS.values(), key=_place)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        cells = [
            cell.ljust(width) if name in WORDS else cell.rjust(width)
            for name, cell, width in zip(HEAD, row, widths, strict=True)
        ]
        terminalreporter.write_line("  ".join(cells[:-2]).rstrip())
    if os.environ.get("RECORD") and LONG:
        passed = [row for test, row in ROWS.items() if test not in FAILED]
        RESULTS.write_text(page([*rows_of_other_runs(), *passed]))
        terminalreporter.write_line(f"written to {RESULTS}")


def rows_of_other_runs() -> list[Row]:
    """Return the rows of the page that this run did not make again."""
    if not RESULTS.exists():
        return []
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in RESULTS.read_text().splitlines()]
    rewritten = {_key(row) for row in ROWS.values()}
    return [
        row
        for row in rows
        if len(row) == len(HEAD) and row[0].startswith("P") and row != HEAD and _key(row) not in rewritten
    ]


def page(rows: list[Row]) -> str:
    """Return rows as a page."""
    table = [HEAD, ["---" if name in WORDS else "---:" for name in HEAD], *sorted(rows, key=_place)]
    where = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return "\n".join(
        [
            "# What was broken, and what was lost",
            "",
            f"By `make chaos RECORD=1` on a machine with {where}. Each row is one test of `tests/chaos`, over real",
            "servers and processes of its own that it kills, freezes, cuts and fills. *Sent* is how many events were",
            "accepted with a 2xx; *lost* and *doubled* are counted from the facts and by `souschef recompute-states`,",
            '*versions fell* from the change feed. One test: `make chaos PYTEST="-k p12"`; a longer soak:',
            '`SOAK_MINUTES=30 make chaos PYTEST="-k p28"`. RabbitMQ is a private node with a quorum queue, which',
            "a flush deletes; the flow tests pass over it too",
            '(`SOUSCHEF_BROKER_URL=amqp://... make test JOBS=0 PYTEST="tests/flow -m flow"`).',
            "",
            *("| " + " | ".join(row) + " |" for row in table),
            "",
        ]
    )


def _key(row: Row) -> tuple[str, str]:
    return row[0], row[-2]


def _place(row: Row) -> tuple[int, str, str]:
    return int(row[0].removeprefix("P")), row[-2], row[1]
