"""P19: whatever the API takes, a worker ends at once: done, dropped, parked, or in quarantine with a reason.

`make fuzz` sends 20,000 bodies and writes docs/results/fuzz.md; FUZZ=n and FUZZ_SEED=n choose others. A round is a few
dozen bodies that are applied together, with sound events among them, which must have their effect beside the others.
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
from models.access.sources import Credential
from tasks.refresh import refresh_assignments
from tasks.sweep import drain_outbox
from tests.flow.event_mutations import Body, EventTemplate, bodies, events_of, teachers, templates
from tests.flow.fuzz_school import Outcome, Senders, apply_all, ask, culprits, introduced, short, sound_and_done
from tests.web.conftest import serving
from web.dependencies import ApiState
from web.notifier import WorkerNotifier
from workers.cli.demo import replay
from workers.local.supervisor import running

COUNT = int(os.environ.get("FUZZ", "400"))
SEED = int(os.environ.get("FUZZ_SEED", "19"))
THROUGH_A_WORKER = max(100, COUNT // 10)
RECORD = bool(os.environ.get("RECORD"))
ROUND = 50
RESULTS = Path(__file__).parents[2] / "docs" / "results" / "fuzz.md"
Registered = list[tuple[EventTemplate, Credential]]
"""The senders of the school: what each sends, and its credential."""
pytestmark = [pytest.mark.flow, pytest.mark.full, pytest.mark.timeout(max(300, COUNT))]


@pytest.fixture
def registered(database_settings: Settings) -> Registered:
    """The example school, late in its semester, with a source for each sender, whose students and items it knows."""
    assert database_settings
    replay.load(replay.quiet_console())
    return [(template, introduced(template)) for template in templates()]


def progress(outcome: Outcome, *, of: int, what: str) -> None:
    """Say how far it is, where somebody waits for it."""
    if RECORD and outcome.sent % 500 < ROUND:
        last = outcome.wrong[-1][:500] if outcome.wrong else ""
        print(
            f"{what}: {outcome.sent:,} of {of:,} bodies, {len(outcome.wrong)} wrong {last}",
            file=sys.__stderr__,
            flush=True,
        )


@pytest.mark.shows("P19")
def test_p19_what_the_api_takes_is_applied_whatever_it_says(registered: Registered) -> None:
    """The tasks' own code in this process: what breaks it is found by itself, and shown."""
    dice, began = random.Random(SEED), time.monotonic()
    with serving(without_workers()) as (url, _), Senders(url, registered) as senders:
        made = bodies(dice, [template for template, _ in registered], count=COUNT)
        for number in range(0, COUNT, ROUND):
            ((after,),) = ask("SELECT coalesce(max(id), 0) FROM souschef.inbox")
            for body in _next(made, ROUND):
                senders.send(body)
            senders.send_sound(number)
            senders.outcome.wrong += culprits(apply_all(), after=after)
            progress(senders.outcome, of=COUNT, what="in one process")
    senders.outcome.seconds = time.monotonic() - began
    _judge(senders.outcome, rounds=len(range(0, COUNT, ROUND)))
    _record("in one process", senders.outcome)


@pytest.mark.shows("P19")
def test_p19_a_real_worker_applies_whatever_it_says(registered: Registered, database_settings: Settings) -> None:
    """The same through API, broker and prefork worker as they run: no task breaks, nothing stays."""
    dice, began = random.Random(SEED + 1), time.monotonic()
    with (
        running(database_settings, processes=("worker", "api", "beat"), free_ports=True) as system,
        Senders(system.api_url, registered) as senders,
    ):
        made = bodies(dice, [template for template, _ in registered], count=THROUGH_A_WORKER)
        for number in range(0, THROUGH_A_WORKER, ROUND):
            for body in _next(made, ROUND):
                senders.send(body)
            senders.send_sound(number)
            _wait(lambda: ask("SELECT count(*) FROM souschef.inbox WHERE state = 'pending'") == [(0,)])
            progress(senders.outcome, of=THROUGH_A_WORKER, what="through a worker")
        log = (system.data_dir / "logs" / "worker.log").read_text()
    senders.outcome.seconds = time.monotonic() - began
    assert "batch_applied" in log
    assert [line for line in log.splitlines() if "batch_failed" in line or "task_failed" in line] == []
    senders.outcome.wrong += culprits(None, after=0)
    _judge(senders.outcome, rounds=len(range(0, THROUGH_A_WORKER, ROUND)))
    _record("through API, broker and a prefork worker", senders.outcome)


@pytest.mark.shows("P19")
def test_p19_what_an_lms_writes_into_the_outbox_is_taken_or_refused(registered: Registered) -> None:
    """By SQL, without the API: what is refused says why, and nothing holds up what stands behind it."""
    dice, wanted = random.Random(SEED + 2), THROUGH_A_WORKER
    canonical = [template for template, _ in registered if template.format == "canonical"]
    ask(
        """INSERT INTO souschef.event_outbox (school_id, source, event)
           SELECT school.id, 'canonical', event FROM souschef.school, unnest(CAST(:events AS text[])) AS event""",
        events=events_of(dice, canonical, count=wanted),
    )
    new = drain_outbox()
    left = ask("SELECT code, event FROM souschef.event_outbox WHERE code IS NULL OR code = 'crashed'")
    assert [(code, short(event)) for code, event in left] == []
    assert list(culprits(apply_all(), after=0)) == []
    ((refused,),) = ask("SELECT count(*) FROM souschef.event_outbox")
    assert (min(new, refused) > wanted // 5, new + refused <= wanted) == (True, True)


def test_p19_whatever_a_teachers_tool_sends_the_class_gets_a_decision(registered: Registered) -> None:
    """Overrides, policies and scopes of all kinds, in force together; the class is decided again after each."""
    dice = random.Random(SEED + 3)
    class_ = [row[0] for row in ask("SELECT id FROM souschef.person WHERE role = 'student' ORDER BY id")]
    with serving(without_workers()) as (url, _), Senders(url, registered) as senders:
        made = bodies(dice, teachers(), count=THROUGH_A_WORKER)
        for _ in range(0, THROUGH_A_WORKER, ROUND):
            for body in _next(made, ROUND):
                senders.send(body)
            senders.outcome.wrong += culprits(apply_all(), after=0)
            refresh_assignments(class_)
    assert senders.outcome.wrong == []
    assert senders.outcome.answers[200, ""] > THROUGH_A_WORKER // 5


def without_workers() -> ApiState:
    return ApiState(notifier=WorkerNotifier(lambda *_: None))


def _next(made: Iterator[Body], count: int) -> list[Body]:
    return list(islice(made, count))


def _wait(done: Callable[[], bool], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(0.05)


def _judge(outcome: Outcome, *, rounds: int) -> None:
    assert outcome.wrong == [], f"seed {SEED}: {len(outcome.wrong)} wrong\n" + "\n".join(outcome.wrong[:20])
    # What is sound was taken beside all that, and had its effect; and much of the rest went deep enough to matter.
    assert sound_and_done() == 4 * rounds
    endings = Counter({state: 0 for state, _ in outcome.endings()})
    for (state, _), count in outcome.endings().items():
        endings[state] += count
    assert endings.keys() == {"done", "dropped", "parked", "quarantined"}
    assert min(endings["done"], endings["quarantined"]) > outcome.sent // 10


def test_an_event_that_does_not_end_is_found(registered: Registered) -> None:
    """The controls: an event that breaks its batch is found among others by itself, and one that is stuck is found."""
    ask("ALTER TABLE souschef.fact ADD CONSTRAINT control CHECK (attempt NOT LIKE 'breaks%') NOT VALID")
    own, credential = next(each for each in registered if each[0].name == "canonical")
    event = {**own.events[0], "attempt": "a"}
    events = [{**event, "id": "1"}, {**event, "id": "2", "attempt": "breaks"}, {**event, "id": "3"}]
    with (
        serving(without_workers()) as (url, _),
        Senders(url, [(own, credential)]) as senders,
    ):
        senders.send(Body(own, json.dumps(events).encode()))
    (culprit, left) = culprits(apply_all(), after=0)
    assert ('"breaks"' in culprit, left.startswith("quarantined crashed")) == (True, True)
    assert senders.outcome.endings() == {("done", ""): 2, ("quarantined", "crashed"): 1}


def _record(how: str, outcome: Outcome) -> None:
    """Write what came of it into docs/results, beside what the other way gave."""
    if not RECORD:
        return
    head = [
        "# What spoiled bodies become",
        "",
        f"`make fuzz FUZZ={COUNT}` with seed {SEED}: events of every sender and recording, spoiled where they may",
        "still be taken; tests/flow/event_mutations.py says how. Each event taken ended at the first attempt, as",
        "below; sound events among them had their effect. No 5xx, no task that broke, no batch that failed.",
        "",
    ]
    before = RESULTS.read_text() if RESULTS.exists() and how != "in one process" else "\n".join(head)
    RESULTS.write_text(before.rstrip("\n") + "\n\n" + "\n".join(_section(how, outcome)))


def _section(how: str, outcome: Outcome) -> list[str]:
    machine = (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    )
    return [
        f"## {how.capitalize()}",
        "",
        (
            f"{outcome.sent:,} bodies, sound ones included, in {outcome.seconds:.0f} s, "
            f"{datetime.now(UTC):%Y-%m-%d}, {machine}."
        ),
        "",
        "| Answer of the API | Bodies |",
        "| --- | ---: |",
        *(
            f"| {status} {code} | {count:,} |".replace("  ", " ")
            for (status, code), count in sorted(outcome.answers.items())
        ),
        "",
        "| Ending of an event | Why | Events |",
        "| --- | --- | ---: |",
        *(
            f"| {state} | {code} | {count:,} |".replace("  ", " ")
            for (state, code), count in sorted(outcome.endings().items())
        ),
        "",
    ]
