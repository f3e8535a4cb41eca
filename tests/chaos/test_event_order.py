"""Copies, orders, batches and rebuilding: what comes twice, late or mixed leaves what came once and in order leaves.

The law of the pure update (tests/learning) has its 2,000 examples here in the long form; all else uses the API.
"""

import random
import time
from collections.abc import Callable

import hypothesis
import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from learning.mastery.model import Response
from tests.chaos.accounting import Counts, Events, ask, compare, rebuilt_differently, states
from tests.chaos.conftest import Record
from tests.chaos.sizes import sized
from tests.chaos.system import ITEMS, ChaosSystem, running_system
from tests.learning.mastery.test_model import keyed, refold, running_average
from tests.tasks.fault_simulator import history

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
MODEL = "one"
EXAMPLES = sized(2000, 300)
Fold = Callable[[list[tuple[int, str, Response]]], bytes]


@pytest.mark.shows("P7")
def test_p7_ten_copies_of_each_event_16_at_once_have_one_effect(record: Record) -> None:
    """Mutant: without `ON CONFLICT` in `inbox.record` each copy is a row of its own, or the request an error."""
    seed = 7
    with running_system() as system:
        began = time.monotonic()
        events = system.events(sized(450, 120), seed=seed)
        assert len(events) >= sized(500, 120)
        copies = random.Random(seed).sample(events * 10, 10 * len(events))
        lms = system.send(copies, clients=16)
        system.quiet(seconds=90)
        done = f"each event sent 10 times ({lms.accepted:,}), shuffled, by 16 clients"
        record("P7", done, compare(events), seconds=time.monotonic() - began, seed=seed)
        before = ask("SELECT student_id, version FROM souschef.learner_state ORDER BY 1")
        system.send(copies[: len(events)], clients=16)
        system.quiet(seconds=30)
        assert ask("SELECT student_id, version FROM souschef.learner_state ORDER BY 1") == before


def lived_by(student: str, lived: Events) -> Events:
    """Return the same history as this student's, under ids of their own that sort as the others' do."""
    found = []
    for each in lived:
        own = each | {"student": student, "id": f"{each['id']}-{student}"}
        found.append(own | ({"replaces": f"{each['replaces']}-{student}"} if "replaces" in each else {}))
    return found


def in_waves(system: ChaosSystem, waves: list[Events], *, seed: int) -> None:
    """Send one wave after the other, each when the one before has been applied."""
    for number, wave in enumerate(waves):
        system.send(wave, seed=seed + number, largest=60)
        system.quiet(seconds=90)


def tried(fold: Fold, *, seed: int) -> int:
    """Try the law of order on an update function; return on how many examples it was tried.

    Raises:
        AssertionError: two orders of the same facts, with copies, gave different bytes.
    """
    count = 0

    @hypothesis.seed(seed)
    @hypothesis.settings(max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate])
    @given(keyed, st.randoms(use_true_random=False))
    def law(arrived: list[tuple[int, str, Response]], dice: random.Random) -> None:
        nonlocal count
        count += 1
        distinct = list({fact[1]: fact for fact in arrived}.values())
        again = distinct + distinct[:3]
        dice.shuffle(again)
        assert fold(again) == fold(distinct)

    law()
    return count


@pytest.mark.shows("P8")
def test_p8_the_law_of_order_holds_in_random_histories_and_catches_a_running_average(record: Record) -> None:
    """Mutant: the running average, in the same examples."""
    seed, began = 8, time.monotonic()
    with pytest.raises(AssertionError):
        tried(running_average, seed=seed)
    count = tried(refold, seed=seed)
    assert count >= EXAMPLES
    done = f"{count:,} histories of Hypothesis, shuffled with copies: the same bytes; a running average is caught"
    nothing_sent = Counts(sent=0, applied=0, quarantined=0, dropped=0, lost=0, doubled=0, falls=0)
    record("P8", done, nothing_sent, seconds=time.monotonic() - began, seed=seed, case="law")


@pytest.mark.shows("P8")
@pytest.mark.parametrize("seed", sized([8, 88], [8]))
def test_p8_any_order_any_copies_any_batches_give_the_same_bytes(seed: int, record: Record) -> None:
    """All students live one history; it reaches each in another order, with other copies, in other batches.

    Mutant: folding what is late on top (`_touched` with END for all) gives students different bytes.
    """
    dice = random.Random(seed)
    with running_system() as system:
        began = time.monotonic()
        lived = history(dice, students=[MODEL], items=ITEMS, events_wanted=sized(60, 30))
        whom = system.students()
        events = [each for student in whom for each in lived_by(student, lived)]
        shuffled = dice.sample(events, len(events)) + dice.sample(events, len(events) // 3)
        third = len(shuffled) // 3
        in_waves(system, [shuffled[:third], shuffled[third : 2 * third], shuffled[2 * third :]], seed=seed)
        found = states()
        assert len(found) == len(whom)
        assert len(set(found.values())) == 1
        done = f"one history of {len(lived)} events, {len(whom)} shuffles with copies, in 3 waves: 1 state"
        record("P8", done, compare(events), seconds=time.monotonic() - began, seed=seed)


@pytest.mark.shows("P10")
def test_p10_late_events_and_regrades_leave_what_in_time_would_leave(record: Record) -> None:
    """Half of the students in time and in order, a week at a time; of the others every third event comes at the end.

    Mutant: as for P8.
    """
    seed = 10
    with running_system() as system:
        began = time.monotonic()
        lived = history(random.Random(seed), students=[MODEL], items=ITEMS, events_wanted=60)
        lived.sort(key=lambda each: (each.get("revised_at", each["at"]), each["id"]))
        whom = system.students()
        waves: list[Events] = [[], [], [], [], []]
        for place, student in enumerate(whom):
            for number, each in enumerate(lived_by(student, lived)):
                late = place % 2 and number % 3 == 0
                waves[4 if late else 4 * number // len(lived)].append(each)
        in_waves(system, waves, seed=seed)
        found = states()
        assert len(found) == len(whom)
        assert len(set(found.values())) == 1
        done = f"{len(waves[4]):,} of the events and regrades 30 days late for half of {len(whom)} students: 1 state"
        events = [each for wave in waves for each in wave]
        record("P10", done, compare(events), seconds=time.monotonic() - began, seed=seed)


@pytest.mark.shows("P9")
def test_p9_a_rebuild_under_traffic_equals_the_live_states(record: Record) -> None:
    """`souschef recompute-states --all` again and again while 20,000 events (3,000 in the short form) come in.

    Mutant: a state that is changed by hand is found (tests/workers/cli/commands/test_recompute_states.py).
    """
    seed = 9
    with running_system() as system:
        began = time.monotonic()
        events = system.events(sized(17_800, 3000), seed=seed)
        assert len(events) >= sized(20_000, 3000)
        differed, rounds = 0, 0
        with system.burst(events, largest=60) as lms:
            while lms.accepted < len(events):
                differed += rebuilt_differently()
                rounds += 1
        system.quiet(seconds=120)
        before = states()
        counts = compare(events)
        assert differed == 0
        assert states() == before
        record(
            "P9",
            f"rebuilt {rounds} times under traffic, and after it",
            counts,
            seconds=time.monotonic() - began,
            seed=seed,
        )
