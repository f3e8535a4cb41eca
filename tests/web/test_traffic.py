"""The same traffic in another order, doubled and in other batches: the same facts, beliefs, gaps and interests.

TRAFFIC_SEEDS=20 tries so many orders of each sender's traffic instead of one.
"""

import base64
import gzip
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
from sqlalchemy import text

from config.settings import Settings, settings
from lms.facts import EventKind
from models import database, sources
from models.tables import Alias
from models.tables.people import AliasKind
from tasks import events, outbox
from tests.web.conftest import serving
from tests.web.senders import ITEMS, SENDERS, STUDENTS, Sender, body
from web.door import Door
from web.doorbell import Doorbell
from workers import demonstration

Dump: TypeAlias = dict[str, list[tuple[Any, ...]]]
TASKS: dict[EventKind, Callable[[list[int]], dict[str, int | str]]] = {
    EventKind.ASSESSMENT: events.assessment_completed,
    EventKind.SURVEY: events.survey_submitted,
    EventKind.CHOICE: events.choice_made,
}
RECORDING = Path(__file__).parents[2] / "examples" / "riverside" / "moodle_class.jsonl.gz"
LEFT_BY_A_RUN = (
    "inbox", "fact", "learner_state", "skill_gap", "interest", "assignment", "decision", "change", "catalogue_need",
    "door_count",
)  # fmt: skip
SEEDS = range(int(os.environ.get("TRAFFIC_SEEDS", "1")))
SHOWN = {
    "facts": """
        SELECT source_id, key, student_id, kind, occurred_at, sequence, class_id, item_id, skill_id, attempt, outcome,
               weight, value::text, revised_at FROM souschef.fact ORDER BY source_id, key""",
    "states": """
        SELECT student_id, state, facts, last_at, last_sequence, last_key FROM souschef.learner_state
         ORDER BY student_id""",
    "gaps": """
        SELECT student_id, skill_id, mastery, low, high, gap, retention, level, standing, responses, evidence_until
          FROM souschef.skill_gap ORDER BY student_id, skill_id""",
    "interests": """
        SELECT student_id, topic_id, value, confidence, vetoed, asked_at, updated_at FROM souschef.interest
         ORDER BY student_id, topic_id""",
}
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def town(database_settings: Settings) -> None:
    """The example school, late in its term."""
    assert database_settings
    demonstration.load(demonstration.quiet())
    with database.transaction() as session:
        ahead = (
            "INSERT INTO souschef.clock_offset VALUES (true, timestamptz '2026-12-01 12:00Z' - statement_timestamp())"
        )
        session.connection().execute(text(ahead))


def ask(statement: str) -> list[tuple[Any, ...]]:
    with database.transaction() as session:
        found = session.connection().execute(text(statement))
        return [tuple(row) for row in found] if found.returns_rows else []


def known_as(sender: Sender) -> None:
    """Let the school know a few of its students, items and skills by the sender's names."""
    ((school,),) = ask("SELECT id FROM souschef.school")
    people = ask("SELECT id FROM souschef.person WHERE role = 'student' ORDER BY ref LIMIT 9")
    items = ask("SELECT id FROM souschef.item ORDER BY ref")
    skills = ask("SELECT id FROM souschef.skill ORDER BY ref")
    names = [(AliasKind.PERSON, sender.person(n), people[n][0]) for n in STUDENTS]
    names += [(AliasKind.ITEM, sender.item(n), items[7 * n][0]) for n in ITEMS]
    if sender.skill is not None:
        names += [(AliasKind.SKILL, sender.skill(n), skills[3 * n][0]) for n in ITEMS]
    with database.transaction() as session:
        for kind, name, target in names:
            session.add(Alias(school_id=school, kind=kind.value, name=name, target_id=target))


def forget() -> None:
    ask(f"TRUNCATE {', '.join(f'souschef.{each}' for each in LEFT_BY_A_RUN)} CASCADE")


def drained() -> None:
    for task in TASKS.values():
        while task([]).get("batches"):
            pass


def dump() -> Dump:
    return {name: ask(statement) for name, statement in SHOWN.items()}


def arranged(told: list[Any], dice: random.Random) -> list[list[Any]]:
    """The events in another order, half of them twice, in batches of other sizes."""
    every = told + [event for event in told if dice.random() < 0.5]
    dice.shuffle(every)
    batches = []
    while every:
        size = dice.randint(1, max(2, len(told) // 3))
        batches.append(every[:size])
        every = every[size:]
    return batches


def same_whatever_the_order(told: list[Any], deliver: Callable[[list[Any]], None], *, seeds: range) -> Dump:
    """Deliver in order at once, then otherwise by seeds, working off in between; all must end alike."""
    deliver(told)
    drained()
    first = dump()
    for seed in seeds:
        forget()
        dice = random.Random(seed)
        for batch in arranged(told, dice):
            deliver(batch)
            if dice.random() < 0.4:
                drained()
        drained()
        now = dump()
        for name, rows in first.items():
            assert now[name] == rows, f"{name} differ with seed {seed}"
    return first


@pytest.mark.parametrize("name", SENDERS)
def test_another_order_copies_and_other_batches_change_nothing(town: None, name: str) -> None:
    sender = SENDERS[name]
    known_as(sender)
    with database.transaction() as session:
        key = settings().secret_key_bytes()
        given = sources.add(session, "it", format=sender.format, secret_key=key, surveys=sender.surveys)
    pair = base64.b64encode(f"{given.key}:{given.secret}".encode()).decode()
    headers = {"Authorization": f"Basic {pair}", "Content-Type": "application/json"}
    with (
        serving(Door(doorbell=Doorbell(lambda _task, _ids, _requests: None))) as (url, _),
        httpx.Client(base_url=url) as client,
    ):

        def deliver(told: list[Any]) -> None:
            for content in sender.wrap(told):
                answer = client.post(sender.path, content=body(content), headers=headers)
                assert answer.status_code == 200, answer.text

        told = sender.events()
        first = same_whatever_the_order(told, deliver, seeds=SEEDS)
    assert ask("SELECT state, code FROM souschef.inbox WHERE state <> 'done'") == []
    assert len({row[0] for row in first["states"]}) == len(STUDENTS)
    if name != "typeform":
        assert len([row for row in first["facts"] if row[3] in ("item_result", "skill_result")]) >= 32
    assert bool(first["interests"]) == bool(sender.surveys)


def test_the_same_events_by_sql_end_in_the_same_states(town: None) -> None:
    """The outbox, shuffled and doubled, and the door end alike."""
    sender = SENDERS["canonical"]
    known_as(sender)
    with database.transaction() as session:
        key = settings().secret_key_bytes()
        sources.add(session, "it", format="canonical", secret_key=key, surveys=sender.surveys)

    def deliver(told: list[Any]) -> None:
        with database.transaction() as session:
            for event in told:
                statement = text("INSERT INTO lms.event_outbox (source, event) VALUES ('it', :event)")
                session.connection().execute(statement, {"event": json.dumps(event)})
        outbox.drain_outbox()

    first = same_whatever_the_order(sender.events(), deliver, seeds=SEEDS)
    assert len(first["facts"]) >= 48


def test_a_moodle_that_failed_and_sent_again_otherwise_ends_in_the_same_states(town: None) -> None:
    """Four recorded requests: line 13 was answered 500 and line 14 is Moodle's own resend of it."""
    with gzip.open(RECORDING, "rt") as lines:
        bodies = [json.loads(json.loads(line)["body"]) for line in list(lines)[10:15]]
    with database.transaction() as session:
        given = sources.credential(session, "moodle", secret_key=settings().secret_key_bytes())
    pair = base64.b64encode(f"{given.key}:{given.secret}".encode()).decode()
    headers = {
        "Authorization": f"Basic {pair}",
        "X-Experience-API-Version": "1.0.3",
        "Content-Type": "application/json",
    }
    with (
        serving(Door(doorbell=Doorbell(lambda _task, _ids, _requests: None))) as (url, _),
        httpx.Client(base_url=url) as client,
    ):

        def deliver(told: list[Any]) -> None:
            answer = client.post("/xapi/statements", content=body(told), headers=headers, timeout=30)
            assert answer.status_code == 200, answer.text

        told = [statement for each in bodies for statement in each]
        whole = same_whatever_the_order(told, deliver, seeds=SEEDS)
        without = [statement for number, each in enumerate(bodies) if number != 2 for statement in each]
        forget()
        deliver(without)
        drained()
        assert dump() == whole
    assert len(bodies[2]) == len(bodies[3]) > 100
    assert len(whole["facts"]) > 100
