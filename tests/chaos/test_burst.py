"""The small selection that every `make test` runs: a burst through which something dies, and everything is counted.

The lease is 3 s and the sweep 1 s here, so that the waiting is short; the promises' own figures are those of the other
files.
"""

import time

import pytest

from tests.chaos.conftest import Record
from tests.chaos.kitchen import opened

pytestmark = [pytest.mark.flow, pytest.mark.timeout(120)]
EVENTS, SEED = 300, 20261123


def test_p4_a_worker_killed_in_a_burst_loses_and_doubles_nothing(record: Record) -> None:
    """Mutant: events marked done as they are claimed (see test_simulated) leave facts missing."""
    with opened(lease=3, sweep=1) as kitchen:
        began = time.monotonic()
        told = kitchen.events(EVENTS, seed=SEED)
        with kitchen.burst(told) as lms:
            for share in (0.2, 0.5, 0.8):
                lms.answered(int(share * len(told)))
                kitchen.kill_worker()
        kitchen.quiet(seconds=45)
        record(
            "P4",
            "worker group killed -9, 3 times in a burst",
            kitchen.compare(told),
            seconds=time.monotonic() - began,
            seed=SEED,
        )


def test_p2_the_broker_flushed_in_a_burst_loses_nothing(record: Record) -> None:
    """Mutant: without the sweep (`sweep_once` returning at once), what was rung for before the flush waits for ever."""
    with opened(lease=3, sweep=1) as kitchen:
        began = time.monotonic()
        told = kitchen.events(EVENTS, seed=SEED)
        with kitchen.burst(told) as lms, kitchen.broker() as broker:
            for share in (0.2, 0.4, 0.6, 0.8, 1.0):
                lms.answered(int(share * len(told)))
                broker.flushall()
        kitchen.quiet(seconds=60)
        record(
            "P2",
            "broker flushed 5 times in a burst",
            kitchen.compare(told),
            seconds=time.monotonic() - began,
            seed=SEED,
        )


def test_p13_the_database_restarted_in_a_burst_loses_nothing(record: Record) -> None:
    """Mutant: a door that answers 200 before its commit loses what it had in hand."""
    with opened(lease=3, sweep=1) as kitchen:
        began = time.monotonic()
        told = kitchen.events(EVENTS, seed=SEED)
        with kitchen.burst(told) as lms:
            lms.answered(len(told) // 3)
            kitchen.stop_database()
            kitchen.start_database()
        kitchen.quiet(seconds=45)
        record(
            "P13",
            "database stopped (immediate) and started in a burst",
            kitchen.compare(told),
            seconds=time.monotonic() - began,
            seed=SEED,
        )
