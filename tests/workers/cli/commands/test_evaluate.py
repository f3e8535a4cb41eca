"""`souschef evaluate` and `souschef fit` as people run them."""

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from config.errors import OperatorError
from workers.cli.main import app

ROOT = Path(__file__).resolve().parents[4]
RUN = CliRunner()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A made-up log of 80 students, a quarter of them held out."""
    dice = random.Random(3)
    lines = ["student,seq,item,skills,correct,timestamp_s,split,region"]
    for number in range(80):
        able = dice.random()
        for seq in range(12):
            right = int(dice.random() < 0.3 + 0.6 * able)
            split = "test" if number % 4 == 0 else "train"
            lines.append(
                f"s{number},{seq},i{dice.randrange(9)},a;b,{right},{1e9 + 60 * seq},{split},{'ns'[number // 4 % 2]}"
            )
    path = tmp_path / "log.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def refusal(words: list[str]) -> tuple[int, str]:
    """Return the exit code and the sentence of a command that is refused."""
    error = RUN.invoke(app, words).exception
    assert isinstance(error, OperatorError)
    return error.exit_code, str(error)


def evaluated(*arguments: object) -> dict[str, Any]:
    result = RUN.invoke(app, ["evaluate", "--json", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    figures: dict[str, Any] = json.loads(result.stdout)
    return figures


def test_a_file_is_measured_as_json(log: Path) -> None:
    figures = evaluated("--data", log, "--group", "region")
    assert figures["students"] == 20
    assert figures["responses"] == 240
    assert [group["value"] for group in figures["groups"]] == ["slow", "fast", "n", "s"]
    assert 0 < figures["microseconds_per_response"] < 1000


def test_a_gzipped_file_gives_the_same_figures(log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "log.csv.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    plain, unpacked = evaluated("--data", log), evaluated("--data", packed)
    assert plain.pop("microseconds_per_response")
    assert unpacked.pop("microseconds_per_response")
    assert plain == unpacked


def test_people_get_tables_and_a_plot(log: Path, tmp_path: Path) -> None:
    result = RUN.invoke(app, ["evaluate", "--data", str(log), "--plot", str(tmp_path / "plot.png")])
    assert result.exit_code == 0, result.output
    for title in ("Next response", "mastered", "Fairness", "By responses seen", "By skill"):
        assert title in result.stdout
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: the file is empty. Start it with the header"),
        (b"student,seq\n", "line 1: there is no column 'skills'"),
        (b"student,seq,skills,correct\na,1,x,maybe\n", "line 2: correct is 'maybe'. Write correct as a plain number."),
        (b"student,seq,skills,correct\na,1,x,\xff\n", "not UTF-8"),
        (b"\x1f\x8bnonsense", "broken gzip"),
        (gzip.compress(b"student,seq,skills,correct\n" + b"a,1,x,1\n" * 50, mtime=0)[:-12], "broken gzip"),
        (b"student,seq,skills,correct,split\na,1,x,1,train\n", "Mark some students' split as test"),
    ],
)
def test_an_invalid_file_is_refused_with_file_line_and_hint(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    for command in ("evaluate", "fit"):
        code, sentence = refusal([command, "--data", str(path)])
        assert code == 2 or (command == "fit" and code == 1)
        if code == 2:
            assert message in sentence


def test_a_missing_file_is_named() -> None:
    code, sentence = refusal(["evaluate", "--data", "/nowhere/log.csv"])
    assert code == 2
    assert "/nowhere/log.csv: No such file" in sentence


def test_a_fit_writes_parameters_that_evaluate_reads(log: Path, tmp_path: Path) -> None:
    out, point = tmp_path / "parameters.json", tmp_path / "progress.json"
    result = RUN.invoke(app, ["fit", "--json", "--data", str(log), "--out", str(out), "--resume", str(point)])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["parameters"] == json.loads(out.read_text())
    assert report["kept"] == ("new" if report["new_held_out_log_loss"] < report["old_held_out_log_loss"] else "old")
    assert json.loads(point.read_text())["iteration"] == report["iterations"]
    reported = report[f"{report['kept']}_log_loss"]
    assert evaluated("--data", log, "--parameters", out)["filter_log_loss"] == pytest.approx(reported)
    # a second run goes on from the finished point and comes to the same
    again = RUN.invoke(app, ["fit", "--json", "--data", str(log), "--resume", str(point)])
    assert json.loads(again.stdout) == report
    point.write_text("{}")
    assert "not the progress of a fit" in refusal(["fit", "--data", str(log), "--resume", str(point)])[1]


def test_a_fit_of_too_few_students_keeps_the_shipped_ones(tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    rows = [f"s{n},1,x,{n % 2}" for n in range(35)]
    path.write_text("student,seq,skills,correct\n" + "\n".join(rows) + "\n")
    code, sentence = refusal(["fit", "--data", str(path)])
    # a fifth is held out: 35 - 7 = 28 < 30
    assert code == 1
    assert "28 train students are too few to fit" in sentence


def test_invalid_parameters_are_refused(log: Path, tmp_path: Path) -> None:
    path = tmp_path / "parameters.json"
    for content, message in (('{"no_such_name": 1}', "no_such_name"), ("[]", "not a JSON object"), ("{", "not JSON")):
        path.write_text(content)
        code, sentence = refusal(["evaluate", "--data", str(log), "--parameters", str(path)])
        assert code == 2
        assert message in sentence


def test_help_does_not_wait_for_numpy() -> None:
    """A command imports NumPy only when it runs."""
    code = "import sys, workers.cli.commands.models; print('numpy' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout.strip() == "False"
