"""Ten thousand students refreshed by one command, beside a plain loop: `python -m benchmarks.refresh [--classes N]`.

With `--lists 7` each student is in seven classes, as in a secondary school: a list each, of a share of the skills.

Every class is the recorded class under other names: 28 students with the answers of ten weeks, no state yet and nothing
assigned. `souschef refresh-assignments --all` decides for all of them, a hundred a transaction; then again, with
nothing new. The baseline makes the same decisions with the same code, one student a transaction, half before and half
after.
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

from benchmarks.environment import BenchmarkEnvironment, running_environment
from models import clock, engine
from tasks.events import assessment_completed
from tasks.refresh import refresh_assignments
from workers.cli import replay_client
from workers.cli.demo import offline_semester
from workers.cli.demo.replay import EXAMPLE, batches_in_order
from workers.cli.main import app
from workers.local.supervisor import settings_override

LOOPED = 200
"""Students of the baseline, drawn from all classes alike."""


def fill(environment: BenchmarkEnvironment) -> None:
    """Give every student the answers of the one in the recorded class whose name they bear; leave no state."""
    with settings_override(environment.settings):
        for batch in batches_in_order(replay_client.read(EXAMPLE / "moodle_class.jsonl.gz"), []):
            offline_semester.record(batch)
        with engine.transaction() as session:
            now = clock.now(session)
        assessment_completed([])
        with engine.transaction() as session:
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


def add_classes(environment: BenchmarkEnvironment, lists: int) -> None:
    """Let every student be in `lists` classes: each new one has every third skill of the first one's scope."""
    with settings_override(environment.settings), engine.transaction() as session:
        connection = session.connection()
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for number in range(1, lists):
            new = {"number": number, "share": number % 3}
            for statement in _NEW_CLASS:
                connection.execute(text(statement), new)
        connection.execute(text("ANALYZE"))


_NEW_CLASS = (
    """INSERT INTO souschef.class (school_id, ref, title)
       SELECT school_id, ref || '/' || :number, title FROM souschef.class WHERE position('/' IN ref) = 0""",
    """INSERT INTO souschef.scope (school_id, class_id, skill_id, opens_at, closes_at)
       SELECT scope.school_id, new.id, skill_id, opens_at, closes_at FROM souschef.scope
         JOIN souschef.class ON class.id = class_id
         JOIN souschef.class AS new ON new.school_id = class.school_id AND new.ref = class.ref || '/' || :number
        WHERE skill_id % 3 = :share""",
    """INSERT INTO souschef.enrolment (school_id, class_id, person_id, role, began_at, ended_at)
       SELECT enrolment.school_id, new.id, person_id, role, began_at, ended_at FROM souschef.enrolment
         JOIN souschef.class ON class.id = class_id
         JOIN souschef.class AS new ON new.school_id = class.school_id AND new.ref = class.ref || '/' || :number""",
)


def looped(students: Sequence[int]) -> float:
    """Return how long a plain loop takes: a transaction a student."""
    begun = time.perf_counter()
    for student in students:
        refresh_assignments([student])
    return time.perf_counter() - begun


def command() -> dict[str, float]:
    """Run the command and return what it prints."""
    done = CliRunner().invoke(app, ["refresh-assignments", "--all", "--json"])
    if done.exit_code:
        raise RuntimeError(done.output)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def measure(environment: BenchmarkEnvironment, *, lists: int = 1) -> dict[str, object]:
    """Return both rates and their ratio; the loop has a copy of the database of its own."""
    fill(environment)
    add_classes(environment, lists)
    alone, whole = environment.copy("alone"), environment.copy("whole")
    with settings_override(alone), engine.transaction() as session:
        ids = session.connection().execute(
            text("SELECT id FROM souschef.person WHERE role = 'student' ORDER BY md5(ref) LIMIT :most"),
            {"most": LOOPED},
        )
        students = list(ids.scalars())
    with settings_override(alone):
        seconds = looped(students[::2])
    with settings_override(whole):
        fresh = command()
    with settings_override(alone):
        seconds += looped(students[1::2])
    print(json.dumps({"looped": seconds, "fresh": fresh}), file=sys.stderr, flush=True)
    with settings_override(whole):
        again = command()
    rate = len(students) / seconds
    first, second = (figures["students"] / figures["seconds"] for figures in (fresh, again))
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
    parser.add_argument("--lists", type=int, default=1, help="classes of each student")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="souschef-") as folder,
        running_environment(Path(folder), classes=options.classes) as environment,
    ):
        print(json.dumps(measure(environment, lists=options.lists), indent=1))


if __name__ == "__main__":
    main()
