"""What `make compiled` makes of decision and filter: the same bytes, in use only while it is of these very files."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from learning.selection import replay
from tests.learning.mastery.histories import digest
from tests.learning.selection.worlds import random_world

ROOT = Path(__file__).parents[3]
WORLDS = 400
DECIDED = f"""
import json, sys
import learning.selection.decide
from learning.selection import replay
from tests.learning.mastery.histories import digest
from tests.learning.selection.worlds import random_world
records = [random_world(seed).choose().record for seed in range({WORLDS})]
stored = json.load(sys.stdin)
print(json.dumps([learning.selection.decide.__file__, records, [replay(record) for record in stored]]))
"""
FOLDED_STATES = """
import json
import learning.mastery.filter
from tests.learning.mastery.histories import digest
print(json.dumps([learning.mastery.filter.__file__, digest()]))
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a compiled copy."""
    if not (shutil.which("cc") or shutil.which("gcc")):
        pytest.skip("there is no C compiler here")
    out = tmp_path_factory.mktemp("compiled") / "copy"
    subprocess.run([sys.executable, str(ROOT / ".ci" / "compiled.py"), str(out)], check=True, timeout=880)
    return out


@pytest.mark.timeout(900)
@pytest.mark.full
def test_the_compiled_decision_gives_the_same_bytes_and_replays_records(compiled: Path) -> None:
    expected = [random_world(seed).choose().record for seed in range(WORLDS)]
    environment = {**os.environ, "PYTHONPATH": f"{compiled}{os.pathsep}{ROOT}"}
    run = subprocess.run(
        [sys.executable, "-P", "-c", DECIDED], input=json.dumps(expected), env=environment, capture_output=True,
        check=True, text=True,
    )  # fmt: skip
    file, records, replayed = json.loads(run.stdout)
    assert Path(file).suffix == ".so"
    assert Path(file).is_relative_to(compiled)
    assert records == expected
    assert replayed == expected == [replay(record) for record in records]


@pytest.mark.timeout(900)
@pytest.mark.full
def test_the_compiled_filter_comes_to_the_same_states_snapshots_beliefs_and_forecasts(compiled: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{compiled}{os.pathsep}{ROOT}"}
    run = subprocess.run(
        [sys.executable, "-P", "-c", FOLDED_STATES], env=environment, capture_output=True, check=True, text=True
    )  # fmt: skip
    file, found = json.loads(run.stdout)
    assert Path(file).suffix == ".so"
    assert Path(file).is_relative_to(compiled)
    assert found == digest()


@pytest.mark.timeout(900)
@pytest.mark.full
def test_the_compiled_decision_works_with_database_values_for_a_semester(compiled: Path, tmp_path: Path) -> None:
    """Compiled code refuses a list where a tuple is written, and what comes out of a database is JSON."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SOUSCHEF_")}
    environment |= {"PYTHONPATH": f"{compiled}{os.pathsep}{ROOT}", "SOUSCHEF_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-P", "-m", "workers.cli.main", "demo", "--exit", "--json"]
    run = subprocess.run(command, env=environment, capture_output=True, check=False, text=True, timeout=200)
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    assert result["assignments"] == result["students"] == 28
    assert result["quarantined"] == result["parked"] == 0


def test_the_command_uses_the_compiled_copy_only_of_the_current_files(tmp_path: Path) -> None:
    """The real command in an own folder, with a command line that prints which `learning` it imports."""
    for folder in ("bin", "workers", "learning", ".compiled/learning", ".venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    command = Path(shutil.copy(ROOT / "bin" / "souschef", tmp_path / "bin"))
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    (tmp_path / "workers/__main__.py").write_text("import learning\nprint(learning.__file__)\n")
    for folder in ("learning", ".compiled/learning"):
        (tmp_path / folder / "__init__.py").write_text("")
    (tmp_path / ".compiled/learning/decide.so").write_bytes(b"machine code")

    def run_command() -> tuple[Path, str]:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        run = subprocess.run([command], env=environment, capture_output=True, check=True, text=True)
        return Path(run.stdout.strip()), run.stderr

    assert run_command() == (tmp_path / ".compiled/learning/__init__.py", "")
    (tmp_path / "learning/__init__.py").write_text("# changed since")
    found, warned = run_command()
    assert found == tmp_path / "learning/__init__.py"
    assert "make compiled" in warned
    shutil.rmtree(tmp_path / ".compiled")
    assert run_command() == (tmp_path / "learning/__init__.py", "")
