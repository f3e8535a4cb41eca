"""The recorded class through the real API, broker and worker; what is expected is counted from the recording itself.

The counting below shares no code with our parsers: it reads the recorded JSON with a few lines of its own.
"""

import gzip
import hashlib
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from config.settings import Settings, settings
from learning import selection
from models import engine
from models.access import schools, sources
from models.events import facts, inbox
from models.reports import classes, status
from workers.cli import replay_client
from workers.cli.demo import replay as demo_replay
from workers.local.supervisor import RunningSystem, running

EXAMPLE = Path(__file__).parents[2] / "examples" / "riverside"
RECORDING = EXAMPLE / "moodle_class.jsonl.gz"
INFO = "http://lrs.learninglocker.net/define/extensions/info"

pytestmark = [pytest.mark.flow, pytest.mark.timeout(240)]
transaction = engine.transaction


def recorded() -> list[dict[str, Any]]:
    """Every statement of the recording, resends too."""
    with gzip.open(RECORDING, "rt") as lines:
        return [statement for line in lines for statement in json.loads(json.loads(line)["body"])]


def expected_answers() -> dict[tuple[str, str, str], bool | None]:
    """(account, attempt, question) -> right, wrong or unknown, of all answers in attempts that were not abandoned."""
    found = {}
    for statement in recorded():
        parent = statement["context"].get("contextActivities", {}).get("parent", [{}])[0].get("id", "")
        event = statement["context"]["extensions"][INFO]["event_name"]
        if statement["verb"]["id"].endswith("/answered") and "attempt=" in parent and "abandoned" not in event:
            key = (statement["actor"]["account"]["name"], parent, statement["object"]["id"])
            found[key] = statement["result"].get("success")
    return found


@pytest.fixture
def system(database_settings: Settings) -> Iterator[RunningSystem]:
    """Door, worker and beat on free ports, with the example school loaded."""
    with running(database_settings, processes=("worker", "api", "beat"), free_ports=True) as found:
        demo_replay.load(demo_replay.quiet_console())
        yield found


def replay(system: RunningSystem, *, shuffle: int | None = None, duplicate: float = 0.0) -> Counter[int]:
    statuses: Counter[int] = Counter()
    for source, name in (("moodle", "moodle_class.jsonl.gz"), ("forms", "surveys.jsonl")):
        with transaction() as session:
            credential = sources.credential(session, source, secret_key=settings().secret_key_bytes())
        requests = replay_client.arrange(replay_client.read(EXAMPLE / name), shuffle=shuffle, duplicate=duplicate)
        statuses.update(replay_client.send(requests, api_url=system.api_url, credential=credential).statuses)
    return statuses


def wait_until(done: Callable[[], bool], *, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"after {seconds} s still not: {what}"
        time.sleep(0.1)


def all_applied() -> bool:
    with transaction() as session:
        return status.waiting(session) == 0


def contract() -> dict[str, str]:
    """A digest of every view that the LMS reads, without ids that depend on the order of arrival."""
    digests = {}
    with transaction() as session:
        for view in ("assignments", "assignment_changes", "skill_gaps", "interests", "catalogue_gaps"):
            rows = session.connection().execute(text(f"SELECT * FROM lms.{view} AS v ORDER BY v"))
            digests[view] = hashlib.sha256(repr(rows.all()).encode()).hexdigest()
    return digests


def states() -> dict[str, bytes]:
    with transaction() as session:
        rows = session.connection().execute(
            text("SELECT ref, state FROM souschef.learner_state JOIN souschef.person ON person.id = student_id")
        )
        return {ref: bytes(state) for ref, state in rows}


def every_decision_replays() -> int:
    """Decide again from each stored record alone; return how many gave the same bytes, which must be all."""
    with transaction() as session:
        records = session.connection().execute(text("SELECT record FROM souschef.decision")).scalars().all()
    assert [record for record in records if selection.replay(record) != record] == []
    return len(records)


def outcomes() -> Counter[bool | None]:
    with transaction() as session:
        rows = session.connection().execute(text("SELECT outcome FROM souschef.fact WHERE kind = 'item_result'"))
        return Counter(None if outcome is None else bool(outcome) for outcome in rows.scalars())


@pytest.mark.shows("P7", "L13")
def test_the_class_becomes_exactly_what_its_recording_holds(system: RunningSystem) -> None:
    """2,144 answers, of them 1,810 right or wrong and 334 unknown; a second replay changes no row of the contract."""
    expected = Counter(expected_answers().values())
    assert sum(expected.values()) == 2144
    assert expected[None] == 334
    assert set(replay(system)) == {200}
    wait_until(all_applied, seconds=60, what="all events applied")
    assert outcomes() == expected
    with transaction() as session:
        lines = list(classes.class_lines(session, schools.resolve(session, None).id).values())
        quarantined = inbox.counts(session).get("quarantined", 0)
        parked = inbox.counts(session).get("parked", 0)
    assert len(lines) == 28
    assert all(line.assignment is not None or line.nothing for line in lines)
    assert all(line.because_gap and line.because_interest for line in lines if line.assignment is not None)
    assert (quarantined, parked) == (0, 0)
    assert every_decision_replays() > 28
    before = contract()
    assert set(replay(system)) == {200}
    wait_until(all_applied, seconds=60, what="all duplicates applied")
    assert contract() == before
    assert outcomes() == expected


@pytest.mark.full
@pytest.mark.shows("P4", "P8")
def test_another_order_doubled_and_a_worker_killed_midway_end_in_the_same_states(system: RunningSystem) -> None:
    """The states after a shuffled, doubled replay with a killed worker equal a fold of the facts in their own order."""
    replay(system, shuffle=7, duplicate=0.5)
    os.kill(system.worker_pids[-1], signal.SIGKILL)
    main = system.worker_pids[0]
    os.killpg(main, signal.SIGKILL)
    wait_until(all_applied, seconds=120, what="all events applied after the kill")
    assert outcomes() == Counter(expected_answers().values())
    live = states()
    with transaction() as session:
        session.connection().execute(
            text("UPDATE souschef.learner_state SET refresh_due = true, snapshot_version = -1")
        )
    wait_until(all_applied, seconds=60, what="all students refreshed")
    assert states() == live
    with transaction() as session:
        assert facts.counts(session)["item_result"] == 2144
