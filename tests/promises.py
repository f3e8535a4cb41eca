"""Which test shows which promise and which law, and when it runs: `python -m tests.promises` writes it down.

A test, or a whole file of tests, says what it shows by `pytest.mark.shows("P7")`. When it runs follows from its other
marks: `make test` runs all that is neither `full` nor `chaos`, `make test-all` runs these.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "results" / "tests.md"
BEGIN, END = "<!-- written by python -m tests.promises -->\n", "<!-- end -->\n"

PROMISES = {
    "P1": "a 2xx means committed",
    "P2": "a broker that is emptied loses nothing",
    "P3": "without a broker the API still answers, and all is caught up",
    "P4": "what a killed worker process had is done again within lease and sweep",
    "P5": "so is a message in the socket of a killed worker",
    "P6": "a worker that was frozen cannot overwrite newer state",
    "P7": "one event many times at once has one effect",
    "P8": "any order, duplication and batching give the same bytes",
    "P9": "a rebuild from the facts equals the live state, under traffic",
    "P10": "late events and regrades count as if on time",
    "P11": "wrong clocks lose and double nothing",
    "P12": "an event that kills its worker runs at most five times and holds nobody up",
    "P13": "a database stopped hard shows all of an effect or nothing",
    "P14": "a full disk gives no false 2xx, and heals",
    "P15": "a commit whose outcome is unknown has one effect",
    "P16": "a network fault hangs nothing, and heals",
    "P17": "overload is refused, memory stays bounded, nothing accepted is lost",
    "P18": "forged, altered, stale and other schools' requests are refused",
    "P19": "no input crashes anything or gives a 5xx",
    "P20": "a school sees and changes no row of another",
    "P21": "no student data in logs, broker, Flower, metrics",
    "P22": "who is erased is found nowhere and comes back by nothing",
    "P23": "the export holds all of a student and nothing of another",
    "P24": "reads, exports and erasures stand in a log that shows tampering",
    "P25": "versions only rise, and readers wait for nobody",
    "P26": "SIGTERM ends within 40 s; a rolling upgrade loses nothing",
    "P27": "a gap in a source's numbers is named within two sweeps",
    "P28": "a soak of random faults loses and doubles nothing",
}
LAWS = {
    "L1": "events in any order, the same decision to the byte",
    "L2": "nothing new, nothing written",
    "L3": "no hard rule is broken but by a named rung of the ladder",
    "L4": "interest costs at most the tolerance",
    "L5": "interest never changes what is admissible",
    "L6": "more interest in a context never lowers it",
    "L7": "what a teacher pinned, held or forbade survives",
    "L8": "an open assignment changes only by a named trigger",
    "L9": "a deleted student leaves nothing, and others unchanged",
    "L10": "other names, the same decisions",
    "L11": "a demographic column changes nothing",
    "L12": "two workers at one student leave one current set",
    "L13": "a stored decision replays byte for byte",
    "L14": "interests switched off decide as unknown ones",
    "L15": "a student who is stuck gets nothing as hard or harder",
}


class Suite(StrEnum):
    """What runs a test."""

    TEST = "make test"
    FULL = "make test-all, part 1"
    CHAOS = "make test-all, part 2"


@dataclass(frozen=True, slots=True)
class Shown:
    """A test that shows something."""

    name: str
    test: str
    suite: Suite


def shown() -> list[Shown]:
    """Return what each test of the project shows, read from its text."""
    return [each for path in sorted(TESTS.rglob("test_*.py")) for each in _in_file(path)]


def names_shown(target: str) -> list[str]:
    """Return which promises and laws a make target shows, in order."""
    suite = Suite.CHAOS if target == "make chaos" else Suite(target)
    names = {each.name for each in shown() if each.suite is suite}
    return [name for name in PROMISES | LAWS if name in names]


def _in_file(path: Path) -> Iterator[Shown]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = [node.value for node in tree.body if isinstance(node, ast.Assign) and _is_pytestmark(node)]
    of_file = [mark for value in own for mark in (value.elts if isinstance(value, ast.List) else [value])]
    where = f"{path.parent.name}/{path.stem}"
    for name in _names(of_file):
        yield Shown(name, where, _suite(of_file))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            for name in _names(node.decorator_list):
                yield Shown(name, f"{where}: {node.name}", _suite(of_file + node.decorator_list))


def _is_pytestmark(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)


def _names(marks: list[ast.expr]) -> list[str]:
    return [
        str(argument.value)
        for mark in marks
        if isinstance(mark, ast.Call) and _mark(mark) == "shows"
        for argument in mark.args
        if isinstance(argument, ast.Constant)
    ]


def _suite(marks: list[ast.expr]) -> Suite:
    found = {_mark(mark) for mark in marks}
    return Suite.CHAOS if "chaos" in found else Suite.FULL if "full" in found else Suite.TEST


def _mark(node: ast.expr) -> str:
    """Return the name of a mark, "" for what is none."""
    function = node.func if isinstance(node, ast.Call) else node
    whole = ast.unparse(function)
    return whole.removeprefix("pytest.mark.") if whole.startswith("pytest.mark.") else ""


def table() -> str:
    """Return the table of the page."""
    found = shown()
    lines = ["| | What | `make test` | `make test-all` | `make chaos` (long form) |", "|---|---|---|---|---|"]
    for name, what in (PROMISES | LAWS).items():
        cells = ["; ".join(each.test for each in found if (each.name, each.suite) == (name, suite)) for suite in Suite]
        quick, full, chaos = cells
        lines.append(
            f"| {name} | {what} | {quick} | {'; '.join(filter(None, (full, chaos)))} | {'yes' if chaos else ''} |"
        )
    return "\n".join([*lines, ""])


def page(text: str) -> str:
    """Return the page with the table as the tests are now."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
