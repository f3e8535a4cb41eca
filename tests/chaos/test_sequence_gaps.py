"""A sender that numbers its events, and some of them never arrive: which ones is named within two sweeps."""

import random
import time

import pytest

from models import engine
from models.events import sequence_gaps
from tests.chaos.accounting import compare, wait_until
from tests.chaos.conftest import Record
from tests.chaos.sizes import sized
from tests.chaos.system import running_system
from workers.sweeper import JITTER

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]
SWEEP_SECONDS = sized(10, 3)
TWO_SWEEPS = 2 * SWEEP_SECONDS * (1 + JITTER) + sized(2, 12)
"""Sweeps are spread by their jitter; the work of one is the rest, which takes long on a busy machine."""


@pytest.mark.shows("P27")
def test_p27_three_of_500_that_never_came_are_named_within_two_sweeps(record: Record) -> None:
    """All else comes, in no order and by 8 clients; the three come when they have been named.

    Mutant: a sweep that looks for no holes (`numbers.sweep` returning none) names nothing.
    """
    seed = 27
    dice = random.Random(seed)
    with running_system(sweep=SWEEP_SECONDS) as system:
        began = time.monotonic()
        events = [each | {"number": place} for place, each in enumerate(system.events(500, seed=seed)[:500], start=1)]
        lost = sorted(dice.sample(events[1:-1], 3), key=lambda each: int(each["number"]))  # the last one leaves no gap
        system.send([each for each in events if each not in lost])
        sent = time.monotonic()
        wait_until(lambda: bool(missing()), seconds=60, what="the holes named")
        took = time.monotonic() - sent
        system.quiet(seconds=60)
        assert missing() == [int(each["number"]) for each in lost]
        assert system.log_of("worker").count("sequence_gap") == len(lost)
        assert took < TWO_SWEEPS, f"{took:.0f} s"
        system.send(lost)
        system.quiet(seconds=60)
        assert missing() == []
        done = f"3 of 500 numbered events withheld: these 3 are named {took:.0f} s after the last,"
        done += f" sweeps every {SWEEP_SECONDS} s"
        record("P27", done, compare(events), seconds=time.monotonic() - began, seed=seed)


def missing() -> list[int]:
    """Return the numbers that are named as missing."""
    with engine.transaction() as session:
        return [number for hole in sequence_gaps.sequence_gaps(session) for number in range(hole.first, hole.last + 1)]
