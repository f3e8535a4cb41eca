"""No module imports itself by way of others, not even for its types alone."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("config", "models", "learning", "lms", "tasks", "web", "workers")


def modules() -> dict[str, str]:
    """Return the text of every module by its name."""
    paths = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path.read_text()
        for path in paths
    }


def imported(text: str) -> Iterator[str]:
    """Yield what a module imports when it is imported, and under TYPE_CHECKING; what a function imports comes later."""
    waiting: list[ast.AST] = [ast.parse(text)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting.extend(ast.iter_child_nodes(node))


def cycle(texts: dict[str, str]) -> list[str]:
    """Return the modules of one cycle, or nothing."""
    # `from models import inbox` is of the module and not of its package.
    graph = {
        name: {
            other
            for other in found & texts.keys()
            if not any(each.startswith(f"{other}.") for each in found & texts.keys())
        }
        for name, text in texts.items()
        for found in [set(imported(text))]
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert cycle(modules()) == []


@pytest.mark.parametrize("head", ["", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "])
def test_a_cycle_is_found(head: str) -> None:
    assert cycle({"a": "from b import f\n", "b": f"{head}from a import g\n"}) in (["a", "b", "a"], ["b", "a", "b"])
