"""The compiled decision (`make compiled`): the same bytes, and in use only while it is of these very files."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from learning.selection import replay
from tests.learning.selection.worlds import random_world

ROOT = Path(__file__).parents[3]
WORLDS = 400
DECIDED = f"""
import json, sys
import learning.selection.decide
from learning.selection import replay
from tests.learning.selection.worlds import random_world
records = [random_world(seed).choose().record for seed in range({WORLDS})]
given = json.load(sys.stdin)
print(json.dumps([learning.selection.decide.__file__, records, [replay(record) for record in given]]))
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a compiled copy."""
    if not (shutil.which("cc") or shutil.which("gcc")):
        pytest.skip("there is no C compiler here")
    out = tmp_path_factory.mktemp("compiled") / "copy"
    subprocess.run([sys.executable, str(ROOT / ".ci" / "compiled.py"), str(out)], check=True, timeout=280)
    return out


@pytest.mark.timeout(300)
def test_the_compiled_decision_comes_to_the_same_bytes_and_replays_ours(compiled: Path) -> None:
    ours = [random_world(seed).choose().record for seed in range(WORLDS)]
    environment = {**os.environ, "PYTHONPATH": f"{compiled}{os.pathsep}{ROOT}"}
    run = subprocess.run(
        [sys.executable, "-P", "-c", DECIDED], input=json.dumps(ours), env=environment, capture_output=True, check=True,
        text=True,
    )  # fmt: skip
    file, records, replayed = json.loads(run.stdout)
    assert Path(file).suffix == ".so"
    assert Path(file).is_relative_to(compiled)
    assert records == ours
    assert replayed == ours == [replay(record) for record in records]


@pytest.mark.timeout(300)
def test_the_compiled_decision_lives_through_a_term_of_what_the_database_hands_it(
    compiled: Path, tmp_path: Path
) -> None:
    """Compiled code refuses a list where a tuple is written, and what comes out of a database is JSON."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SOUSCHEF_")}
    environment |= {"PYTHONPATH": f"{compiled}{os.pathsep}{ROOT}", "SOUSCHEF_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-P", "-m", "workers.command_line", "demo", "--exit", "--json"]
    run = subprocess.run(command, env=environment, capture_output=True, check=False, text=True, timeout=200)
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["assignments"] == told["students"] == 28
    assert told["quarantined"] == told["parked"] == 0


def test_the_command_uses_it_while_it_is_of_these_very_files(tmp_path: Path) -> None:
    """A house of its own: the real command, and a command line that says whose `learning` it got."""
    for folder in ("bin", "workers", "learning", ".compiled/learning", ".venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    command = Path(shutil.copy(ROOT / "bin" / "souschef", tmp_path / "bin"))
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    (tmp_path / "workers/command_line.py").write_text("import learning\nprint(learning.__file__)\n")
    for folder in ("learning", ".compiled/learning"):
        (tmp_path / folder / "__init__.py").write_text("")
    (tmp_path / ".compiled/learning/decide.so").write_bytes(b"machine code")

    def said() -> tuple[Path, str]:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        run = subprocess.run([command], env=environment, capture_output=True, check=True, text=True)
        return Path(run.stdout.strip()), run.stderr

    assert said() == (tmp_path / ".compiled/learning/__init__.py", "")
    (tmp_path / "learning/__init__.py").write_text("# changed since")
    found, warned = said()
    assert found == tmp_path / "learning/__init__.py"
    assert "make compiled" in warned
    shutil.rmtree(tmp_path / ".compiled")
    assert said() == (tmp_path / "learning/__init__.py", "")
