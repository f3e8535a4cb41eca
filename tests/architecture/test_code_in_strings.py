"""Programs that stand in strings (`python -c ...`) import what is there: no type checker looks into them."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = [*tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"], "tests"]
OURS = "|".join(PACKAGES)
IMPORT = re.compile(
    rf"(?:^|[\n;'\"(])\s*(?:from (?P<module>(?:{OURS})[\w.]*) import (?P<names>\w+(?: as \w+)?(?:, \w+(?: as \w+)?)*)"
    rf"|import (?P<plain>(?:{OURS})(?:\.\w+)+))"
)


def strings(path: Path) -> Iterator[str]:
    """Yield the texts of a file that are no docstring's prose: an import of ours must be in them to matter."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "import " in node.value:
            yield node.value


def missing(text: str) -> list[str]:
    """Return what a program in a string imports of ours and that is not there."""
    found = []
    for match in IMPORT.finditer(text):
        if match["plain"]:
            found += [] if exists(match["plain"]) else [match["plain"]]
            continue
        for name in (each.split(" as ")[0] for each in match["names"].split(", ")):
            if not (exists(f"{match['module']}.{name}") or defines(match["module"], name)):
                found.append(f"{match['module']}.{name}")
    return found


def file_of(module: str) -> Path | None:
    """Return the source of a module, without importing it."""
    path = ROOT / module.replace(".", "/")
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def exists(module: str) -> bool:
    """Whether there is such a module or package."""
    return file_of(module) is not None


def defines(module: str, name: str) -> bool:
    """Whether the module has a name at its top level, its own or imported."""
    file = file_of(module)
    return file is not None and re.search(rf"^\S.*\b{name}\b|^    {name},$", file.read_text(), re.MULTILINE) is not None


def test_code_in_strings_imports_what_is_there() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for package in [*PACKAGES, "benchmarks", ".ci"]
        for path in sorted((ROOT / package).rglob("*.py"))
        if path.name != Path(__file__).name
        for text in strings(path)
        for name in missing(text)
    ]
    assert not wrong, "\n".join(wrong)


def test_what_is_not_there_is_found() -> None:
    """The mutants, and beside them two that are there."""
    program = (
        "import json; from tasks import gone\nfrom models import clock\nimport config.settings\nimport lms.nowhere"
    )
    assert missing(program) == ["tasks.gone", "lms.nowhere"]
    assert missing("from config.settings import Settings, nothing_of_it") == ["config.settings.nothing_of_it"]
