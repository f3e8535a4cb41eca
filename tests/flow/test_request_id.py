"""One id followed through real processes: answer, the API's log, Flower's search, worker's log, inbox, change feed."""

import json
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import text

from config.settings import Settings, settings
from models import engine
from models.access import sources
from workers.cli.demo import replay
from workers.local.supervisor import RunningSystem, running

pytestmark = [pytest.mark.flow, pytest.mark.full, pytest.mark.timeout(120)]
JSON = {"Content-Type": "application/json"}
ID = "0123abcd-4567-89ef-0123-456789abcdef"


@pytest.fixture
def system(database_settings: Settings) -> Iterator[RunningSystem]:
    """Door, worker and Flower on free ports, with the example school loaded."""
    with running(database_settings, processes=("worker", "api", "flower"), free_ports=True) as found:
        replay.load(replay.quiet_console())
        yield found


def ask(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with engine.transaction() as session:
        return [tuple(row) for row in session.connection().execute(text(statement), parameters)]


def until(found: Callable[[], Any], *, what: str, seconds: float = 40) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, f"after {seconds} s still not: {what}"
        time.sleep(0.1)
    return answer


def lines(system: RunningSystem, name: str, event: str) -> list[dict[str, Any]]:
    """The lines of a process's log with this event; every line that is JSON must be one object."""
    written = (system.data_dir / "logs" / f"{name}.log").read_text().splitlines()
    return [line for line in (json.loads(each) for each in written if each.startswith("{")) if line["event"] == event]


def found_by_flower(system: RunningSystem, words: str) -> dict[str, Any]:
    credential = b64encode(f"{system.flower_user}:{system.flower_password}".encode()).decode()
    address = f"{system.flower_url}/api/tasks?search={quote(words)}"
    request = urllib.request.Request(address, headers={"Authorization": f"Basic {credential}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        tasks: dict[str, Any] = json.load(answer)
    return tasks


def test_one_id_leads_from_the_api_to_the_change_feed(system: RunningSystem) -> None:
    with engine.transaction() as session:
        credential = sources.add(session, "own", format="canonical", secret_key=settings().secret_key_bytes())
    student = ask("SELECT min(ref) FROM souschef.person WHERE role = 'student'")[0][0]
    item = ask("SELECT min(name) FROM souschef.alias WHERE kind = 'item'")[0][0]
    event = {"type": "item_result", "id": "a-1", "student": student, "at": "2026-10-20T09:00:00Z", "subject": item}
    with httpx.Client(base_url=system.api_url, auth=(credential.key, credential.secret), timeout=20) as client:
        answer = client.post("/events", json={**event, "outcome": 0.0}, headers={"X-Request-Id": ID.upper()})
        made = client.post("/events", json={**event, "id": "a-2", "outcome": 0.0}).headers["x-request-id"]
        refused = client.post("/events", content=b"{", headers={"X-Request-Id": "Ada Lovelace", **JSON})
    assert (answer.status_code, answer.headers["x-request-id"]) == (200, ID)
    assert (refused.status_code, len(made)) == (400, 32)
    assert refused.headers["x-request-id"] not in {"Ada Lovelace", ID, made}
    until(lambda: ask("SELECT count(*) FROM souschef.inbox WHERE state = 'done'") == [(2,)], what="both applied")

    [(task,)] = ask("SELECT task_id FROM souschef.inbox WHERE request_id = :id", id=ID)
    changed = ask("SELECT kind FROM souschef.change WHERE task_id = :id", id=task)
    assert {"gaps", "assignment"} & {kind for (kind,) in changed}

    [received] = [line for line in lines(system, "api", "received") if line["request_id"] == ID]
    assert (received["accepted"], received["school"]) == (1, 1)
    assert (received["school_ref"], received["source_name"]) == ("riverside", "own")
    [line] = [line for line in lines(system, "api", "refused") if line["request_id"] == refused.headers["x-request-id"]]
    assert (line["code"], line["status"]) == ("bad_json", 400)
    [applied] = [line for line in lines(system, "worker", "batch_applied") if ID in line["requests"]]
    assert applied["school_ref"] == "riverside"
    assert (applied["task_id"], applied["task"], applied["applied"]) == (
        task,
        "assessment_completed",
        applied["events"],
    )

    started = until(lambda: found_by_flower(system, ID), what="Flower's search finds the id")
    assert all(ID in one["kwargs"] for one in started.values())
    assert {one["name"] for one in started.values()} == {"assessment_completed"}
    assert until(lambda: found_by_flower(system, task), what="Flower's search finds the task").keys() == {task}
    assert found_by_flower(system, ID[::-1]) == {}
