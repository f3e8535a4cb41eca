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
from models import engine
from models.access import sources
from models.events.claiming import BATCH_SIZES
from workers.cli.demo import replay
from workers.local.supervisor import RunningSystem, running

pytestmark = [pytest.mark.flow, pytest.mark.full, pytest.mark.timeout(120)]


@pytest.fixture
def system(database_settings: Settings) -> Iterator[RunningSystem]:
    """A worker of one process, so that one task takes both batches."""
    alone = database_settings.model_copy(update={"worker_concurrency": 1})
    with running(alone, processes=("worker", "api", "flower"), free_ports=True) as found:
        replay.load(replay.quiet_console())
        yield found


def ask(statement: str) -> list[tuple[Any, ...]]:
    with engine.transaction() as session:
        return [tuple(row) for row in session.connection().execute(text(statement))]


def until(found: Callable[[], Any], *, what: str, seconds: float = 40) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, f"after {seconds} s still not: {what}"
        time.sleep(0.05)
    return answer


@contextmanager
def locked_state(student: str) -> Iterator[None]:
    """Lock a student's state, so that a worker that needs it waits."""
    with engine.transaction() as session:
        statement = text("""
            SELECT FROM souschef.learner_state JOIN souschef.person ON person.id = student_id
             WHERE ref = :ref FOR UPDATE OF learner_state
        """)
        assert session.connection().execute(statement, {"ref": student}).one() == ()
        yield


def tasks(system: RunningSystem) -> dict[str, dict[str, Any]]:
    """What Flower shows of the tasks that take answers in."""
    credential = b64encode(f"{system.flower_user}:{system.flower_password}".encode()).decode()
    address = f"{system.flower_url}/api/tasks?taskname=assessment_completed"
    request = urllib.request.Request(address, headers={"Authorization": f"Basic {credential}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, dict[str, Any]] = json.load(answer)
    return found


def test_flower_shows_what_a_running_task_has_done_so_far(system: RunningSystem) -> None:
    """Two batches, each for one student whose state the test holds: the first is let go, the second still waits."""
    with engine.transaction() as session:
        key = settings().secret_key_bytes()
        credential = sources.add(session, "own", format="canonical", secret_key=key)
    first, second = [
        row[0] for row in ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY id LIMIT 2")
    ]
    item = ask("SELECT min(name) FROM souschef.alias WHERE kind = 'item'")[0][0]

    def send(student: str, count: int, run: str) -> None:
        base = {"type": "item_result", "student": student, "subject": item, "outcome": 1.0}
        events = [{**base, "id": f"{student} {run} {n}", "at": f"2026-10-05T09:00:{n % 60:02d}Z"} for n in range(count)]
        answer = httpx.post(
            f"{system.api_url}/events", json=events, auth=(credential.key, credential.secret), timeout=20
        )
        assert answer.json()["accepted"] == count

    def waiting() -> int:
        return int(ask("SELECT count(*) FROM souschef.inbox WHERE state = 'pending'")[0][0])

    for student in (first, second):
        send(student, 1, "before")
    until(lambda: waiting() == 0, what="both are known")
    earlier = set(tasks(system))
    with locked_state(second):
        with locked_state(first):
            send(first, BATCH_SIZES[0], "burst")
            send(second, 3, "burst")
            until(lambda: set(tasks(system)) - earlier, what="the task has begun")
            time.sleep(1.1)
        shown = until(
            lambda: [each for each in tasks(system).values() if each["state"] == "PROGRESS"], what="its progress"
        )
        assert json.loads(shown[0]["result"].replace("'", '"'))["applied"] == BATCH_SIZES[0]
        assert waiting() == 3
    until(lambda: waiting() == 0, what="all is done")
    uuid = shown[0]["uuid"]
    until(lambda: tasks(system)[uuid]["state"] == "SUCCESS", what="the task has ended")
    assert json.loads(tasks(system)[uuid]["result"].replace("'", '"'))["applied"] == BATCH_SIZES[0] + 3
