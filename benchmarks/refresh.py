"""Ten thousand students refreshed by one command, beside a plain loop: `python -m benchmarks.refresh [--classes N]`.

Every class is the recorded class under other names: 28 students with the answers of ten weeks, no state yet and nothing
assigned. `souschef refresh --all` decides for all of them, a hundred a transaction; then again, with nothing new. The
baseline makes the same decisions with the same code, one student a transaction, half before and half after.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import text
from typer.testing import CliRunner

from benchmarks.pipeline_ground import Ground, in_force, prepared
from models import clock, database
from tasks.events import assessment_completed
from tasks.refresh import refresh_assignments
from workers import sending, term
from workers.command_line import app
from workers.demonstration import EXAMPLE, in_order

LOOPED = 200
"""Students of the baseline, drawn from all classes alike."""


def fill(ground: Ground) -> None:
    """Give every student the answers of the one in the recorded class whose name they bear; leave no state."""
    with in_force(ground.chosen):
        for batch in in_order(sending.read(EXAMPLE / "moodle_class.jsonl.gz"), []):
            term.record(batch)
        with database.transaction() as session:
            now = clock.now(session)
        assessment_completed([])
        with database.transaction() as session:
            connection = session.connection()
            clock.set_to(session, now)
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(
                text("""
                INSERT INTO souschef.fact (school_id, student_id, source_id, kind, key, occurred_at, sequence, item_id,
                       skill_id, attempt, outcome, weight, revised_at, value)
                SELECT fact.school_id, twin.id, source_id, kind, fact.key || '-' || twin.id, occurred_at, sequence,
                       item_id, skill_id, attempt, outcome, weight, revised_at, value
                  FROM souschef.fact JOIN souschef.person ON person.id = student_id
                  JOIN souschef.person AS twin ON twin.ref LIKE person.ref || '-%'
                """)
            )
            for table in ("change", "assignment", "decision", "skill_gap", "interest", "catalogue_need"):
                connection.execute(text(f"DELETE FROM souschef.{table}"))  # noqa: S608 - our own names
            connection.execute(text("DELETE FROM souschef.learner_state"))
            connection.execute(text("ANALYZE"))


def looped(students: Sequence[int]) -> float:
    """Return how long a plain loop takes: a transaction a student."""
    begun = time.perf_counter()
    for student in students:
        refresh_assignments([student])
    return time.perf_counter() - begun


def command() -> dict[str, float]:
    """Run the command and return what it prints."""
    done = CliRunner().invoke(app, ["refresh", "--all", "--json"])
    if done.exit_code:
        raise RuntimeError(done.output)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def measure(ground: Ground) -> dict[str, object]:
    """Return both rates and their ratio; the loop has a copy of the database of its own."""
    fill(ground)
    alone, whole = ground.copy("alone"), ground.copy("whole")
    with in_force(alone), database.transaction() as session:
        ids = session.connection().execute(
            text("SELECT id FROM souschef.person WHERE role = 'student' ORDER BY md5(ref) LIMIT :most"),
            {"most": LOOPED},
        )
        students = list(ids.scalars())
    with in_force(alone):
        seconds = looped(students[::2])
    with in_force(whole):
        fresh = command()
    with in_force(alone):
        seconds += looped(students[1::2])
    print(json.dumps({"looped": seconds, "fresh": fresh}), file=sys.stderr, flush=True)
    with in_force(whole):
        again = command()
    rate = len(students) / seconds
    first, second = (told["students"] / told["seconds"] for told in (fresh, again))
    return {
        "fresh": fresh,
        "again": again,
        "students_per_second": {"command": round(first), "again": round(second), "plain_loop": round(rate)},
        "assignments_per_second": round(fresh["assigned"] / fresh["seconds"]),
        "ratio": round(first / rate, 2),
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--classes", type=int, default=358, help="of 28 students each")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="souschef-") as folder,
        prepared(Path(folder), classes=options.classes) as ground,
    ):
        print(json.dumps(measure(ground), indent=1))


if __name__ == "__main__":
    main()
