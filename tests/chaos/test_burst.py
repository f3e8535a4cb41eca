"""The small selection that every `make test` runs: a burst through which something dies, and everything is counted.

The lease is 3 s and the sweep 1 s here, so that the waiting is short; the promises' own figures are those of the other
files.
"""

import time
from collections.abc import Iterator

import pytest

from tests.chaos.conftest import Record
from tests.chaos.counting import compare
from tests.chaos.kitchen import ChaosKitchen, opened

pytestmark = [pytest.mark.flow, pytest.mark.timeout(120)]
EVENTS = 300


@pytest.fixture(scope="module")
def kitchen() -> Iterator[ChaosKitchen]:
    """One kitchen for all of them: what a test breaks it leaves mended."""
    with opened(lease=3, sweep=1) as found:
        yield found


def test_p2_the_broker_flushed_in_a_burst_loses_nothing(kitchen: ChaosKitchen, record: Record) -> None:
    """Mutant: without the sweep (`sweep_once` returning at once), what was rung for before the flush waits for ever."""
    began, seed = time.monotonic(), 2
    told = kitchen.events(EVENTS, seed=seed)
    with kitchen.burst(told) as lms:
        for share in (0.2, 0.4, 0.6, 0.8, 1.0):
            lms.answered(int(share * len(told)))
            kitchen.broker.flush()
    kitchen.quiet(seconds=60)
    done = "broker flushed 5 times in a burst"
    record("P2", done, compare(told), seconds=time.monotonic() - began, seed=seed)


def test_p4_a_worker_killed_in_a_burst_loses_and_doubles_nothing(kitchen: ChaosKitchen, record: Record) -> None:
    """Mutant: events marked done as they are claimed (see test_simulated) leave facts missing."""
    began, seed = time.monotonic(), 4
    told = kitchen.events(EVENTS, seed=seed)
    with kitchen.burst(told) as lms:
        for share in (0.2, 0.6):
            lms.answered(int(share * len(told)))
            kitchen.kill_worker()
    kitchen.quiet(seconds=45)
    done = "worker group killed -9 twice in a burst"
    record("P4", done, compare(told), seconds=time.monotonic() - began, seed=seed)


def test_p13_the_database_restarted_in_a_burst_loses_nothing(kitchen: ChaosKitchen, record: Record) -> None:
    """Mutant: a door that answers 200 where its commit failed loses what it had in hand."""
    began, seed = time.monotonic(), 13
    told = kitchen.events(EVENTS, seed=seed)
    with kitchen.burst(told) as lms:
        lms.answered(len(told) // 3)
        kitchen.stop_database()
        kitchen.start_database()
    kitchen.quiet(seconds=45)
    done = "database stopped (immediate) and started in a burst"
    record("P13", done, compare(told), seconds=time.monotonic() - began, seed=seed)
