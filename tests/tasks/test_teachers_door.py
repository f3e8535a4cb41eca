"""The doors of a teacher's tool, over a really loaded school: tried, refused, ordered, and applied by the real task."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from config.settings import settings
from models import database, sources
from tasks.events import order_given
from tasks.refresh import refresh_assignments
from tests.web.conftest import basic, serving
from web.door import Door
from web.doorbell import Doorbell

Ask = Callable[..., list[tuple[Any, ...]]]
GUS = "riverside-s413"
OPEN = "state IN ('proposed', 'assigned', 'started')"
BY = {"author": "tmorgan", "reason": "as agreed"}
TASKS: dict[str, Callable[[list[int]], object]] = {
    "order_given": order_given,
    "refresh_assignments": refresh_assignments,
}
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def tool(school: Any) -> Iterator[httpx.Client]:
    """A teacher's tool at the doors; what they ring for is done at once, in the doorbell's thread."""
    assert school
    with database.transaction() as session:
        key = settings().secret_key_bytes()
        credential = sources.add(session, "tool", format="canonical", secret_key=key)
    door = Door(doorbell=Doorbell(lambda task, ids, _: TASKS[task](ids)))
    with (
        serving(door) as (url, _),
        httpx.Client(base_url=url, headers={"Authorization": basic(credential)}, timeout=30) as client,
    ):
        yield client


def settled(tool: httpx.Client, path: str, **asked: str) -> Any:
    """Ask until the doorbell's thread is through."""
    answer = tool.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_order_is_tried_given_listed_and_revoked(tool: httpx.Client, school: Any, ask: Ask) -> None:
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0101"))
    lies = f"SELECT material_id FROM lms.assignments WHERE student_ref = '{GUS}' AND {OPEN}"
    material = ask(f"SELECT ref FROM souschef.material WHERE ref NOT IN ({lies}) ORDER BY ref LIMIT 1")[0][0]
    order = {"order": "pin", "student": GUS, "material": material, **BY}
    tried = tool.post("/orders", params={"dry_run": "true"}, json=order).json()
    assert any(f"[{material}]" in each for each in tried["students"][0]["would_be"])
    assert ask("SELECT count(*) FROM souschef.teacher_order") == [(0,)]
    key = tool.post("/orders", json=order).json()["key"]
    until(lambda: material in [row[0] for row in ask(lies)])
    (listed,) = settled(tool, "/orders", student=GUS)["orders"]
    assert (listed["key"], listed["author"], listed["unmet"]) == (key, "tmorgan", [])
    assert listed["expires_at"] > listed["given_at"]
    assert tool.post("/orders", json={"order": "revoke", "revokes": key, **BY}).status_code == 200
    until(lambda: settled(tool, "/orders")["orders"] == [])


def test_rules_and_scope_are_tried_and_set(tool: httpx.Client, ask: Ask) -> None:
    rule = {"settings": {"slots": 1}, "class": "MATH-5A", **BY}
    tried = tool.post("/policy", params={"dry_run": "true"}, json=rule).json()
    assert {len(each["would_be"]) for each in tried["students"]} == {1}
    assert ask("SELECT count(*) FROM souschef.policy") == [(0,)]
    assert tool.post("/policy", json=rule).json() == {"dry_run": False}
    until(lambda: ask(f"SELECT count(DISTINCT student_ref) FROM lms.assignments WHERE {OPEN}") == [(28,)])
    assert settled(tool, "/policy", **{"class": "MATH-5A"})["settings"]["slots"]["value"] == 1
    skill = settled(tool, "/scope", **{"class": "MATH-5A"})["scope"][0]["skill"]
    close = {"action": "close", "class": "MATH-5A", "skill": skill, **BY}
    assert tool.post("/scope", params={"dry_run": "true"}, json=close).json()["dry_run"]
    assert tool.post("/scope", json=close).status_code == 200
    assert settled(tool, "/scope", **{"class": "MATH-5A"})["scope"][0]["standing"] == "closed"


def test_what_makes_no_sense_is_refused_with_its_reason_and_no_credential_opens_nothing(
    tool: httpx.Client, ask: Ask
) -> None:
    for path, told, reason in [
        ("/orders", {"order": "pin", "student": "nobody", "material": "x", **BY}, "There is no student nobody."),
        ("/orders", {"order": "dance", "student": GUS, **BY}, "`order` is one of"),
        ("/orders", {"order": "hold", "student": GUS, "author": "t"}, "An order needs a reason."),
        ("/orders", {"order": "hold", "student": GUS, "reason": "r"}, "`author` is missing."),
        ("/policy", {"settings": {"tolerance": 1}, **BY}, "policy 'tolerance' cannot be 1"),
        ("/policy", {"settings": {"licences": 5}, **BY}, "licences is a list"),
        ("/scope", {"class": "none", "skill": "x", **BY}, "There is no class none."),
    ]:
        answer = tool.post(path, json=told)
        assert (answer.status_code, answer.json()["code"]) == (422, "refused"), answer.text
        assert reason in answer.json()["reason"]
    assert tool.get("/orders", headers={"Authorization": "Basic bm86bm8="}).status_code == 401
    assert ask("SELECT count(*) FROM souschef.inbox") == [(0,)]


def until(done: Callable[[], bool]) -> None:
    """Wait for the doorbell's thread."""
    for _ in range(100):
        if done():
            return
        time.sleep(0.05)
    raise AssertionError(done)
