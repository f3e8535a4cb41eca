"""Nothing lost, nothing doubled, versions only rise: whatever the broker, the sender and the workers' deaths do.

Each seed is one history on a fresh database; a failing one names its seed, and `SIMULATOR_SEEDS=17` plays it again.
`SIMULATOR_SEEDS=0-499` plays five hundred by hand.
"""

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from learning.mastery import model
from models import engine
from models.events import claiming, facts, inbox, quarantine
from models.events.facts import BEGINNING
from models.students import model_versions
from tasks.pipeline.update_states import responses_of
from tests.parameters import first_of
from tests.tasks.conftest import Ask, School
from tests.tasks.fault_simulator import Broker, Faults, World, expected, faulty, history, kinds, requests

STUDENTS = [f"riverside-s{number}" for number in range(413, 419)]
ITEMS = ["3.NF.A.1 q01", "3.OA.A.1 q01", "3.OA.B.5 q01", "3.OA.C.7 q01", "4.NF.A.1 q01"]
EVENTS = 120
CRASHES = 0.15

pytestmark = pytest.mark.timeout(120)


def seeds() -> list[int]:
    """Those of SIMULATOR_SEEDS (`7`, `0-99`), else eight."""
    first, _, last = os.environ.get("SIMULATOR_SEEDS", "0-7").partition("-")
    return list(range(int(first), int(last or first) + 1))


@pytest.fixture
def make_world(school: School, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], tuple[World, list[Any]]]]:
    """Makes the world of a seed, and its history in the order in which it happened."""
    opened = []

    def make(seed: int) -> tuple[World, list[Any]]:
        dice = random.Random(seed)
        random.seed(seed)  # of which the backoffs take theirs
        events = history(dice, students=STUDENTS, items=ITEMS, events_wanted=EVENTS)
        broker, faults = Broker(dice), Faults(dice, CRASHES)
        monkeypatch.setattr("tasks.broker._clients", broker)
        with engine.transaction() as session:
            listening = faulty(session.get_bind().engine, faults)
        listening.__enter__()
        opened.append(listening)
        return World(school.sender, dice, broker, faults, requests(dice, events)), events

    yield make
    for listening in opened:
        listening.__exit__(None, None, None)


def stored(ask: Ask) -> dict[tuple[str, str], float]:
    """The same as it stands in the facts."""
    rows = ask("""SELECT person.ref, substring(fact.key from '[^|]+$'), outcome FROM souschef.fact
                    JOIN souschef.person ON person.id = student_id WHERE kind = 'item_result'""")
    return {(student, name): outcome for student, name, outcome in rows}


def versions(ask: Ask) -> dict[int, int]:
    """Each student's version."""
    return dict(ask("SELECT student_id, version FROM souschef.learner_state"))


def retry_the_crashed(world: World) -> None:
    """What died in five hands stands in quarantine, as it should; an operator lets it in again."""
    with engine.transaction() as session:
        ids = [event.id for event in quarantine.list_events(session, quarantine.EventFilter())]
        quarantine.retry(session, ids)
    world.settle()


@pytest.mark.parametrize("seed", first_of(seeds(), quick=2))
@pytest.mark.shows("P2", "P4", "P7", "P8")
def test_simulated_faults_lose_nothing_and_double_nothing(
    seed: int, make_world: Callable[[int], tuple[World, list[Any]]], ask: Ask
) -> None:
    world, events = make_world(seed)
    before: dict[int, int] = {}
    while world.unsent or world.broker.messages:
        world.step()
        after = versions(ask)
        assert all(after[student] >= version for student, version in before.items()), f"seed {seed}"
        before = after
    world.settle()
    retry_the_crashed(world)
    assert world.broker.counts, "no message was sent"
    story = f"seed {seed}: {dict(world.steps)} {dict(world.faults.crashes)} {dict(world.broker.counts)}"
    print(story)  # noqa: T201 - shown where it fails
    assert ask("SELECT state, count(*) FROM souschef.inbox GROUP BY state") == [("done", len(events))], story
    assert stored(ask) == expected(events), story
    assert kinds(events).total() == len(events)
    assert states(ask) == recomputed_states(ask), story
    numbers = [number for (number,) in ask("SELECT number FROM souschef.change ORDER BY number")]
    assert numbers == list(range(1, len(numbers) + 1)), story
    assert len(ask("SELECT DISTINCT student_ref FROM lms.assignments WHERE ended_at IS NULL")) == len(STUDENTS), story


def states(ask: Ask) -> dict[int, bytes]:
    """Each student's state as it is stored."""
    return dict(ask("SELECT student_id, state FROM souschef.learner_state"))


def recomputed_states(ask: Ask) -> dict[int, bytes]:
    """Each student's state folded from the facts in one go."""
    ((school_id,),) = ask("SELECT id FROM souschef.school")
    with engine.transaction() as session:
        now = model_versions.in_force(session, school_id)
        found = facts.load_evidence(session, dict.fromkeys(states(ask), BEGINNING))
    empty = model.LearnerState.new()
    return {
        student: model.fold(empty, responses_of(rows), snapshot=now.snapshot, parameters=now.parameters).to_bytes()
        for student, rows in found.items()
    }


def test_a_worker_that_finishes_before_it_works_loses_events_in_the_simulation(
    make_world: Callable[[int], tuple[World, list[Any]]], ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant that must fail: events are marked done as they are claimed, as acknowledging early would."""
    honest, finish = claiming.claim, inbox.finish

    def early(session: Any, *args: Any, **kwargs: Any) -> list[inbox.ClaimedEvent]:
        claimed = honest(session, *args, **kwargs)
        finish(session, claimed, inbox.BatchOutcome(done=[event.id for event in claimed]))
        return claimed

    monkeypatch.setattr(claiming, "claim", early)
    monkeypatch.setattr(inbox, "finish", lambda *_: None)
    world, events = make_world(1)
    while world.unsent or world.broker.messages:
        world.step()
    world.settle()
    assert stored(ask) != expected(events)


def test_without_the_sweep_a_lost_ring_leaves_events_waiting(
    make_world: Callable[[int], tuple[World, list[Any]]], ask: Ask
) -> None:
    """The other mutant: every message is lost, and nobody sweeps."""
    world, events = make_world(3)
    while world.unsent:
        world.send()
    world.broker.messages.clear()
    world.settle(sweeping=False)
    assert ask("SELECT state, count(*) FROM souschef.inbox GROUP BY state") == [("pending", len(events))]
