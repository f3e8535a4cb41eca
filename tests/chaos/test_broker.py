"""The broker emptied and the broker gone: it only notifies, so nothing that was accepted depends on it."""

import random
import time

import pytest

from tests.chaos.accounting import compare
from tests.chaos.brokers import BROKERS, BrokerName
from tests.chaos.conftest import Record
from tests.chaos.sizes import sized
from tests.chaos.system import running_system

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(420)]


@pytest.mark.shows("P2")
@BROKERS
def test_p2_a_broker_flushed_again_and_again_in_a_burst_loses_nothing(broker: BrokerName, record: Record) -> None:
    """Mutant: without the sweep (`sweep_once` returning at once) what was announced before a flush waits for ever."""
    seed, flushes = 2, sized(10, 4)
    dice = random.Random(seed)
    with running_system(broker=broker) as system:
        began = time.monotonic()
        events = system.events(sized(2000, 500), seed=seed)
        with system.burst(events) as lms:
            for turn in range(flushes):
                lms.answered(int((turn + dice.random()) * len(events) / flushes))
                system.broker.flush()
        took = system.quiet(seconds=60)
        done = f"{broker} flushed {flushes} times in a burst; all applied {took:.0f} s after it"
        record("P2", done, compare(events), seconds=time.monotonic() - began, seed=seed)


@pytest.mark.shows("P3")
@BROKERS
def test_p3_a_broker_that_is_gone_does_not_slow_the_intake(broker: BrokerName, record: Record) -> None:
    """A steady 20 requests a second; SHUTDOWN NOSAVE, 60 s of nothing (12 s in the short form), and an empty broker.

    Mutant: an API that refuses what it cannot enqueue. One that enqueues within the request is not caught here: where
    nobody listens the message fails at once.
    """
    seed, away = 3, sized(60, 12)
    with running_system(broker=broker) as system:
        began = time.monotonic()
        events = system.events(sized(3000, 1200), seed=seed)
        with system.burst(events, clients=2, pause=0.1) as lms:
            lms.answered(100)
            system.broker.stop()
            before, gone = len(lms.seconds), time.monotonic()
            while time.monotonic() - gone < away:
                time.sleep(1)
            while_gone = sorted(lms.seconds[before:])
            system.broker.start()
            back = time.monotonic()
        system.quiet(seconds=60)
        took = time.monotonic() - back
        p99 = while_gone[int(0.99 * len(while_gone))] * 1000
        assert set(lms.statuses) == {200}, lms.statuses
        assert len(while_gone) > 5 * away
        assert p99 < sized(250, 500), f"p99 {p99:.0f} ms of {len(while_gone)} requests"
        assert took < 60, f"caught up after {took:.0f} s"
        done = f"{broker} gone {away} s: {len(while_gone)} requests answered, p99 {p99:.0f} ms;"
        done += f" caught up after {took:.0f} s"
        record("P3", done, compare(events), seconds=time.monotonic() - began, seed=seed)


@pytest.mark.shows("P3")
@BROKERS
def test_p3_a_broker_frozen_or_restarted_loses_nothing(broker: BrokerName, record: Record) -> None:
    """3 s of silence, its lines cut, and restarts, each with an empty broker, in one burst.

    Mutant: a worker that gives up on its broker (`broker_connection_max_retries=1`) is not there afterwards.
    """
    seed, restarts = 33, sized(5, 2)
    with running_system(broker=broker) as system:
        began = time.monotonic()
        events = system.events(sized(1500, 800), seed=seed)
        with system.burst(events) as lms:
            lms.answered(200)
            system.broker.pause(3)
            for turn in range(restarts):
                lms.answered(300 + 200 * turn)
                system.broker.stop()
                system.broker.start()
            system.broker.cut()
        system.quiet(seconds=60)
        record(
            "P3",
            f"{broker} paused 3 s, restarted empty {restarts} times, its clients cut",
            compare(events),
            seconds=time.monotonic() - began,
            seed=seed,
            case="restarts",
        )
