"""The broker emptied and the broker gone: it is a doorbell, so nothing that was accepted depends on it."""

import random
import time

import pytest

from tests.chaos.brokers import BROKERS, BrokerName
from tests.chaos.conftest import Record
from tests.chaos.counting import compare
from tests.chaos.kitchen import opened

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(420)]


@BROKERS
def test_p2_a_broker_flushed_ten_times_in_a_burst_of_2000_loses_nothing(broker: BrokerName, record: Record) -> None:
    """Mutant: without the sweep (`sweep_once` returning at once) what was rung for before a flush waits for ever."""
    seed = 2
    dice = random.Random(seed)
    with opened(broker=broker) as kitchen:
        began = time.monotonic()
        told = kitchen.events(2000, seed=seed)
        with kitchen.burst(told) as lms:
            for turn in range(10):
                lms.answered(int((turn + dice.random()) * len(told) / 10))
                kitchen.broker.flush()
        took = kitchen.quiet(seconds=60)
        done = f"{broker} flushed 10 times in a burst; all applied {took:.0f} s after it"
        record("P2", done, compare(told), seconds=time.monotonic() - began, seed=seed)


@BROKERS
def test_p3_a_broker_gone_for_60_s_does_not_slow_the_intake(broker: BrokerName, record: Record) -> None:
    """A steady 20 requests a second; SHUTDOWN NOSAVE, 60 s of nothing, and an empty broker.

    Mutant: a door that refuses what it cannot ring for. One that rings within the request is not caught here: where
    nobody listens the ring fails at once.
    """
    seed = 3
    with opened(broker=broker) as kitchen:
        began = time.monotonic()
        told = kitchen.events(3000, seed=seed)
        with kitchen.burst(told, clients=2, pause=0.1) as lms:
            lms.answered(100)
            kitchen.broker.stop()
            before, gone = len(lms.seconds), time.monotonic()
            while time.monotonic() - gone < 60:
                time.sleep(1)
            while_gone = sorted(lms.seconds[before:])
            kitchen.broker.start()
            back = time.monotonic()
        kitchen.quiet(seconds=60)
        took = time.monotonic() - back
        p99 = while_gone[int(0.99 * len(while_gone))] * 1000
        assert set(lms.statuses) == {200}, lms.statuses
        assert len(while_gone) > 300
        assert p99 < 250, f"p99 {p99:.0f} ms of {len(while_gone)} requests"
        assert took < 60, f"caught up after {took:.0f} s"
        done = f"{broker} gone 60 s: {len(while_gone)} requests answered, p99 {p99:.0f} ms;"
        done += f" caught up after {took:.0f} s"
        record("P3", done, compare(told), seconds=time.monotonic() - began, seed=seed)


@BROKERS
def test_p3_a_broker_frozen_or_restarted_five_times_loses_nothing(broker: BrokerName, record: Record) -> None:
    """3 s of silence, its lines cut, and five restarts, each with an empty broker, in one burst.

    Mutant: a worker that gives up on its broker (`broker_connection_max_retries=1`) is not there afterwards.
    """
    seed = 33
    with opened(broker=broker) as kitchen:
        began = time.monotonic()
        told = kitchen.events(1500, seed=seed)
        with kitchen.burst(told) as lms:
            lms.answered(200)
            kitchen.broker.pause(3)
            for turn in range(5):
                lms.answered(300 + 200 * turn)
                kitchen.broker.stop()
                kitchen.broker.start()
            kitchen.broker.cut()
        kitchen.quiet(seconds=60)
        record(
            "P3",
            f"{broker} paused 3 s, restarted empty 5 times, its clients cut",
            compare(told),
            seconds=time.monotonic() - began,
            seed=seed,
            case="restarts",
        )
