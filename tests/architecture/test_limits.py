"""No number stands for "all of them": a limit that is not wanted is None."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("models", "tasks", "web", "workers")
HUGE = 1_000_000
UNITS = ("_BYTES", "_SECONDS", "_MILLISECONDS")
"""Sizes and times may be large and round."""


def stand_ins(text: str) -> list[str]:
    """Return the constants that are a round million or more, and the limits that are passed as one."""
    found = []
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int() as value)):
                found += [name] if not name.endswith(UNITS) and value >= HUGE and str(value).strip("0") == "1" else []
            case ast.keyword(arg="limit", value=ast.Constant(value=int() as value)):
                found += ["limit"] if value >= HUGE else []
    return found


def test_no_number_stands_for_all() -> None:
    paths = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    assert {path.name: found for path in paths if (found := stand_ins(path.read_text()))} == {}


@pytest.mark.parametrize("text", ["EVERYBODY = 1_000_000", "due(session, limit=10_000_000)"])
def test_a_number_that_stands_for_all_is_found(text: str) -> None:
    assert len(stand_ins(text)) == 1
