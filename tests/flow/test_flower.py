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
from models import database, sources
from workers import demonstration, sending
from workers.supervisor import Kitchen, running

EXAMPLE = Path(__file__).parents[2] / "examples" / "riverside"
pytestmark = [pytest.mark.flow, pytest.mark.timeout(200)]


@pytest.fixture
def kitchen(database_settings: Settings) -> Iterator[Kitchen]:
    with running(database_settings, processes=("worker", "door", "flower"), free_ports=True) as found:
        demonstration.load(demonstration.quiet())
        yield found


def page(kitchen: Kitchen, path: str) -> str:
    given = b64encode(f"{kitchen.flower_user}:{kitchen.flower_password}".encode()).decode()
    request = urllib.request.Request(kitchen.flower_url + path, headers={"Authorization": f"Basic {given}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


def test_flower_tells_what_came_of_the_class_and_nothing_of_a_student(kitchen: Kitchen) -> None:
    """Every request that holds answers becomes a task, or joins one; the facts in the results add up to the class's."""
    with database.transaction() as session:
        given = sources.credential(session, "moodle", secret_key=settings().secret_key_bytes())
    sending.send(sending.read(EXAMPLE / "moodle_class.jsonl.gz"), door=kitchen.door_url, credential=given)
    demonstration.wait_until_applied()
    deadline = time.monotonic() + 30
    answers, states = 0, set()
    while (answers < 2144 or states != {"SUCCESS"}) and time.monotonic() < deadline:
        tasks = json.loads(page(kitchen, "/api/tasks"))
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
    everything = "".join(page(kitchen, path) for path in ("/", "/tasks", "/broker", "/api/tasks", "/api/workers"))
    everything += "".join(page(kitchen, f"/task/{uuid}") for uuid in tasks)
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
