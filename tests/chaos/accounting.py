"""What became of a test's events, read from the database; what is expected is counted from their history alone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from typer.testing import CliRunner

from models import engine
from tests.tasks.fault_simulator import expected
from workers.cli.main import app

Events = list[dict[str, Any]]
ENDED = """SELECT state, count(*) FROM souschef.inbox WHERE payload::jsonb ->> 'id' = ANY(CAST(:ids AS text[]))
            GROUP BY state"""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the events of a test, each figure read from the database."""

    sent: int
    applied: int
    quarantined: int
    dropped: int
    lost: int
    """Accepted and neither applied, quarantined nor dropped; or applied without its fact."""
    doubled: int
    """Facts too many, and students whose state is not what the facts say."""
    falls: int
    """Rows of the feed whose version is below an earlier one of the same student, and holes in its numbers."""


def compare(events: Events) -> Counts:
    """Count what became of these events; ask `recompute-states` whether each state is what the facts say."""
    ids = [each["id"] for each in events]
    ended = dict(ask(ENDED, ids=ids))
    wanted = expected(events)
    names = {name for _, name in wanted}
    stored = {key: value for key, value in outcomes().items() if key[1] in names}
    facts = {key for key, value in wanted.items() if stored.get(key) == value}
    unfinished = len(events) - sum(ended.get(name, 0) for name in ("done", "quarantined", "dropped"))
    quarantined = ended.get("quarantined", 0)
    return Counts(
        sent=len(events),
        applied=ended.get("done", 0),
        quarantined=quarantined,
        dropped=ended.get("dropped", 0),
        lost=max(0, unfinished) + max(0, len(wanted) - len(facts) - quarantined),
        doubled=max(0, -unfinished) + len(stored.keys() - wanted.keys()) + rebuilt_differently(),
        falls=falls(),
    )


def ask(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with engine.transaction() as session:
        return [tuple(row) for row in session.connection().execute(text(statement), parameters)]


def pending() -> int:
    """Return how many events are neither applied nor quarantined nor dropped; 1 without a database."""
    try:
        return int(ask("SELECT count(*) FROM souschef.inbox WHERE state = 'pending'")[0][0])
    except Exception:  # noqa: BLE001 - the test has broken it, and waits
        return 1


def outcomes() -> dict[tuple[str, str], float]:
    """(student, id of the answer) -> its outcome, as it stands in the facts."""
    rows = ask("""SELECT person.ref, substring(fact.key from '[^|]+$'), outcome FROM souschef.fact
                    JOIN souschef.person ON person.id = student_id WHERE kind = 'item_result'""")
    return {(student, name): outcome for student, name, outcome in rows}


def states() -> dict[str, bytes]:
    """Each student's state as it is stored."""
    rows = ask("SELECT ref, state FROM souschef.learner_state JOIN souschef.person ON person.id = student_id")
    return {ref: bytes(state) for ref, state in rows}


def rebuilt_differently() -> int:
    """Return how many states were not what the facts say, by `souschef recompute-states --all`."""
    ran = CliRunner().invoke(app, ["recompute-states", "--all", "--json"])
    assert ran.exit_code in (0, 1), (ran.output, ran.exception)
    [report] = [line for line in ran.stdout.splitlines() if line.startswith("{")]  # after the supervisor's log
    return int(json.loads(report)["differed"])


def falls() -> int:
    """Return how often a version fell in the feed, or a number was missing."""
    rows = ask("SELECT number, student_id, version FROM souschef.change ORDER BY number")
    highest: dict[int, int] = {}
    found: int = sum(number != place for place, (number, _, _) in enumerate(rows, start=1))
    for _, student, version in rows:
        found += int(version < highest.get(student, 0))
        highest[student] = max(highest.get(student, 0), version)
    return found


def wait_until(done: Callable[[], bool], *, seconds: float, what: str) -> float:
    """Wait; return for how many seconds it was."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < seconds, f"after {seconds} s still not: {what}"
        time.sleep(0.05)
    return time.monotonic() - began
