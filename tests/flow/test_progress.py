"""How far a task is, seen live in the real Flower while a real worker is at it."""

import json
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from config.settings import Settings, settings
from models import database, sources
from models.claiming import BATCH_SIZES
from workers import demonstration
from workers.supervisor import Kitchen, running

pytestmark = [pytest.mark.flow, pytest.mark.timeout(120)]


@pytest.fixture
def kitchen(database_settings: Settings) -> Iterator[Kitchen]:
    """A worker of one process, so that one task takes both batches."""
    alone = database_settings.model_copy(update={"worker_concurrency": 1})
    with running(alone, processes=("worker", "door", "flower"), free_ports=True) as found:
        demonstration.load(demonstration.quiet())
        yield found


def ask(statement: str) -> list[tuple[Any, ...]]:
    with database.transaction() as session:
        return [tuple(row) for row in session.connection().execute(text(statement))]


def until(found: Callable[[], Any], *, what: str, seconds: float = 40) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, f"after {seconds} s still not: {what}"
        time.sleep(0.05)
    return answer


@contextmanager
def held(student: str) -> Iterator[None]:
    """Hold a student's state, so that whoever works for them waits."""
    with database.transaction() as session:
        statement = text("""
            SELECT FROM souschef.learner_state JOIN souschef.person ON person.id = student_id
             WHERE ref = :ref FOR UPDATE OF learner_state
        """)
        assert session.connection().execute(statement, {"ref": student}).one() == ()
        yield


def tasks(kitchen: Kitchen) -> dict[str, dict[str, Any]]:
    """What Flower shows of the tasks that take answers in."""
    given = b64encode(f"{kitchen.flower_user}:{kitchen.flower_password}".encode()).decode()
    address = f"{kitchen.flower_url}/api/tasks?taskname=assessment_completed"
    request = urllib.request.Request(address, headers={"Authorization": f"Basic {given}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, dict[str, Any]] = json.load(answer)
    return found


def test_flower_shows_what_a_running_task_has_done_so_far(kitchen: Kitchen) -> None:
    """Two batches, each for one student whose state the test holds: the first is let go, the second still waits."""
    with database.transaction() as session:
        key = settings().secret_key_bytes()
        given = sources.add(session, "own", format="canonical", secret_key=key)
    first, second = [
        row[0] for row in ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY id LIMIT 2")
    ]
    item = ask("SELECT min(name) FROM souschef.alias WHERE kind = 'item'")[0][0]

    def send(student: str, count: int, run: str) -> None:
        base = {"type": "item_result", "student": student, "subject": item, "outcome": 1.0}
        told = [{**base, "id": f"{student} {run} {n}", "at": f"2026-10-05T09:00:{n % 60:02d}Z"} for n in range(count)]
        answer = httpx.post(f"{kitchen.door_url}/events", json=told, auth=(given.key, given.secret), timeout=20)
        assert answer.json()["accepted"] == count

    def waiting() -> int:
        return int(ask("SELECT count(*) FROM souschef.inbox WHERE state = 'pending'")[0][0])

    for student in (first, second):
        send(student, 1, "before")
    until(lambda: waiting() == 0, what="both are known")
    known = set(tasks(kitchen))
    with held(second):
        with held(first):
            send(first, BATCH_SIZES[0], "burst")
            send(second, 3, "burst")
            until(lambda: set(tasks(kitchen)) - known, what="the task has begun")
            time.sleep(1.1)
        shown = until(
            lambda: [each for each in tasks(kitchen).values() if each["state"] == "PROGRESS"], what="its progress"
        )
        assert json.loads(shown[0]["result"].replace("'", '"'))["applied"] == BATCH_SIZES[0]
        assert waiting() == 3
    until(lambda: waiting() == 0, what="all is done")
    uuid = shown[0]["uuid"]
    until(lambda: tasks(kitchen)[uuid]["state"] == "SUCCESS", what="the task has ended")
    assert json.loads(tasks(kitchen)[uuid]["result"].replace("'", '"'))["applied"] == BATCH_SIZES[0] + 3
