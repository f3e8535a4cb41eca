"""The routes for a teacher's tool over a loaded school: previewed, refused, set, and applied by the real task."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from config.settings import settings
from models import engine
from models.access import sources
from tasks.events import order_given
from tasks.refresh import refresh_assignments
from tests.tasks.conftest import Ask, School
from tests.web.conftest import basic, serving
from web.dependencies import ApiState
from web.notifier import WorkerNotifier
from workers.cli.main import main

GUS = "riverside-s413"
OPEN = "state IN ('proposed', 'assigned', 'started')"
BY = {"author": "tmorgan", "reason": "as agreed"}
TASKS: dict[str, Callable[[list[int]], object]] = {
    "order_given": order_given,
    "refresh_assignments": refresh_assignments,
}
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def tool(school: School) -> Iterator[httpx.Client]:
    """A teacher's tool; the API's tasks run at once, in the notifier's thread."""
    assert school
    with engine.transaction() as session:
        key = settings().secret_key_bytes()
        credential = sources.add(session, "tool", format="canonical", secret_key=key)
    state = ApiState(notifier=WorkerNotifier(lambda task, ids, _: TASKS[task](ids)))
    with (
        serving(state) as (url, _),
        httpx.Client(base_url=url, headers={"Authorization": basic(credential)}, timeout=30) as client,
    ):
        yield client


def settled(tool: httpx.Client, path: str, **asked: str) -> Any:
    """Return the answer to a GET request."""
    answer = tool.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_order_is_tried_given_listed_and_revoked(tool: httpx.Client, school: School, ask: Ask) -> None:
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0101"))
    lies = f"SELECT material_id FROM lms.assignments WHERE student_ref = '{GUS}' AND {OPEN}"
    material = ask(f"SELECT ref FROM souschef.material WHERE ref NOT IN ({lies}) ORDER BY ref LIMIT 1")[0][0]
    order = {"order": "pin", "student": GUS, "material": material, **BY}
    tried = tool.post("/orders", params={"dry_run": "true"}, json=order).json()
    assert any(f"[{material}]" in each for each in tried["students"][0]["would_be"])
    assert ask("SELECT count(*) FROM souschef.teacher_order") == [(0,)]
    key = tool.post("/orders", json=order).json()["key"]
    until(lambda: material in [row[0] for row in ask(lies)])
    (entry,) = settled(tool, "/orders", student=GUS)["orders"]
    assert (entry["key"], entry["author"], entry["unmet"]) == (key, "tmorgan", [])
    assert entry["expires_at"] > entry["given_at"]
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
    for path, body, reason in [
        ("/orders", {"order": "pin", "student": "nobody", "material": "x", **BY}, "There is no student nobody."),
        ("/orders", {"order": "dance", "student": GUS, **BY}, "`order` is one of"),
        ("/orders", {"order": "hold", "student": GUS, "author": "t"}, "An order needs a reason."),
        ("/orders", {"order": "hold", "student": GUS, "reason": "r"}, "`author` is missing."),
        ("/policy", {"settings": {"tolerance": 1}, **BY}, "tolerance cannot be 1"),
        ("/policy", {"settings": {"licences": 5}, **BY}, "licences is a list"),
        ("/scope", {"class": "none", "skill": "x", **BY}, "There is no class none."),
        ("/scope", {"class": "none", "skill": "x", "author": "t", "reason": " "}, "Author and reason are required."),
    ]:
        answer = tool.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "refused"), answer.text
        assert reason in answer.json()["reason"]
    assert tool.get("/orders", headers={"Authorization": "Basic bm86bm8="}).status_code == 401
    assert ask("SELECT count(*) FROM souschef.inbox") == [(0,)]


def test_an_order_is_refused_like_its_dry_run_and_like_the_command(tool: httpx.Client, ask: Ask, capsys: Any) -> None:
    """Ruled out for the class, the material cannot be pinned or made a duty for one of them: nothing is stored."""
    material = ask("SELECT ref FROM souschef.material ORDER BY ref LIMIT 1")[0][0]
    assert (
        tool.post("/orders", json={"order": "forbid", "class": "MATH-5A", "material": material, **BY}).status_code
        == 200
    )
    until(lambda: len(settled(tool, "/orders")["orders"]) == 1)
    before = ask("SELECT count(*) FROM souschef.inbox")
    for order in ("pin", "must_do"):
        body = {"order": order, "student": GUS, "material": material, **BY}
        answers = [tool.post("/orders", params={"dry_run": dry_run}, json=body) for dry_run in ("true", "false")]
        assert [answer.status_code for answer in answers] == [422, 422]
        (refusal,) = {answer.json()["reason"] for answer in answers}
        assert refusal.startswith("This cannot be ordered: a teacher has ruled it out")
        words = ("--student", GUS, "--material", material, "--by", "tmorgan", "--reason", "as agreed")
        with pytest.raises(SystemExit) as ended:
            main(["order", order.replace("_", "-"), *words])
        assert ended.value.code == 2
        assert refusal in capsys.readouterr().err
    assert ask("SELECT count(*) FROM souschef.inbox") == before
    assert ask("SELECT count(*) FROM souschef.teacher_order") == [(1,)]


def until(done: Callable[[], bool]) -> None:
    """Wait for the notifier's thread."""
    for _ in range(100):
        if done():
            return
        time.sleep(0.05)
    raise AssertionError(done)
