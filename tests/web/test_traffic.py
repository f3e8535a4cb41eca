"""The same traffic in another order, doubled and in other batches: the same facts, beliefs, gaps and interests.

Assignments are the same where all is worked off at once; else what was chosen early stays while it fits, by design.
TRAFFIC_SEEDS=20 tries so many orders of each sender's traffic instead of one.
"""

import base64
import gzip
import itertools
import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
from sqlalchemy import text

from config.settings import Settings, settings
from lms.facts import EventKind
from models import engine
from models.access import sources
from models.tables import Alias
from models.tables.people import AliasKind
from tasks import events
from tasks.sweep import drain_outbox
from tests.parameters import first_of
from tests.web.conftest import serving
from tests.web.routes.test_surveys import standard
from tests.web.senders import ITEMS, SENDERS, STUDENTS, Sender, body
from tests.web.test_jws import KEY_SET, Signer
from web.dependencies import ApiState
from web.jws import KeySets
from web.notifier import WorkerNotifier
from web.routes import canvas
from workers.cli.demo import replay

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
ASSIGNED = """
    SELECT student_id, slot, menu_position, material_id, skill_id, state, because_gap, because_interest,
           predicted_success, reason
      FROM souschef.assignment ORDER BY student_id, slot, menu_position, material_id, state"""
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def town(database_settings: Settings) -> None:
    """The example school, late in its term."""
    assert database_settings
    replay.load(replay.quiet_console())
    with engine.transaction() as session:
        ahead = (
            "INSERT INTO souschef.clock_offset VALUES (true, timestamptz '2026-12-01 12:00Z' - statement_timestamp())"
        )
        session.connection().execute(text(ahead))


def ask(statement: str) -> list[tuple[Any, ...]]:
    with engine.transaction() as session:
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
    with engine.transaction() as session:
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


def arranged(events: list[Any], dice: random.Random) -> list[list[Any]]:
    """The events in another order, half of them twice, in batches of other sizes."""
    every = events + [event for event in events if dice.random() < 0.5]
    dice.shuffle(every)
    batches = []
    while every:
        size = dice.randint(1, max(2, len(events) // 3))
        batches.append(every[:size])
        every = every[size:]
    return batches


def same_whatever_the_order(events: list[Any], deliver: Callable[[list[Any]], None], *, seeds: range) -> Dump:
    """Deliver in order at once, then otherwise by seeds, at once and working off in between; all must end alike."""
    forget()  # the load marks everybody for a first decision
    deliver(events)
    drained()
    first, assigned = dump(), ask(ASSIGNED)
    for seed, at_once in itertools.product(seeds, (True, False)):
        forget()
        dice = random.Random(seed)
        for batch in arranged(events, dice):
            deliver(batch)
            if not at_once and dice.random() < 0.4:
                drained()
        drained()
        now = dump()
        for name, rows in first.items():
            assert now[name] == rows, f"{name} differ with seed {seed}"
        if at_once:
            assert ask(ASSIGNED) == assigned, f"assignments differ with seed {seed}"
    return first


Sending: TypeAlias = Callable[[object], tuple[bytes, dict[str, str]]]
"""What is sent of a content: the body and its headers."""


def delivery(client: httpx.Client, sender: Sender, sending: Sending) -> Callable[[list[Any]], None]:
    """Return how events are delivered to the sender's route."""

    def deliver(events: list[Any]) -> None:
        for content in sender.wrap(events):
            whole, headers = sending(content)
            answer = client.post(sender.path, content=whole, headers=headers, timeout=30)
            assert answer.status_code == 200, answer.text

    return deliver


def plainly(credential: sources.Credential) -> Sending:
    pair = base64.b64encode(f"{credential.key}:{credential.secret}".encode()).decode()
    headers = {
        "Authorization": f"Basic {pair}",
        "Content-Type": "application/json",
        "X-Experience-API-Version": "1.0.3",
    }
    return lambda content: (body(content), headers)


def added(sender: Sender) -> sources.Credential:
    known_as(sender)
    with engine.transaction() as session:
        key = settings().secret_key_bytes()
        return sources.add(session, "it", format=sender.format, secret_key=key, surveys=sender.surveys)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """A client of an API that notifies nobody: the test applies the events itself."""
    silent = ApiState(notifier=WorkerNotifier(lambda _task, _ids, _requests: None))
    with serving(silent) as (url, _), httpx.Client(base_url=url) as found:
        yield found


@pytest.mark.parametrize("name", first_of(SENDERS, quick=1))
def test_another_order_copies_and_other_batches_change_nothing(town: None, client: httpx.Client, name: str) -> None:
    sender = SENDERS[name]
    deliver = delivery(client, sender, plainly(added(sender)))
    first = same_whatever_the_order(sender.events(), deliver, seeds=SEEDS)
    assert ask("SELECT state, code FROM souschef.inbox WHERE state <> 'done'") == []
    assert len({row[0] for row in first["states"]}) == len(STUDENTS)
    if name != "typeform":
        assert len([row for row in first["facts"] if row[3] in ("item_result", "skill_result")]) >= 32
    assert bool(first["interests"]) == bool(sender.surveys)


@pytest.mark.full
def test_events_that_canvas_signed_end_in_the_same_states(
    town: None, client: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each event is signed for itself, and the credential is the account that signs."""
    sender = replace(SENDERS["canvas"], wrap=list)
    signer = Signer(tmp_path)
    credential = added(sender)
    rules = {"jwks_url": KEY_SET, "root_accounts": ["riverside-1"]}
    setting = text("UPDATE souschef.source SET settings = :rules WHERE id = :id")
    with engine.transaction() as session:
        session.connection().execute(
            setting, {"rules": json.dumps(rules), "id": int(credential.key.removeprefix("souschef-"))}
        )
    monkeypatch.setattr(canvas, "KEY_SETS", KeySets(lambda _: {"keys": [signer.jwk]}))
    headers = {"Content-Type": "application/jwt"}
    events = sender.events()
    for event in events:
        event["metadata"]["root_account_uuid"] = "riverside-1"
    deliver = delivery(client, sender, lambda event: (signer.jws(event), headers))
    first = same_whatever_the_order(events, deliver, seeds=SEEDS)
    assert len([row for row in first["facts"] if row[3] == "skill_result"]) >= 32


def test_forms_by_standard_webhooks_end_in_the_same_states(town: None, client: httpx.Client) -> None:
    sender = SENDERS["typeform"]
    key = added(sender).secret.encode()
    ((ahead,),) = ask("SELECT extract(epoch FROM souschef.clock() - statement_timestamp())::float8")
    deliver = delivery(client, sender, lambda form: (body(form), standard(body(form), key, age=-ahead)))
    first = same_whatever_the_order(sender.events(), deliver, seeds=SEEDS)
    assert len(first["facts"]) == 16
    assert first["interests"]


def test_the_same_events_by_sql_end_in_the_same_states(town: None) -> None:
    """The outbox, shuffled and doubled, and the API give the same result."""
    sender = SENDERS["canonical"]
    assert added(sender)

    def deliver(events: list[Any]) -> None:
        with engine.transaction() as session:
            for event in events:
                statement = text("INSERT INTO lms.event_outbox (source, event) VALUES ('it', :event)")
                session.connection().execute(statement, {"event": json.dumps(event)})
        drain_outbox()

    first = same_whatever_the_order(sender.events(), deliver, seeds=SEEDS)
    assert len(first["facts"]) >= 48


@pytest.mark.full
def test_a_moodle_that_failed_and_sent_again_otherwise_ends_in_the_same_states(
    town: None, client: httpx.Client
) -> None:
    """Four recorded requests: line 13 was answered 500 and line 14 is Moodle's own resend of it."""
    with gzip.open(RECORDING, "rt") as lines:
        bodies = [json.loads(json.loads(line)["body"]) for line in list(lines)[10:15]]
    with engine.transaction() as session:
        credential = sources.credential(session, "moodle", secret_key=settings().secret_key_bytes())
    deliver = delivery(client, SENDERS["xapi"], plainly(credential))
    events = [statement for each in bodies for statement in each]
    whole = same_whatever_the_order(events, deliver, seeds=SEEDS)
    without = [statement for number, each in enumerate(bodies) if number != 2 for statement in each]
    forget()
    deliver(without)
    drained()
    assert dump() == whole
    assert len(bodies[2]) == len(bodies[3]) > 100
    assert len(whole["facts"]) > 100
