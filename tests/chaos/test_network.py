"""Faults on the wires between the parts, by a proxy of our own: slow, silent, reset, trickling, cut at a commit."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.engine import make_url

from tests.chaos.conftest import Record
from tests.chaos.counting import compare, pending
from tests.chaos.kitchen import ChaosKitchen, opened
from tests.chaos.proxy import Fault, Proxy

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(420)]
FAULTS: tuple[Fault, ...] = ("latency", "black hole", "reset", "trickle")
FAULT_SECONDS = 8
HANG_SECONDS = 5
"""The longest answer at a door, whatever is wrong behind it."""
HEALED_SECONDS = 10


@contextmanager
def between(what: str) -> Iterator[tuple[ChaosKitchen, Proxy]]:
    """Have a kitchen whose processes reach the database or the broker through a proxy."""
    proxies: list[Proxy] = []

    def through(url: str) -> str:
        where = make_url(url)
        proxies.append(Proxy(where.port or 0))
        return where.set(port=proxies[0].port).render_as_string(hide_password=False)

    through_broker: Callable[[str], str] = through if what == "broker" else str
    through_database: Callable[[str], str] = through if what == "database" else str
    try:
        with opened(lease=5, sweep=2, broker_url=through_broker, database_url=through_database) as kitchen:
            yield kitchen, proxies[0]
    finally:
        for proxy in proxies:
            proxy.close()


@pytest.mark.parametrize("what", ["database", "broker"])
def test_p16_a_fault_on_the_wire_hangs_nothing_and_heals(what: str, record: Record) -> None:
    """Each fault for 8 s beneath a steady sender; within 10 s of its end new events are applied again.

    Mutant: an engine without `connect_timeout`, `statement_timeout` and TCP limits hangs in the black hole.
    """
    seed = 16
    with between(what) as (kitchen, proxy):
        began = time.monotonic()
        told = kitchen.events(3000, seed=seed)
        longest, healed = 0.0, 0.0
        sent = 0
        for turn, fault in enumerate(FAULTS):
            part = told[turn * 100 : turn * 100 + 100]
            sent += len(part)
            proxy.go_wrong(fault)
            with kitchen.burst(part, clients=4, pause=0.2) as lms:
                time.sleep(FAULT_SECONDS)
                proxy.go_wrong("none")
                back = time.monotonic()
            after = told[1000 + turn * 10 : 1010 + turn * 10]
            kitchen.send(after)
            kitchen.quiet(seconds=60)
            healed = max(healed, time.monotonic() - back)
            sent += len(after)
            longest = max(longest, *lms.seconds)
        assert pending() == 0
        assert "Hard time limit" not in kitchen.log_of("worker")
        whole = [each for turn in range(len(FAULTS)) for each in told[turn * 100 : turn * 100 + 100]]
        whole += [each for turn in range(len(FAULTS)) for each in told[1000 + turn * 10 : 1010 + turn * 10]]
        done = f"{what}: {', '.join(FAULTS)}, 8 s each; longest answer {longest:.1f} s, healed after {healed:.0f} s"
        record("P16", done, compare(whole), seconds=time.monotonic() - began, seed=seed)
        assert longest <= HANG_SECONDS
        assert healed <= HEALED_SECONDS


def test_p15_a_commit_whose_outcome_is_unknown_has_one_effect(record: Record) -> None:
    """The line to the database is cut at every fifth commit, of the door and of the worker, before or after it counts.

    Mutant: without the unique key of `inbox.record` the retry of a request that was committed is a second event.
    """
    seed = 15
    with between("database") as (kitchen, proxy):
        began = time.monotonic()
        told = kitchen.events(400, seed=seed)
        proxy.go_wrong("cut at commit")
        with kitchen.burst(told) as lms:
            lms.answered(len(told) * 9 // 10, seconds=120)
            proxy.go_wrong("none")
        kitchen.quiet(seconds=60)
        assert proxy.cuts > 10
        assert lms.statuses[503] > 0
        done = f"line cut at {proxy.cuts} commits; {lms.statuses[503]} requests answered 503 and sent again"
        record("P15", done, compare(told), seconds=time.monotonic() - began, seed=seed)
