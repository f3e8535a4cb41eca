"""Copies, orders, batches and rebuilding: what comes twice, late or mixed leaves what came once and in order leaves.

The law of the pure fold (tests/learning) has its 2,000 examples here; all else goes through the door.
"""

import random
import time
from collections.abc import Callable

import hypothesis
import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from learning.mastery import Response
from tests.chaos.conftest import Record
from tests.chaos.counting import Counts, Told, ask, compare, rebuilt_differently, states
from tests.chaos.kitchen import ITEMS, ChaosKitchen, opened
from tests.learning.test_mastery import keyed, refold, running_average
from tests.tasks.simulated import history

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
MODEL = "one"
EXAMPLES = 2000
Fold = Callable[[list[tuple[int, str, Response]]], bytes]


def test_p7_ten_copies_of_each_event_16_at_once_have_one_effect(record: Record) -> None:
    """Mutant: without `ON CONFLICT` in `inbox.record` each copy is a row of its own, or the request an error."""
    seed = 7
    with opened() as kitchen:
        began = time.monotonic()
        told = kitchen.events(450, seed=seed)
        assert len(told) >= 500
        copies = random.Random(seed).sample(told * 10, 10 * len(told))
        lms = kitchen.send(copies, clients=16)
        kitchen.quiet(seconds=90)
        done = f"each event sent 10 times ({lms.accepted:,}), shuffled, by 16 clients"
        record("P7", done, compare(told), seconds=time.monotonic() - began, seed=seed)
        before = ask("SELECT student_id, version FROM souschef.learner_state ORDER BY 1")
        kitchen.send(copies[: len(told)], clients=16)
        kitchen.quiet(seconds=30)
        assert ask("SELECT student_id, version FROM souschef.learner_state ORDER BY 1") == before


def lived_by(student: str, lived: Told) -> Told:
    """Return the same history as this student's, under ids of their own that sort as the others' do."""
    found = []
    for each in lived:
        own = each | {"student": student, "id": f"{each['id']}-{student}"}
        found.append(own | ({"replaces": f"{each['replaces']}-{student}"} if "replaces" in each else {}))
    return found


def in_waves(kitchen: ChaosKitchen, waves: list[Told], *, seed: int) -> None:
    """Send one wave after the other, each when the one before has been applied."""
    for number, wave in enumerate(waves):
        kitchen.send(wave, seed=seed + number, largest=60)
        kitchen.quiet(seconds=90)


def tried(fold: Fold, *, seed: int) -> int:
    """Try the law of order on a fold; return on how many examples it was tried.

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


def test_p8_the_law_of_order_holds_in_2000_histories_and_catches_a_running_average(record: Record) -> None:
    """Mutant: the running average, in the same examples."""
    seed, began = 8, time.monotonic()
    with pytest.raises(AssertionError):
        tried(running_average, seed=seed)
    count = tried(refold, seed=seed)
    assert count >= EXAMPLES
    done = f"{count:,} histories of Hypothesis, shuffled with copies: the same bytes; a running average is caught"
    nothing_sent = Counts(sent=0, applied=0, quarantined=0, dropped=0, lost=0, doubled=0, falls=0)
    record("P8", done, nothing_sent, seconds=time.monotonic() - began, seed=seed, case="law")


@pytest.mark.parametrize("seed", [8, 88])
def test_p8_any_order_any_copies_any_batches_give_the_same_bytes(seed: int, record: Record) -> None:
    """All students live one history; it reaches each in another order, with other copies, in other batches.

    Mutant: folding what is late on top (`_touched` with END for all) gives students different bytes.
    """
    dice = random.Random(seed)
    with opened() as kitchen:
        began = time.monotonic()
        lived = history(dice, students=[MODEL], items=ITEMS, events_wanted=60)
        whom = kitchen.students()
        told = [each for student in whom for each in lived_by(student, lived)]
        shuffled = dice.sample(told, len(told)) + dice.sample(told, len(told) // 3)
        third = len(shuffled) // 3
        in_waves(kitchen, [shuffled[:third], shuffled[third : 2 * third], shuffled[2 * third :]], seed=seed)
        found = states()
        assert len(found) == len(whom)
        assert len(set(found.values())) == 1
        done = f"one history of {len(lived)} events, {len(whom)} shuffles with copies, in 3 waves: 1 state"
        record("P8", done, compare(told), seconds=time.monotonic() - began, seed=seed)


def test_p10_late_events_and_regrades_leave_what_in_time_would_leave(record: Record) -> None:
    """Half of the students in time and in order, a week at a time; of the others every third event comes at the end.

    Mutant: as for P8.
    """
    seed = 10
    with opened() as kitchen:
        began = time.monotonic()
        lived = history(random.Random(seed), students=[MODEL], items=ITEMS, events_wanted=60)
        lived.sort(key=lambda each: (each.get("revised_at", each["at"]), each["id"]))
        whom = kitchen.students()
        waves: list[Told] = [[], [], [], [], []]
        for place, student in enumerate(whom):
            for number, each in enumerate(lived_by(student, lived)):
                late = place % 2 and number % 3 == 0
                waves[4 if late else 4 * number // len(lived)].append(each)
        in_waves(kitchen, waves, seed=seed)
        found = states()
        assert len(found) == len(whom)
        assert len(set(found.values())) == 1
        done = f"{len(waves[4]):,} of the events and regrades 30 days late for half of {len(whom)} students: 1 state"
        told = [each for wave in waves for each in wave]
        record("P10", done, compare(told), seconds=time.monotonic() - began, seed=seed)


def test_p9_a_rebuild_under_traffic_equals_the_live_states(record: Record) -> None:
    """`souschef rebuild --all` again and again while 20,000 events come in.

    Mutant: a state that is changed by hand is found (tests/workers/test_rebuild.py).
    """
    seed = 9
    with opened() as kitchen:
        began = time.monotonic()
        told = kitchen.events(17_800, seed=seed)
        assert len(told) >= 20_000
        differed, rounds = 0, 0
        with kitchen.burst(told, largest=60) as lms:
            while lms.accepted < len(told):
                differed += rebuilt_differently()
                rounds += 1
        kitchen.quiet(seconds=120)
        before = states()
        counts = compare(told)
        assert differed == 0
        assert states() == before
        record(
            "P9",
            f"rebuilt {rounds} times under traffic, and after it",
            counts,
            seconds=time.monotonic() - began,
            seed=seed,
        )
