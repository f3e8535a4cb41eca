"""Every recorded request is answered as its sender needs and becomes exactly the facts that its content holds.

What is expected is counted here from the raw JSON, by code that shares nothing with our parsers.
"""

import base64
import gzip
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
from sqlalchemy import text

from config.settings import settings
from models import engine
from models.access import sources
from models.tables import Alias, Item
from models.tables.people import AliasKind
from tests.parameters import first_of
from tests.web.conftest import serving
from tests.web.test_traffic import ask, drained, town
from web.dependencies import ApiState
from web.notifier import WorkerNotifier

__all__ = ["town"]

Statement: TypeAlias = dict[str, Any]
Rows: TypeAlias = Counter[tuple[object, ...]]
"""(kind, student, attempt, question, outcome) of each fact; outcome "?" where any of several may stand."""
ROOT = Path(__file__).resolve().parents[2]
PLACES = (ROOT / "tests" / "samples", ROOT / "examples" / "riverside")
INFO = "http://lrs.learninglocker.net/define/extensions/info"
FEEDBACK = "https://moodle.riverside.example/mod/feedback/view.php?id=911"
pytestmark = pytest.mark.timeout(120)


def of_moodle(bodies: list[Any]) -> Rows:
    """Answers and grades of attempts that were handed in, and answers to the one feedback that may be read."""
    found: dict[tuple[object, ...], object] = {}
    for statement in (each for body in bodies for each in body):
        who = "{homePage}|{name}".format(**statement["actor"]["account"])
        verb, result = statement["verb"]["id"].rsplit("/", 1)[1], statement.get("result") or {}
        event = statement["context"]["extensions"][INFO]["event_name"]
        parent = statement["context"].get("contextActivities", {}).get("parent", [{}])[0].get("id", "")
        if verb == "answered" and event.endswith("quiz\\event\\attempt_submitted"):
            outcome = float(result["success"]) if "success" in result else None
            found["item_result", who, _number(parent), statement["object"]["id"]] = outcome
        elif verb == "completed" and event.endswith("quiz\\event\\attempt_submitted"):
            found["attempt_graded", who, _number(statement["object"]["id"]), None] = "?"
        elif verb == "answered" and parent == FEEDBACK and result.get("response"):
            found["survey_answer", who, None, statement["object"]["id"]] = None
    return Counter(
        (kind, who, attempt, None if kind == "survey_answer" else item, outcome)
        for (kind, who, attempt, item), outcome in found.items()
    )


def _number(address: str) -> str:
    return address.split("attempt=")[1].split("&", maxsplit=1)[0]


def of_tincan(bodies: list[Any]) -> Rows:
    """A completed quiz in two statements of one registration, and an answer in another."""
    found: Rows = Counter()
    for statement in (each for body in bodies for each in (body if isinstance(body, list) else [body])):
        who = "{homePage}|{name}".format(**statement["actor"]["account"])
        kind = {"completed": "attempt_graded", "answered": "item_result"}[statement["verb"]["id"].rsplit("/", 1)[1]]
        result, quiz = statement["result"], "https://lms.school.test/quiz/1"
        item = statement["object"]["id"] if kind == "item_result" else None
        found[kind, who, quiz, item, "?" if kind == "attempt_graded" else float(result["success"])] += 1
    return found


def of_caliper(bodies: list[Any]) -> Rows:
    """An item and its grade are one answer; the questionnaire may not be read."""
    found: dict[str, tuple[object, ...]] = {}
    for event in (each for body in bodies for each in body["data"]):
        if event["type"] == "GradeEvent":
            taken, score = event["object"], event["generated"]
            outcome = score["scoreGiven"] / score["maxScore"]
            found[taken["id"]] = (
                "item_result", taken["assignee"]["id"], taken["id"], taken["assignable"]["id"], outcome,
            )  # fmt: skip
    return Counter(found.values())


@dataclass(frozen=True, slots=True)
class Recording:
    """A file, what format its sender speaks, and how to count what it holds."""

    format: str
    rows: Callable[[list[Any]], Rows]
    facts: int
    """Counted once by hand, so that no counter can be empty without being noticed."""


RECORDINGS = {
    "moodle_class": Recording("moodle", of_moodle, 2_144 + 268 + 124),
    "moodle_small": Recording("moodle", of_moodle, 12 + 3),
    "moodle_small_resend": Recording("moodle", of_moodle, 12 + 3),
    "moodle_multi_attempt": Recording("moodle", of_moodle, 8 + 2),
    "tincan_python": Recording("xapi", of_tincan, 3),
    "caliper_ts": Recording("caliper", of_caliper, 1),
}


def requests_of(name: str) -> list[dict[str, Any]]:
    path = next(place / f"{name}.jsonl.gz" for place in PLACES if (place / f"{name}.jsonl.gz").exists())
    with gzip.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]


def test_every_recording_that_there_is_is_counted() -> None:
    there = {path.name.removesuffix(".jsonl.gz") for place in PLACES for path in place.glob("*.jsonl.gz")}
    assert there == set(RECORDINGS)


def item_ids(rows: Rows) -> dict[int, str]:
    """Let the school know all students and questions of a recording by the names in it; return names by item id."""
    ((school,),) = ask("SELECT id FROM souschef.school")
    people = [row[0] for row in ask("SELECT id FROM souschef.person WHERE role = 'student' ORDER BY ref")]
    there = {row[0] for row in ask("SELECT name FROM souschef.alias WHERE kind = 'person'")}
    who = sorted({str(each[1]) for each in rows} - there)
    names = {}
    with engine.transaction() as session:
        for name, person in zip(who, people, strict=False):
            session.add(Alias(school_id=school, kind=AliasKind.PERSON.value, name=name, target_id=person))
        for question in sorted({str(each[3]) for each in rows if each[3] is not None}):
            item = Item(school_id=school, ref=question)
            session.add(item)
            session.flush()
            assert item.id is not None
            names[item.id] = question
            session.add(Alias(school_id=school, kind=AliasKind.ITEM.value, name=question, target_id=item.id))
    return names


def stored(rows: Rows, items: dict[int, str], *, source: int) -> Rows:
    """Return the facts of a source in the words of its recording."""
    statement = text("""
        SELECT fact.kind, alias.name, attempt, item_id, outcome FROM souschef.fact
          JOIN souschef.alias ON alias.kind = 'person' AND alias.target_id = student_id AND alias.name = ANY(:people)
         WHERE source_id = :source
    """)
    people = sorted({str(each[1]) for each in rows})
    with engine.transaction() as session:
        found = session.connection().execute(statement, {"source": source, "people": people}).all()
    counts: Rows = Counter()
    for kind, who, attempt, item, outcome in found:
        taken = None if kind == "survey_answer" else attempt.rsplit("|", 1)[-1]
        counts[kind, who, taken, items.get(item), "?" if kind == "attempt_graded" else outcome] += 1
    return counts


@pytest.mark.parametrize("name", first_of(RECORDINGS, quick=2))
def test_a_recording_becomes_exactly_the_facts_that_it_holds(town: None, name: str) -> None:
    recording = RECORDINGS[name]
    requests = requests_of(name)
    rows = recording.rows([json.loads(request["body"]) for request in requests])
    assert rows.total() == recording.facts
    names = item_ids(rows)
    with engine.transaction() as session:
        key = settings().secret_key_bytes()
        credential = sources.add(session, "it", format=recording.format, secret_key=key, surveys=("FB-LIKE",))
    pair = base64.b64encode(f"{credential.key}:{credential.secret}".encode()).decode()
    with (
        serving(ApiState(notifier=WorkerNotifier(lambda _task, _ids, _requests: None))) as (url, _),
        httpx.Client(base_url=url) as client,
    ):
        for request in requests:
            headers = {
                n: v for n, v in request["headers"] if n.lower() not in ("host", "content-length", "authorization")
            }
            headers = {**headers, "Authorization": f"Basic {pair}"}
            sent = request["body"].encode()
            answer = client.request(request["method"], request["path"], content=sent, headers=headers, timeout=30)
            assert answer.status_code == 200, answer.text
            ids = answer.json()
            if recording.format == "caliper":
                assert ids == {}
            else:
                statements = json.loads(sent)
                assert len(set(ids)) == len(ids) == (len(statements) if isinstance(statements, list) else 1)
    drained()
    source = int(credential.key.removeprefix("souschef-"))
    assert stored(rows, names, source=source) == rows
    assert ask("SELECT count(*) FROM souschef.inbox WHERE state IN ('pending', 'parked', 'quarantined')") == [(0,)]
