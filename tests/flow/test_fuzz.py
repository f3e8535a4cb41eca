"""P19: whatever a door takes, a worker ends at once: done, dropped, parked, or in quarantine with a reason.

`make fuzz` sends 20,000 bodies and writes docs/results/fuzz.md; FUZZ=n and FUZZ_SEED=n choose others. A round is a few
dozen bodies that are worked off together, with sound events among them, which must have their effect beside the others.
"""

import json
import os
import platform
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from sqlalchemy import text

from config.settings import Settings, settings
from lms import formats
from lms.facts import FactKind, Ignored, PayloadError, SourceRules
from models import database, sources
from models.sources import Credential
from models.tables import Alias
from models.tables.people import AliasKind
from tasks import events
from tasks.outbox import drain_outbox
from tasks.refresh import refresh_assignments
from tests.flow.fuzzing import Body, Mould, bodies, events_of, moulds, teachers
from tests.web.conftest import basic, serving
from tests.web.senders import SURVEY
from tests.web.test_mutations import known
from web.door import Door
from web.doorbell import Doorbell
from workers import demonstration
from workers.supervisor import running

COUNT = int(os.environ.get("FUZZ", "400"))
SEED = int(os.environ.get("FUZZ_SEED", "19"))
THROUGH_A_WORKER = max(100, COUNT // 10)
RECORD = bool(os.environ.get("RECORD"))
ROUND = 50
RESULTS = Path(__file__).parents[2] / "docs" / "results" / "fuzz.md"
TASKS = (events.order_given, events.choice_made, events.survey_submitted, events.assessment_completed)
ENDED = "state IN ('done', 'dropped', 'parked', 'quarantined') AND attempts <= 1 AND code IS DISTINCT FROM 'crashed'"
pytestmark = [pytest.mark.flow, pytest.mark.timeout(max(300, COUNT))]


def ask(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with database.transaction() as session:
        found = session.connection().execute(text(statement), parameters)
        return [tuple(row) for row in found] if found.returns_rows else []


@dataclass(slots=True)
class Told:
    """What was answered at the doors, and how what they took ended."""

    doors: Counter[tuple[int, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    sent: int = 0
    seconds: float = 0.0

    def endings(self) -> Counter[tuple[str, str]]:
        """Return how many events ended how: (state, code)."""
        rows = ask("SELECT state, coalesce(code, ''), count(*) FROM souschef.inbox GROUP BY 1, 2")
        return Counter({(state, code): count for state, code, count in rows})


@pytest.fixture
def town(database_settings: Settings) -> list[tuple[Mould, Credential]]:
    """The example school, late in its term, with a source for each mould, whose students and items it knows."""
    assert database_settings
    demonstration.load(demonstration.quiet())
    return [(mould, _introduced(mould)) for mould in moulds()]


def _introduced(mould: Mould) -> Credential:
    with database.transaction() as session:
        session.connection().execute(
            text("""INSERT INTO souschef.clock_offset (single, ahead)
                    VALUES (true, timestamptz '2026-12-01 12:00Z' - statement_timestamp()) ON CONFLICT DO NOTHING""")
        )
        key = settings().secret_key_bytes()
        given = sources.add(session, mould.name, format=mould.format, secret_key=key, surveys=mould.surveys)
    _make_known(mould)
    return given


def _make_known(mould: Mould) -> None:
    """Let the school know whom and what a mould's events name, each as one of its own."""
    told: dict[AliasKind, set[str]] = {AliasKind.PERSON: set(), AliasKind.ITEM: set(), AliasKind.SKILL: set()}
    for event in mould.events:
        told[AliasKind.PERSON] |= {str(event["student"])} if mould.format == "canonical" else set()
        told[AliasKind.SKILL] |= {str(event["skill"])} if "skill" in event else set()
        for fact in _facts_of(mould, event):
            told[AliasKind.PERSON].add(fact.student)
            told[AliasKind.SKILL if fact.kind is FactKind.SKILL_RESULT else AliasKind.ITEM] |= set(fact.subject)
    for kind, table in ((AliasKind.PERSON, "person"), (AliasKind.ITEM, "item"), (AliasKind.SKILL, "skill")):
        only = "WHERE role = 'student'" if kind is AliasKind.PERSON else ""
        rows = ask(f"SELECT id, school_id FROM souschef.{table} {only} ORDER BY ref")
        there = {row[0] for row in ask("SELECT name FROM souschef.alias WHERE kind = :kind", kind=kind.value)}
        with database.transaction() as session:
            for place, name in enumerate(sorted(told[kind] - there)):
                target, school = rows[place % len(rows)]
                session.add(Alias(school_id=school, kind=kind.value, name=name, target_id=target))


def _facts_of(mould: Mould, event: Any) -> tuple[Any, ...]:
    try:
        found = formats.parse(mould.format, event, rules=SourceRules(surveys=frozenset(mould.surveys)))
    except PayloadError:
        return ()
    return () if isinstance(found, Ignored) else found


class Senders:
    """All senders at once, behind one client."""

    def __init__(self, door: str, town: list[tuple[Mould, Credential]]) -> None:
        self.told = Told()
        self._client = httpx.Client(base_url=door, timeout=60)
        self._given = {mould.name: given for mould, given in town}
        self._own = next(mould for mould, _ in town if mould.name == "canonical")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def send(self, body: Body) -> None:
        """Send a body; an answer that is not documented is wrong."""
        headers = {"Content-Type": "application/json", "Authorization": basic(self._given[body.mould.name])}
        answer = self._client.post(body.mould.path, content=body.content, headers=headers)
        status = answer.status_code
        code = "" if status < 300 else str(answer.json()["code"])
        self.told.sent += 1
        self.told.doors[status, code] += 1
        if status not in (200, 204) and (status, code) not in known():
            self.told.wrong.append(f"{status} {code}: {_short(body.content)}")

    def send_sound(self, number: int) -> None:
        """Send an event of each kind that nothing is wrong with."""
        told = {"student": "own-1", "at": "2026-11-20T09:00:00Z"}
        sound = [
            {**told, "type": "item_result", "id": f"sound {number}", "subject": "own-item-1", "outcome": 1.0},
            {**told, "type": "survey_answer", "id": f"sound {number}", "survey": SURVEY, "subject": "q01",
             "kind": "rating", "answer": 3},
            {**told, "type": "interest_feedback", "id": f"sound {number}", "topic": "space", "direction": "more"},
            {**told, "type": "order", "id": f"sound {number}", "order": "hold", "author": "tmorgan",
             "expires_at": "2026-12-02T00:00:00Z"},
        ]  # fmt: skip
        self.send(Body(self._own, json.dumps(sound).encode()))


def _short(told: bytes | str) -> str:
    words = told.decode(errors="replace") if isinstance(told, bytes) else told
    return words if len(words) < 3_000 else f"{words[:2_900]}... ({len(words)} characters)"


def sound_and_done() -> int:
    found = ask("SELECT count(*) FROM souschef.inbox WHERE payload LIKE '%\"sound %' AND state = 'done'")
    return int(found[0][0])


def worked_off() -> str | None:
    """Call each kind's task until nothing is due; return what broke, where a task broke."""
    for task in TASKS:
        try:
            while task([]).get("batches"):
                pass
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            return f"{task.__name__}: {type(error).__name__}: {_short(str(error))}"
    return None


def culprits(told: str | None, *, after: int) -> Iterator[str]:
    """Name what did not end as it should, each event by itself, and put it aside."""
    open_ = [row[0] for row in ask("SELECT id FROM souschef.inbox WHERE state = 'pending' ORDER BY id")]
    hold = "UPDATE souschef.inbox SET next_attempt_at = 'infinity' WHERE state = 'pending'"
    for one in open_:
        ask(hold)
        ask("UPDATE souschef.inbox SET attempts = 0, next_attempt_at = '-infinity' WHERE id = :one", one=one)
        told = worked_off() or told
        ((state, payload),) = ask("SELECT state, payload FROM souschef.inbox WHERE id = :one", one=one)
        if state == "pending":
            ask("UPDATE souschef.inbox SET state = 'quarantined', code = 'crashed' WHERE id = :one", one=one)
            yield f"{told or 'breaks its batch'}: {_short(payload)}"
    for payload, state, code, attempts in ask(
        f"SELECT payload, state, code, attempts FROM souschef.inbox WHERE id > :after AND NOT ({ENDED})", after=after
    ):
        yield f"{state} {code} after {attempts} attempts: {_short(payload)}"


def progress(told: Told, *, of: int, what: str) -> None:
    """Say how far it is, where somebody waits for it."""
    if RECORD and told.sent % 500 < ROUND:
        last = told.wrong[-1][:500] if told.wrong else ""
        print(
            f"{what}: {told.sent:,} of {of:,} bodies, {len(told.wrong)} wrong {last}", file=sys.__stderr__, flush=True
        )


def test_p19_what_a_door_takes_is_worked_off_whatever_it_says(town: list[tuple[Mould, Credential]]) -> None:
    """The tasks' own code in this process: what breaks it is found by itself, and shown."""
    dice, began = random.Random(SEED), time.monotonic()
    door = Door(doorbell=Doorbell(lambda *_: None))
    with serving(door) as (url, _), Senders(url, town) as senders:
        made = bodies(dice, [mould for mould, _ in town], count=COUNT)
        for number in range(0, COUNT, ROUND):
            ((after,),) = ask("SELECT coalesce(max(id), 0) FROM souschef.inbox")
            for body in _next(made, ROUND):
                senders.send(body)
            senders.send_sound(number)
            senders.told.wrong += culprits(worked_off(), after=after)
            progress(senders.told, of=COUNT, what="in one process")
    senders.told.seconds = time.monotonic() - began
    _judge(senders.told, rounds=len(range(0, COUNT, ROUND)))
    _record("in one process", senders.told)


def test_p19_a_real_worker_works_off_whatever_it_says(
    town: list[tuple[Mould, Credential]], database_settings: Settings
) -> None:
    """The same through door, broker and prefork worker as they run: no task breaks, nothing stays."""
    dice, began = random.Random(SEED + 1), time.monotonic()
    with (
        running(database_settings, processes=("worker", "door", "beat"), free_ports=True) as kitchen,
        Senders(kitchen.door_url, town) as senders,
    ):
        made = bodies(dice, [mould for mould, _ in town], count=THROUGH_A_WORKER)
        for number in range(0, THROUGH_A_WORKER, ROUND):
            for body in _next(made, ROUND):
                senders.send(body)
            senders.send_sound(number)
            _wait(lambda: ask("SELECT count(*) FROM souschef.inbox WHERE state = 'pending'") == [(0,)])
            progress(senders.told, of=THROUGH_A_WORKER, what="through a worker")
        log = (kitchen.data_dir / "logs" / "worker.log").read_text()
    senders.told.seconds = time.monotonic() - began
    assert "batch_applied" in log
    assert [line for line in log.splitlines() if "batch_failed" in line or "task_broke" in line] == []
    senders.told.wrong += culprits(None, after=0)
    _judge(senders.told, rounds=len(range(0, THROUGH_A_WORKER, ROUND)))
    _record("through door, broker and a prefork worker", senders.told)


def test_p19_what_an_lms_writes_into_the_outbox_is_taken_or_refused(town: list[tuple[Mould, Credential]]) -> None:
    """By SQL, past every door: what is refused says why, and nothing holds up what stands behind it."""
    dice, wanted = random.Random(SEED + 2), THROUGH_A_WORKER
    told = events_of(dice, [mould for mould, _ in town if mould.format == "canonical"], count=wanted)
    ask(
        """INSERT INTO souschef.event_outbox (school_id, source, event)
           SELECT school.id, 'canonical', told FROM souschef.school, unnest(CAST(:told AS text[])) AS told""",
        told=told,
    )
    new = drain_outbox()
    left = ask("SELECT code, event FROM souschef.event_outbox WHERE code IS NULL OR code = 'crashed'")
    assert [(code, _short(event)) for code, event in left] == []
    assert list(culprits(worked_off(), after=0)) == []
    ((refused,),) = ask("SELECT count(*) FROM souschef.event_outbox")
    assert (min(new, refused) > wanted // 5, new + refused <= wanted) == (True, True)


def test_p19_whatever_a_teachers_tool_sends_the_class_is_decided_for(town: list[tuple[Mould, Credential]]) -> None:
    """Orders, rules and scopes of all kinds, in force one upon the other; after each round the whole class anew."""
    dice = random.Random(SEED + 3)
    class_ = [row[0] for row in ask("SELECT id FROM souschef.person WHERE role = 'student' ORDER BY id")]
    with serving(Door(doorbell=Doorbell(lambda *_: None))) as (url, _), Senders(url, town) as senders:
        made = bodies(dice, teachers(), count=THROUGH_A_WORKER)
        for _ in range(0, THROUGH_A_WORKER, ROUND):
            for body in _next(made, ROUND):
                senders.send(body)
            senders.told.wrong += culprits(worked_off(), after=0)
            refresh_assignments(class_)
    assert senders.told.wrong == []
    assert senders.told.doors[200, ""] > THROUGH_A_WORKER // 5


def _next(made: Iterator[Body], count: int) -> list[Body]:
    return [body for body, _ in zip(made, range(count), strict=False)]


def _wait(done: Callable[[], bool], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(0.05)


def _judge(told: Told, *, rounds: int) -> None:
    assert told.wrong == [], f"seed {SEED}: {len(told.wrong)} wrong\n" + "\n".join(told.wrong[:20])
    # What is sound was taken beside all that, and had its effect; and much of the rest went deep enough to matter.
    assert sound_and_done() == 4 * rounds
    endings = Counter({state: 0 for state, _ in told.endings()})
    for (state, _), count in told.endings().items():
        endings[state] += count
    assert endings.keys() == {"done", "dropped", "parked", "quarantined"}
    assert min(endings["done"], endings["quarantined"]) > told.sent // 10


def test_what_does_not_end_is_named(town: list[tuple[Mould, Credential]]) -> None:
    """The controls: an event that breaks its batch is found among others by itself, and one that is stuck is found."""
    ask("ALTER TABLE souschef.fact ADD CONSTRAINT control CHECK (attempt NOT LIKE 'breaks%') NOT VALID")
    own, given = next((mould, given) for mould, given in town if mould.name == "canonical")
    event = {**own.events[0], "attempt": "a"}
    told = [{**event, "id": "1"}, {**event, "id": "2", "attempt": "breaks"}, {**event, "id": "3"}]
    with serving(Door(doorbell=Doorbell(lambda *_: None))) as (url, _), Senders(url, [(own, given)]) as senders:
        senders.send(Body(own, json.dumps(told).encode()))
    (named, left) = culprits(worked_off(), after=0)
    assert ('"breaks"' in named, left.startswith("quarantined crashed")) == (True, True)
    assert senders.told.endings() == {("done", ""): 2, ("quarantined", "crashed"): 1}


def _record(how: str, told: Told) -> None:
    """Write what came of it into docs/results, beside what the other way gave."""
    if not RECORD:
        return
    head = [
        "# What spoiled bodies become",
        "",
        f"`make fuzz FUZZ={COUNT}` with seed {SEED}: events of every sender and recording, spoiled where they may",
        "still be taken; tests/flow/fuzzing.py says how. Each event that a door took ended at the first attempt, as",
        "below; sound events among them had their effect. No 5xx, no task that broke, no batch that failed.",
        "",
    ]
    before = RESULTS.read_text() if RESULTS.exists() and how != "in one process" else "\n".join(head)
    RESULTS.write_text(before.rstrip("\n") + "\n\n" + "\n".join(_section(how, told)))


def _section(how: str, told: Told) -> list[str]:
    machine = (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    )
    return [
        f"## {how.capitalize()}",
        "",
        f"{told.sent:,} bodies in {told.seconds:.0f} s, {datetime.now(UTC):%Y-%m-%d}, {machine}.",
        "",
        "| Answer at the door | Bodies |",
        "| --- | ---: |",
        *(
            f"| {status} {code} | {count:,} |".replace("  ", " ")
            for (status, code), count in sorted(told.doors.items())
        ),
        "",
        "| Ending of an event | Why | Events |",
        "| --- | --- | ---: |",
        *(
            f"| {state} | {code} | {count:,} |".replace("  ", " ")
            for (state, code), count in sorted(told.endings().items())
        ),
        "",
    ]
