"""`souschef init`: a folder that loads, from answers or flags; nothing is overwritten and nothing is half."""

import json
import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models import engine
from models.rows import execute
from workers.cli import write_files
from workers.cli.commands.load import load
from workers.cli.main import app

RUN = CliRunner()
ROOT = Path(__file__).parents[4]
FLAGS = ["--school", "Elm School", "--class", "Science 7A", "--class", "Science 7B", "--timezone", "Europe/Berlin"]


def test_a_folder_from_flags_passes_the_check_and_loads_with_its_time_zone(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "new school"
    done = RUN.invoke(
        app, ["init", str(folder), *FLAGS, "--subject", "Science", "--grade", "7", "--examples", "--json"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["next"][0] == f"souschef check '{folder}'"
    checked = RUN.invoke(app, ["check", str(folder), "--json"])
    assert checked.exit_code == 0
    found = json.loads(checked.stdout)
    assert (found["problems"], found["notices"], found["missing"]) == ([], [], [])
    monkeypatch.setenv("SOUSCHEF_DATABASE_URL", database_url)
    load(str(folder))
    with engine.transaction() as session:
        rows = execute(session, "SELECT ref, name, timezone FROM souschef.school WHERE ref = 'elm-school'").all()
        assert [tuple(row) for row in rows] == [("elm-school", "Elm School", "Europe/Berlin")]
        count = "SELECT count(*) FROM souschef.enrolment e JOIN souschef.school s ON s.id = e.school_id"
        # Two classes, each with a teacher and two students.
        assert execute(session, f"{count} WHERE s.ref = 'elm-school'").scalar_one() == 6


def test_without_examples_the_lists_are_empty_and_the_check_says_what_is_missing(tmp_path: Path) -> None:
    assert RUN.invoke(app, ["init", str(tmp_path / "s"), *FLAGS, "--subject", "Science"]).exit_code == 0
    checked = RUN.invoke(app, ["check", str(tmp_path / "s")])
    assert checked.exit_code == 0
    assert "2 classes have no scope: science-7a, science-7b." in checked.stdout
    assert "souschef check" in (tmp_path / "s" / "README.md").read_text()


def test_a_file_that_is_there_is_overwritten_by_force_only(tmp_path: Path) -> None:
    (tmp_path / "orgs.csv").write_text("mine")
    (tmp_path / "letter.txt").write_text("mine too")
    done = RUN.invoke(app, ["init", str(tmp_path), *FLAGS, "--subject", "Science"])
    assert done.exit_code != 0
    assert str(done.exception) == (
        f"{tmp_path} has orgs.csv already. Name another folder, remove them, or replace them by --force."
    )
    assert sorted(each.name for each in tmp_path.iterdir()) == ["letter.txt", "orgs.csv"]
    assert RUN.invoke(app, ["init", str(tmp_path), *FLAGS, "--subject", "S", "--force"]).exit_code == 0
    assert (tmp_path / "letter.txt").read_text() == "mine too"
    assert (tmp_path / "orgs.csv").read_text().startswith("sourcedId")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "--school VALUE"),
        ([*FLAGS[:6], "--subject", "S", "--timezone", "Berlin"], "There is no time zone 'Berlin'"),
        ([*FLAGS, "--subject", " "], "It is empty or holds a control character"),
        ([*FLAGS, "--subject", "S", "--grade", "14"], "Input should be less than or equal to 13"),
    ],
)
def test_what_is_missing_or_wrong_is_said_and_nothing_is_written(
    tmp_path: Path, flags: list[str], message: str
) -> None:
    done = RUN.invoke(app, ["init", str(tmp_path / "s"), *flags])
    assert message in f"{done.output} {done.exception}".replace("\n", " ")
    assert not (tmp_path / "s").exists()


def test_a_full_disk_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, count = Path.write_text, iter(range(9))

    def full(path: Path, text: str, **options: str) -> int:
        if next(count) > 3:
            raise OSError(28, "No space left on device")
        return whole(path, text, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(write_files.FolderNotWritableError, match="No space left"):
        write_files.write_all(tmp_path / "s", {f"{number}.csv": "x" for number in range(6)})
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_is_asked_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    """Two answers, then Ctrl-C at the third question."""
    command = [str(ROOT / ".venv" / "bin" / "python"), "-m", "workers", "init", str(tmp_path / "s")]
    parent, child = pty.openpty()
    running = subprocess.Popen(command, stdin=child, stdout=child, stderr=child, cwd=ROOT, start_new_session=True)
    os.close(child)
    seen = _until(parent, "Name of the school")
    os.write(parent, b"Elm School\n")
    seen += _until(parent, "Its classes")
    os.write(parent, b"7A, 7B\n")
    seen += _until(parent, "Subject")
    os.kill(running.pid, signal.SIGINT)
    assert running.wait(10) == 130, seen
    os.close(parent)
    assert list(tmp_path.iterdir()) == []


def _until(terminal: int, text: str) -> str:
    seen, end = "", time.monotonic() + 20
    while text not in seen and time.monotonic() < end:
        seen += os.read(terminal, 1_000).decode()
    assert text in seen
    return seen
