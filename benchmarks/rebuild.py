"""How many students `souschef rebuild --all` computes anew from their facts in a second.

    python -m benchmarks.rebuild                       # 100,000 students
    python -m benchmarks.rebuild --students 10000 --json

The baseline of the same run is the same command over one student at a time, each in a transaction of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from rich.console import Console

from benchmarks import growth_filling
from benchmarks.pipeline_ground import in_force, plain_url, prepared, send, settle, wait_until_applied
from benchmarks.pipeline_traffic import traffic
from config.settings import Settings
from models import database, learners
from tasks.decide import decide
from workers.supervisor import running

CLASSES = 50
ALONE = 200
"""Students of the baseline."""
ROOT = Path(__file__).parent.parent


def rebuilt(chosen: Settings) -> dict[str, Any]:
    """Run the command over everybody and return what it says; that states differ is told, and no failure of it."""
    with in_force(chosen):
        command = [sys.executable, "-m", "workers.command_line", "rebuild", "--all", "--json"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if not done.stdout:
            raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout))


def one_by_one(chosen: Settings) -> float:
    """Return students a second where each has a transaction of its own."""
    with psycopg.connect(plain_url(chosen.database_url_text())) as connection:
        rows = connection.execute(
            "SELECT school_id, student_id FROM souschef.learner_state ORDER BY student_id LIMIT %s", [ALONE]
        ).fetchall()
    with in_force(chosen):
        started = time.monotonic()
        for school_id, student in rows:
            with database.transaction() as session:
                decide(session, school_id, states=learners.lock(session, school_id, [student]), touched={student: None})
        return len(rows) / (time.monotonic() - started)


def main(
    *,
    students: Annotated[int, typer.Option(min=1_400, help="How many there are.")] = 100_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure the rebuild of a town."""
    console = Console(stderr=True, quiet=as_json)
    with (
        tempfile.TemporaryDirectory(prefix="souschef-bench-", ignore_cleanup_errors=True) as folder,
        prepared(Path(folder), classes=CLASSES) as ground,
    ):
        chosen = ground.copy("run_rebuild")
        with running(chosen, processes=("worker", "door"), free_ports=True) as kitchen:
            batches = traffic(classes=CLASSES, submissions=2, statements_a_request=100)
            send(batches, door=kitchen.door_url, credentials=[ground.credential])
            wait_until_applied(chosen.database_url_text(), seconds=600)
        with in_force(chosen), console.status(f"Copying students until there are {students:,}"):
            growth_filling.students(chosen.database_url_text(), students)
        settle(chosen.database_url_text())
        alone = one_by_one(chosen)
        with console.status("Rebuilding"):
            told = rebuilt(chosen)
    told |= {
        "one_by_one_per_second": round(alone, 1),
        "times_one_by_one": round(told["students_per_second"] / alone, 2),
    }
    typer.echo(json.dumps(told) if as_json else "\n".join(f"{name}: {value}" for name, value in told.items()))


if __name__ == "__main__":
    typer.run(main)
