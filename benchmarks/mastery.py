"""The learner model against its peers: one run, the same file, the same split, every baseline from its own package.

`python -m benchmarks.mastery [--data FILE] [--full]` makes an environment of its own for pyBKT and scikit-learn (it
needs a package index for that), runs each baseline in it, and writes `docs/results/mastery.md` and `mastery.json`.
`--full` adds what takes long: pyBKT with forgetting, DAS3H where there are time stamps, our own parameters fitted.
"""

from __future__ import annotations

import argparse
import csv
import gc
import json
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from learning.evaluation import Evaluation, evaluate
from learning.fitting import fit
from learning.mastery import LearnerState, beliefs, fold
from learning.online import online_pass
from learning.parameters import SHIPPED
from learning.response_log import ResponseLog
from learning.scores import Floats, scores
from learning.snapshot import Snapshot
from workers.response_files import read_log

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data" / "assistments2009.csv.gz"
RESULTS = ROOT / "docs" / "results"
ENVIRONMENT = Path.home() / ".cache" / "souschef" / "benchmarks" / "pybkt-1.4.3"
PACKAGES = ("pyBKT==1.4.3", "scikit-learn==1.5.2", "numpy<2", "pandas<2.3")
FIRST = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    model: str
    auc: float | None
    log_loss: float | None
    ece: float | None
    first_five_auc: float | None
    first_five_ece: float | None
    seconds: float
    extra: dict[str, float] = field(default_factory=dict)


def row_of(model: str, arrays: tuple[Floats, Floats, Floats], seconds: float, extra: dict[str, float]) -> Row:
    """Return the figures of a model from (responses seen before, outcomes, expected), shape `(responses,)` each."""
    seen, outcomes, expected = arrays
    whole, few = scores(outcomes, expected), scores(outcomes[seen < FIRST], expected[seen < FIRST])
    return Row(model, whole.auc, whole.log_loss, whole.ece, few.auc, few.ece, seconds, extra)


def environment() -> Path:
    """Return the Python of the baselines' environment, made where it is not there yet."""
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / "ready").exists():
        print(f"Making {ENVIRONMENT} ...", file=sys.stderr)
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        (ENVIRONMENT / "ready").touch()
    return python


def baseline(model: str, name: str, data: Path) -> Row:
    """Run one baseline in its environment."""
    print(f"{model} ...", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        script = Path(__file__).with_name("mastery_baselines.py")
        subprocess.run([environment(), "-W", "ignore", script, name, data, out], check=True, stdout=sys.stderr)
        timed = json.loads(out.with_suffix(".json").read_text())
        with out.with_suffix(".csv").open() as lines:
            table = np.array([[float(cell) for cell in line] for line in list(csv.reader(lines))[1:]])
    return row_of(model, (table[:, 0], table[:, 1], table[:, 2]), timed.pop("seconds"), timed)


def ours(log: ResponseLog) -> list[Row]:
    """Run the filter as shipped."""
    started = time.perf_counter()
    evaluation = evaluate(log, clock=time.process_time)
    extra = {"microseconds_per_response": evaluation.microseconds_per_response or 0.0, **serving(log)}
    return [row_of("Souschef, as shipped", _arrays(evaluation), time.perf_counter() - started, extra)]


def ours_fitted(log: ResponseLog) -> list[Row]:
    """Run the filter with parameters fitted on the train students."""
    print("Souschef, fitted ...", file=sys.stderr)
    started = time.perf_counter()
    result = fit(log)
    evaluation = evaluate(log, parameters=result.parameters, clock=time.process_time)
    seconds = time.perf_counter() - started
    return [row_of("Souschef, fitted on the train students", _arrays(evaluation), seconds, {})]


def _arrays(evaluation: Evaluation) -> tuple[Floats, Floats, Floats]:
    return evaluation.seen.astype(np.float64), evaluation.outcomes, evaluation.expected


def serving(log: ResponseLog) -> dict[str, float]:
    """Return what a live update costs: loading, folding and storing a student's state, against a snapshot."""
    train, test = log.in_protocol_order(0)
    snapshot = online_pass((student.responses for student in train), previous=Snapshot.prior())
    stored = [fold(LearnerState.new(), student.responses, snapshot=snapshot).to_bytes() for student in test]
    some = [student.responses[-10:] for student in test]
    started = time.process_time()
    for body, responses in zip(stored, some, strict=True):
        fold(LearnerState.from_bytes(body), responses, snapshot=snapshot).to_bytes()
    assessments = time.process_time() - started
    states = [LearnerState.from_bytes(body) for body in stored]
    began = time.process_time()
    for state, responses in zip(states, some, strict=True):
        fold(state, responses[:1], snapshot=snapshot)
    single = time.process_time() - began
    began = time.process_time()
    for state in states:
        beliefs(state, list(state.skills), snapshot=snapshot, as_of=0.0)
    believed = time.process_time() - began
    return {
        "state_bytes_mean": float(np.mean([len(body) for body in stored])),
        "update_with_load_and_store_microseconds": 1e6 * assessments / sum(map(len, some)),
        "update_microseconds": 1e6 * single / len(states),
        "predict_microseconds": 1e6 * believed / max(1, sum(len(state.skills) for state in states)),
        "parameters_version": float(SHIPPED.version),
    }


def ratios(rows: list[Row]) -> dict[str, float]:
    """Return how many times faster ours is than pyBKT in this run."""
    mine = next(row.extra for row in rows if row.model == "Souschef, as shipped")
    theirs = next((row.extra for row in rows if row.model == "pyBKT"), None)
    if theirs is None:
        return {}
    return {
        "roster_update_ratio": theirs["roster_update_microseconds"] / mine["update_microseconds"],
        "predict_in_bulk_ratio": theirs["predict_microseconds"] / mine["microseconds_per_response"],
        "predict_one_student_ratio": theirs["predict_one_student_microseconds"] / mine["predict_microseconds"],
    }


def markdown(rows: list[Row], faster: dict[str, float], *, command: str, data: Path) -> str:
    """Return the table that the README quotes."""
    lines = [
        f"# Next response of unseen students, `{data.name}`",
        "",
        f"Made by `{command}`.",
        "Same file, same split by student, every prediction before its response; 15 bins of equal mass for the ECE.",
        "",
        "| model | AUC | log loss | ECE | first five: AUC | ECE | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        figures = (row.auc, row.log_loss, row.ece, row.first_five_auc, row.first_five_ece)
        cells = ["-" if figure is None else f"{figure:.4f}" for figure in figures]
        lines.append(f"| {row.model} | " + " | ".join([*cells, f"{row.seconds:.0f}"]) + " |")
    lines += ["", "Costs (one core, CPU time):", ""]
    for row in rows:
        lines += [f"- {row.model}: {name.replace('_', ' ')} {value:,.2f}" for name, value in row.extra.items()]
    lines += [f"- {name.replace('_', ' ')}: {value:,.0f} times" for name, value in faster.items()]
    return "\n".join([*lines, ""])


def main() -> None:
    """Run everything and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--full", action="store_true", help="add what takes up to half an hour")
    parser.add_argument("--out", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    if not chosen.data.exists():
        raise SystemExit(f"{chosen.data} is not here: name a file with --data")
    log = read_log(chosen.data)
    gc.freeze()
    rows = [
        baseline("pyBKT", "pybkt", chosen.data),
        baseline("PFA (scikit-learn)", "pfa", chosen.data),
        baseline("Best-LR (scikit-learn)", "best_lr", chosen.data),
    ]
    if chosen.full:
        rows.append(baseline("pyBKT with forgetting", "pybkt_forgets", chosen.data))
        if any(response.at for student in log.students for response in student.responses):
            rows.append(baseline("DAS3H (scikit-learn)", "das3h", chosen.data))
        else:
            print("DAS3H is left out: the file has no time stamps", file=sys.stderr)
    rows += ours(log)
    if chosen.full:
        rows += ours_fitted(log)
    faster = ratios(rows)
    chosen.out.mkdir(parents=True, exist_ok=True)
    command = "python -m benchmarks.mastery" + (" --full" if chosen.full else "")
    told = markdown(rows, faster, command=command, data=chosen.data)
    (chosen.out / "mastery.md").write_text(told)
    document = {"data": chosen.data.name, "ratios": faster, "rows": [_plain(row) for row in rows]}
    (chosen.out / "mastery.json").write_text(json.dumps(document, indent=2) + "\n")
    print(told)


def _plain(row: Row) -> dict[str, object]:
    return {name: getattr(row, name) for name in Row.__slots__}


if __name__ == "__main__":
    main()
