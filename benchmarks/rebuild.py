"""How many students `souschef recompute-states --all` computes again from their facts in a second.

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

from benchmarks import scale_data
from benchmarks.environment import plain_url, running_environment, send, vacuum_and_checkpoint, wait_until_applied
from benchmarks.traffic import traffic
from config.settings import Settings
from models import engine
from models.students import states
from tasks.pipeline.decide import decide
from workers.local.supervisor import running, settings_override

CLASSES = 50
ALONE = 200
"""Students of the baseline."""
ROOT = Path(__file__).parent.parent


def recompute_all(settings: Settings) -> dict[str, Any]:
    """Run the command over everybody and return its report, which also says where states differ."""
    with settings_override(settings):
        command = [sys.executable, "-m", "workers.cli.main", "recompute-states", "--all", "--json"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if not done.stdout:
            raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout))


def one_by_one(settings: Settings) -> float:
    """Return students a second where each has a transaction of its own."""
    with psycopg.connect(plain_url(settings.database_url_text())) as connection:
        rows = connection.execute(
            "SELECT school_id, student_id FROM souschef.learner_state ORDER BY student_id LIMIT %s", [ALONE]
        ).fetchall()
    with settings_override(settings):
        started = time.monotonic()
        for school_id, student in rows:
            with engine.transaction() as session:
                decide(
                    session,
                    school_id,
                    states=states.load_for_update(session, school_id, [student]),
                    touched={student: None},
                )
        return len(rows) / (time.monotonic() - started)


def main(
    *,
    students: Annotated[int, typer.Option(min=1_400, help="How many there are.")] = 100_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure recomputing all states of a district."""
    console = Console(stderr=True, quiet=as_json)
    with (
        tempfile.TemporaryDirectory(prefix="souschef-bench-", ignore_cleanup_errors=True) as folder,
        running_environment(Path(folder), classes=CLASSES) as environment,
    ):
        settings = environment.copy("run_rebuild")
        with running(settings, processes=("worker", "api"), free_ports=True) as system:
            batches = traffic(classes=CLASSES, submissions=2, statements_a_request=100)
            send(batches, api_url=system.api_url, credentials=[environment.credential])
            wait_until_applied(settings.database_url_text(), seconds=600)
        with settings_override(settings), console.status(f"Copying students until there are {students:,}"):
            scale_data.students(settings.database_url_text(), students)
        vacuum_and_checkpoint(settings.database_url_text())
        alone = one_by_one(settings)
        with console.status("Recomputing"):
            figures = recompute_all(settings)
    figures |= {
        "one_by_one_per_second": round(alone, 1),
        "times_one_by_one": round(figures["students_per_second"] / alone, 2),
    }
    typer.echo(json.dumps(figures) if as_json else "\n".join(f"{name}: {value}" for name, value in figures.items()))


if __name__ == "__main__":
    typer.run(main)
