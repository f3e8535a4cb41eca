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
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from config.settings import Settings
from models.sources import Credential
from tasks.outbox import drain_outbox
from tasks.refresh import refresh_assignments
from tests.flow.fuzzed import Senders, Told, ask, culprits, introduced, short, sound_and_done, worked_off
from tests.flow.fuzzing import Body, Mould, bodies, events_of, moulds, teachers
from tests.web.conftest import serving
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
pytestmark = [pytest.mark.flow, pytest.mark.timeout(max(300, COUNT))]


@pytest.fixture
def town(database_settings: Settings) -> list[tuple[Mould, Credential]]:
    """The example school, late in its term, with a source for each mould, whose students and items it knows."""
    assert database_settings
    demonstration.load(demonstration.quiet())
    return [(mould, introduced(mould)) for mould in moulds()]


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
    assert [(code, short(event)) for code, event in left] == []
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
    return list(islice(made, count))


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
        f"{told.sent:,} bodies, sound ones included, in {told.seconds:.0f} s, {datetime.now(UTC):%Y-%m-%d}, {machine}.",
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
