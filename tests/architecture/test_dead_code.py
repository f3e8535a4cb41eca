"""No function is declared that nothing runs: neither Souschef, nor its benchmarks and examples."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("config", "models", "learning", "lms", "tasks", "web", "workers")
CALLERS = (*FOLDERS, "benchmarks", "examples", ".ci")
FOR_TESTS = {
    "models/clock.py: use_machine_time": "takes back what `set_to` does, which the demo uses",
    "models/privacy/data_map.py: unaccounted": "the law that a test applies to every new column",
}
"""What only a test calls, each with its reason."""
MIGRATIONS = "models/migrations/"
"""Alembic calls what a migration declares by its name."""


def sources(*folders: str) -> dict[str, str]:
    files = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    return {str(path.relative_to(ROOT)): path.read_text() for path in files}


def unused(declared: dict[str, str], callers: dict[str, str]) -> list[str]:
    """Return the undecorated functions of modules whose name stands nowhere but in their own definitions."""
    words = Counter(word for text in callers.values() for word in re.findall(r"\w+", text))
    functions = [
        (path, node)
        for path, text in declared.items()
        if not path.startswith(MIGRATIONS)
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.decorator_list
    ]
    definitions = Counter(node.name for _, node in functions)
    return [f"{path}: {node.name}" for path, node in functions if words[node.name] <= definitions[node.name]]


def test_every_function_is_used_outside_of_the_tests() -> None:
    assert set(unused(sources(*FOLDERS), sources(*CALLERS))) == set(FOR_TESTS)


@pytest.mark.parametrize(("text", "dead"), [("def f(): ...\n", ["a.py: f"]), ("def f(): ...\nf()\n", [])])
def test_a_function_without_a_caller_is_found(text: str, dead: list[str]) -> None:
    assert unused({"a.py": text}, {"a.py": text}) == dead
