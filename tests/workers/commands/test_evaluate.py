"""`souschef evaluate` and `souschef fit` as people run them."""

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workers.command_line import app

ROOT = Path(__file__).resolve().parents[3]
ASSISTMENTS = ROOT.parent / "shared" / "data" / "assistments2009.csv.gz"
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


def evaluated(*arguments: object) -> dict[str, object]:
    result = RUN.invoke(app, ["evaluate", "--json", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


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
    ("content", "said"),
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
def test_a_bad_file_is_refused_with_file_line_and_mend(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    for command in ("evaluate", "fit"):
        result = RUN.invoke(app, [command, "--data", str(path)])
        assert result.exit_code == 2 or (command == "fit" and result.exit_code == 1)
        if result.exit_code == 2:
            assert said in result.stderr
            assert "Traceback" not in result.stderr


def test_a_missing_file_is_named() -> None:
    result = RUN.invoke(app, ["evaluate", "--data", "/nowhere/log.csv"])
    assert result.exit_code == 2
    assert "/nowhere/log.csv: No such file" in result.stderr


def test_a_fit_writes_parameters_that_evaluate_reads(log: Path, tmp_path: Path) -> None:
    out, point = tmp_path / "parameters.json", tmp_path / "progress.json"
    result = RUN.invoke(app, ["fit", "--json", "--data", str(log), "--out", str(out), "--resume", str(point)])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["parameters"] == json.loads(out.read_text())
    assert told["kept"] == ("new" if told["new_log_loss"] < told["old_log_loss"] else "old")
    assert json.loads(point.read_text())["iteration"] == told["iterations"]
    better = min(told["old_log_loss"], told["new_log_loss"])
    assert evaluated("--data", log, "--parameters", out)["log_loss"] == pytest.approx(better)
    # a second run goes on from the finished point and comes to the same
    again = RUN.invoke(app, ["fit", "--json", "--data", str(log), "--resume", str(point)])
    assert json.loads(again.stdout) == told
    point.write_text("{}")
    assert "not a fit's progress" in RUN.invoke(app, ["fit", "--data", str(log), "--resume", str(point)]).stderr


def test_a_fit_of_too_few_students_keeps_the_shipped_ones(tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    rows = [f"s{n},1,x,{n % 2}" for n in range(35)]
    path.write_text("student,seq,skills,correct\n" + "\n".join(rows) + "\n")
    result = RUN.invoke(app, ["fit", "--data", str(path)])
    # a fifth is held out: 35 - 7 = 28 < 30
    assert result.exit_code == 1
    assert "28 train students are too few to fit" in result.stderr


def test_a_parameter_that_is_none_is_refused(log: Path, tmp_path: Path) -> None:
    path = tmp_path / "parameters.json"
    for content, said in (('{"unheard_of": 1}', "unheard_of"), ("[]", "not a JSON object"), ("{", "not JSON")):
        path.write_text(content)
        result = RUN.invoke(app, ["evaluate", "--data", str(log), "--parameters", str(path)])
        assert result.exit_code == 2
        assert said in result.stderr


def test_help_does_not_wait_for_numpy() -> None:
    """A command imports what computes only when it is run."""
    code = "import sys, workers.commands.evaluate, workers.commands.fit; print('numpy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.strip() == "False"


@pytest.mark.slow
@pytest.mark.skipif(not ASSISTMENTS.exists(), reason=f"the measuring data is not at {ASSISTMENTS}")
def test_assistments_2009_reaches_the_published_targets() -> None:
    figures = evaluated("--data", ASSISTMENTS)
    print(figures)  # noqa: T201 - the figures are the point
    assert (figures["responses"], figures["students"]) == (58266, 623)
    assert figures["auc"] >= 0.782
    assert figures["ece"] <= 0.010
    assert figures["first_five_ece"] <= 0.035
    assert 0.77 <= figures["interval_coverage"] <= 0.83
    # mastered means mastered: what is said and what comes differ by less than two in a hundred
    assert figures["mastered"]["next_right"] == pytest.approx(figures["mastered"]["expected"], abs=0.02)
