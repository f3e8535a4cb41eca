"""A stranger's first commands, in a copy of the checkout that has nothing installed."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALL = """
import os, runpy, sys
sys.argv[:] = sys.argv[1:]
sys.prefix = os.environ["PREFIX"]  # its log and marker lie there
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that make and bin/souschef need to install."""
    folder = tmp_path / "a clone"
    for name in ("Makefile", "bin/souschef", ".ci/install.py", "requirements/embedded.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def run(clone: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=clone, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("command", [["status"], ["load", "examples/riverside"], []], ids=" ".join)
def test_a_command_before_the_installation_says_what_to_do(command: list[str], clone: Path) -> None:
    ran = run(clone, "bin/souschef", *command)
    assert (ran.returncode, ran.stdout) == (1, "")
    what = "Type `make install` there; `bin/souschef up` does it as well."
    assert ran.stderr == f"souschef: Nothing is installed in {clone} yet. {what}\n"


@pytest.mark.parametrize("command", ["up", "demo"])
def test_what_starts_everything_installs_first(command: str, clone: Path) -> None:
    """From another folder; here a Python that cannot is named, so that nothing is fetched: make has been asked."""
    ran = run(clone.parent, "a clone/bin/souschef", command, PYTHON="/nowhere/python")
    assert ran.returncode != 0
    assert "not found" not in ran.stderr
    assert "/nowhere/python is no Python, or older than 3.11" in ran.stderr


def test_without_make_it_is_a_sentence(clone: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "dirname"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    ran = run(clone, "bin/souschef", "up", PATH=str(tools))
    assert (ran.returncode, ran.stderr.strip().splitlines()[-1][-13:]) == (1, "Install make.")


def test_an_interrupted_installation_is_not_taken_for_one(clone: Path) -> None:
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (clone / ".venv" / "installing").touch()
    assert "make install" in run(clone, "bin/souschef", "status").stderr


def installing(clone: Path, **environment: str) -> subprocess.Popen[str]:
    """Install with a pip that says what it does and fetches nothing."""
    fake = clone / "fake" / "pip"
    fake.mkdir(parents=True)
    (fake / "__init__.py").touch()
    (fake / "__main__.py").write_text(
        "import os, sys, time\n"
        "print('WARNING: Running pip as root', file=sys.stderr, flush=True)\n"
        "print('Collecting celery==5.7.0', flush=True)\n"
        "time.sleep(float(os.environ.get('SLOW', '0')))\n"
        "sys.exit(os.environ.get('BROKEN'))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", INSTALL, str(clone / ".ci" / "install.py"), "requirements/embedded.txt"],
        cwd=clone,
        env={**os.environ, "PYTHONPATH": str(clone / "fake"), "PREFIX": str(clone), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_pips_warnings_are_not_shown_and_what_it_does_is(clone: Path) -> None:
    process = installing(clone, SLOW="11")
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert re.search(r"^Fetching 1 of \d+: celery \(1\d s\)$", out, flags=re.MULTILINE)
    assert out.splitlines()[-1].startswith("Installed in 1")
    assert (errors, "WARNING" in out) == ("", False)
    assert "Running pip as root" in (clone / "install.log").read_text()
    assert not (clone / "installing").exists()


def test_where_pip_fails_all_that_it_wrote_is_shown(clone: Path) -> None:
    process = installing(clone, BROKEN="ERROR: No matching distribution")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "WARNING: Running pip as root" in errors
    assert "ERROR: No matching distribution" in errors
    assert f"it in {clone / 'install.log'}." in errors.splitlines()[-1]
    assert (clone / "installing").exists()


def test_ctrl_c_ends_an_installation(clone: Path) -> None:
    process = installing(clone, SLOW="99")
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    pressed = time.monotonic()
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, time.monotonic() - pressed < 3) == (130, True)
    assert errors == "souschef: Installing was stopped by Ctrl-C; the same command begins it again.\n"
    assert (clone / "installing").exists()
