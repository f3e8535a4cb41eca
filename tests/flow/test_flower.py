"""The real Flower while the class goes through: names, telling results, and nothing of a student."""

import csv
import json
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import Settings, settings
from models import engine
from models.access import sources
from workers.cli import replay_client
from workers.cli.demo import replay
from workers.local.supervisor import RunningSystem, running

EXAMPLE = Path(__file__).parents[2] / "examples" / "riverside"
pytestmark = [pytest.mark.flow, pytest.mark.full, pytest.mark.timeout(200)]


@pytest.fixture
def system(database_settings: Settings) -> Iterator[RunningSystem]:
    with running(database_settings, processes=("worker", "api", "flower"), free_ports=True) as found:
        replay.load(replay.quiet_console())
        yield found


def page(system: RunningSystem, path: str) -> str:
    credential = b64encode(f"{system.flower_user}:{system.flower_password}".encode()).decode()
    request = urllib.request.Request(system.flower_url + path, headers={"Authorization": f"Basic {credential}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


def test_flower_tells_what_came_of_the_class_and_nothing_of_a_student(system: RunningSystem) -> None:
    """Every request that holds answers becomes a task, or joins one; the facts in the results add up to the class's."""
    with engine.transaction() as session:
        credential = sources.credential(session, "moodle", secret_key=settings().secret_key_bytes())
    replay_client.send(
        replay_client.read(EXAMPLE / "moodle_class.jsonl.gz"), api_url=system.api_url, credential=credential
    )
    replay.wait_until_applied()
    deadline = time.monotonic() + 30
    answers = 0
    states: set[str] = set()
    while (answers < 2144 or states != {"SUCCESS"}) and time.monotonic() < deadline:
        tasks = json.loads(page(system, "/api/tasks"))
        results = [json.loads(task["result"].replace("'", '"')) for task in tasks.values() if task["result"]]
        answers = sum(result.get("item_result", 0) for result in results)
        states = {task["state"] for task in tasks.values()}
        time.sleep(0.2)
    assert answers == 2144
    names = {task["name"] for task in tasks.values()}
    assert {"assessment_completed", "survey_submitted"} <= names
    assert {task["worker"].partition("@")[0] for task in tasks.values()} == {"worker"}
    assert states == {"SUCCESS"}
    assert sum(result.get("students", 0) for result in results) >= 28
    everything = "".join(page(system, path) for path in ("/", "/tasks", "/broker", "/api/tasks", "/api/workers"))
    everything += "".join(page(system, f"/task/{uuid}") for uuid in tasks)
    with (EXAMPLE / "users.csv").open(encoding="utf-8-sig") as file:
        people = list(csv.DictReader(file))
    assert len(people) == 29
    for person in people:
        for canary in (
            person["sourcedId"],
            person["familyName"] + "<",
            f"{person['givenName']} {person['familyName']}",
        ):
            assert canary not in everything
    assert "moodle.riverside.example" not in everything
