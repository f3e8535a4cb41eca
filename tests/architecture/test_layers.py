"""The house: its folders, the arrows between them, and where SQL may be written."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ROOMS = tuple(PYPROJECT["tool"]["importlinter"]["root_packages"])
"""The folders whose arrows are enforced."""
OTHERS = {"bin", "benchmarks", "deploy", "docs", "examples", "requirements", "tests"}
"""What else stands at the top: nothing that runs imports it."""
LIMIT = 350
LARGE = {
    "models/migrations/versions/0001_first_shape.py": "one migration is one step, however many tables it makes",
}
"""Files above the limit, each with its reason."""


def tracked() -> Iterator[Path]:
    """The files that git knows of, and those that it would take."""
    ran = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for line in ran.stdout.splitlines():
        if (ROOT / line).exists():
            yield Path(line)


def strangers(paths: Iterator[Path]) -> set[str]:
    folders = {path.parts[0] for path in paths if len(path.parts) > 1 and not path.parts[0].startswith(".")}
    return folders - OTHERS - set(ROOMS)


def test_a_new_folder_at_the_top_must_be_named_here() -> None:
    assert strangers(tracked()) == set()


def test_a_folder_that_is_not_named_is_found() -> None:
    assert strangers(iter([Path("utils/text.py"), Path("models/clock.py"), Path("README.md")])) == {"utils"}


def test_every_room_is_in_the_contract_of_the_arrows() -> None:
    [arrows] = [item for item in PYPROJECT["tool"]["importlinter"]["contracts"] if item["name"] == "Arrows point down"]
    assert {room for layer in arrows["layers"] for room in layer.split(" | ")} == set(ROOMS)


def test_the_types_of_all_that_is_python_are_checked() -> None:
    """Tests and benchmarks too: a name that was changed everywhere else is found before it runs."""
    written = {path.parts[0] for path in tracked() if path.suffix == ".py" and not path.parts[0].startswith(".")}
    assert set(PYPROJECT["tool"]["mypy"]["files"]) == written


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    return subprocess.run([program, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)


def test_the_arrows_hold() -> None:
    ran = lint_imports(ROOT)
    assert ran.returncode == 0, ran.stdout


def test_an_arrow_that_points_up_is_found(tmp_path: Path) -> None:
    """The same contract over a house in which `learning` reads settings and opens a socket."""
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    for room in ROOMS:
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text("import config\nimport socket\n" if room == "learning" else "")
    for package in ("pipeline", "lti"):  # a contract names these and the next module
        (tmp_path / "tasks" / package).mkdir()
        (tmp_path / "tasks" / package / "__init__.py").touch()
    (tmp_path / "config" / "celery.py").touch()
    ran = lint_imports(tmp_path)
    assert ran.returncode == 1
    assert "learning is not allowed to import socket" in ran.stdout.replace("\n", " ")


SQL = re.compile(r"^\s*(SELECT\s|INSERT INTO\s|UPDATE\s+\w+(\.\w+)?\s+SET\s|DELETE FROM\s|CREATE (TABLE|DATABASE)\s)")
QUERY_MAKERS = {"select", "insert", "update", "delete", "text"}


def sql_in(source: str) -> list[str]:
    """Return what looks like SQL in a Python source: statements in strings, and imports that make queries."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=str(value)) if SQL.match(value):
                found.append(value.strip()[:60])
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in {"sqlalchemy", "sqlmodel"}:
                found += [alias.name for alias in node.names if alias.name in QUERY_MAKERS]
    return found


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "models"])
def test_sql_is_written_in_models_only(room: str) -> None:
    offenders = {
        str(path): found
        for path in tracked()
        if path.parts[0] == room and path.suffix == ".py"
        if (found := sql_in((ROOT / path).read_text()))
    }
    assert offenders == {}


def test_sql_elsewhere_is_found() -> None:
    assert sql_in('from sqlmodel import Session, select\nx = """\n  SELECT 1 FROM t"""') == [
        "select",
        "SELECT 1 FROM t",
    ]
    assert sql_in('"""Select a menu."""\nfrom sqlmodel import Session') == []


def test_a_large_file_has_a_reason() -> None:
    large = {
        str(path)
        for path in tracked()
        if path.suffix == ".py" and path.parts[0] != "tests" and len((ROOT / path).read_text().splitlines()) > LIMIT
    }
    assert large == set(LARGE)


def test_names_that_say_nothing_are_not_used() -> None:
    empty = {"utils", "util", "common", "helpers", "helper", "base", "manager", "service", "misc"}
    assert [str(path) for path in tracked() if path.suffix == ".py" and path.stem in empty] == []


@pytest.mark.parametrize("room", ROOMS)
def test_lines_of_ours_are_logged_with_structlog(room: str) -> None:
    """A constant name and ids: the standard logger's lines are sentences. `config.logging` sets both up."""
    standard = re.compile(r"^\w+ = logging\.getLogger", re.MULTILINE)
    files = (path for path in tracked() if path.parts[0] == room and path.suffix == ".py")
    found = [str(path) for path in files if standard.search((ROOT / path).read_text())]
    assert found == []


def test_the_api_imports_where_one_sees_it() -> None:
    """An import within a function would hide what the API process loads and decides."""
    functions = [
        (path, node)
        for path in tracked()
        if path.parts[0] == "web" and path.suffix == ".py"
        for node in ast.walk(ast.parse((ROOT / path).read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    within = {f"{path}: {f.name}" for path, f in functions if any(isinstance(n, ast.ImportFrom) for n in ast.walk(f))}
    assert within == set()


def test_the_lock_names_no_index_and_pins_everything_by_hash() -> None:
    for file in (ROOT / "requirements").glob("*.txt"):
        text = file.read_text()
        assert "://" not in text
        assert "--index" not in text
        requirements = re.findall(r"^\S+==\S+.*\\\n( +--hash=sha256:[0-9a-f]{64})", text, flags=re.MULTILINE)
        assert len(requirements) == len(re.findall(r"^\S+==", text, flags=re.MULTILINE)) > 40


def test_every_noqa_has_its_reason() -> None:
    """A rule that is switched off without words is switched off for good."""
    bare = re.compile(r"# (?:noqa|type: ignore)(?:: ?[A-Z0-9, ]+|\[[a-z, -]+\])?\s*$")
    offenders = [
        f"{path}:{number}"
        for path in tracked()
        if path.suffix == ".py" and path.parts[0] in ROOMS
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if bare.search(line)
    ]
    assert offenders == []


def test_nothing_imports_the_modules_that_check_settings_as_they_are_imported() -> None:
    """An entry point may end its process; only the old name of the API may load one."""
    entry = re.compile(
        r"^\s*(?:from workers\.(?:api|app) |from workers import (?:api|app)\b|import workers\.(?:api|app))",
        re.MULTILINE,
    )
    importing = {str(path) for path in tracked() if path.suffix == ".py" and entry.search((ROOT / path).read_text())}
    assert importing - {"tests/architecture/test_layers.py"} == {"workers/door.py"}
