"""SQL asks the clock once a statement: `souschef.clock()` alone is a function that runs for every row."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ALONE = re.compile(r"(?<!SELECT )(?<!`)souschef\.clock\(\)")
UNFOLDED = re.compile(r"\(SELECT souschef\.clock\(\)\) AS \w+\(")
"""A subquery to select from, which the planner unfolds into the rows unless `OFFSET 0` forbids it."""
EXCEPT = ("models/migrations/", "models/tables/columns.py", "models/views/")
"""Views and defaults: the one is asked by others, the other is asked once a row that is made without its time."""


def places(pattern: re.Pattern[str]) -> list[str]:
    folders = ("models", "tasks", "web", "workers")
    files = [path for folder in folders for ending in ("*.py", "*.sql") for path in (ROOT / folder).rglob(ending)]
    return [
        f"{path.relative_to(ROOT)}:{path.read_text()[: found.start()].count(chr(10)) + 1}"
        for path in files
        if not str(path.relative_to(ROOT)).startswith(EXCEPT)
        for found in pattern.finditer(path.read_text())
    ]


def test_the_clock_is_asked_once_a_statement() -> None:
    assert places(re.compile(r"SELECT souschef\.clock\(\)"))
    assert places(ALONE) == []
    assert places(UNFOLDED) == []
