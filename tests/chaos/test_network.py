"""Faults on the wires between the parts, by a proxy of our own: slow, silent, reset, trickling, cut at a commit."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.engine import make_url

from tests.chaos.accounting import compare, pending
from tests.chaos.conftest import Record
from tests.chaos.proxy import Fault, Proxy
from tests.chaos.sizes import sized
from tests.chaos.system import ChaosSystem, running_system

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(420)]
FAULTS: tuple[Fault, ...] = ("latency", "black hole", "reset", "trickle")
FAULT_SECONDS = sized(8, 3)
HANG_SECONDS = 5
"""The longest answer of the API, whatever is wrong behind it."""
HEALED_SECONDS = sized(10, 30)
"""The short form runs beside other tests, and on busy machines."""


@contextmanager
def between(what: str) -> Iterator[tuple[ChaosSystem, Proxy]]:
    """Run a system whose processes reach the database or the broker through a proxy."""
    proxies: list[Proxy] = []

    def through(url: str) -> str:
        where = make_url(url)
        proxies.append(Proxy(where.port or 0))
        return where.set(port=proxies[0].port).render_as_string(hide_password=False)

    through_broker: Callable[[str], str] = through if what == "broker" else str
    through_database: Callable[[str], str] = through if what == "database" else str
    try:
        with running_system(lease=5, sweep=2, broker_url=through_broker, database_url=through_database) as system:
            yield system, proxies[0]
    finally:
        for proxy in proxies:
            proxy.close()


@pytest.mark.shows("P16")
@pytest.mark.parametrize("what", ["database", "broker"])
def test_p16_a_fault_on_the_wire_hangs_nothing_and_heals(what: str, record: Record) -> None:
    """Each fault for 8 s (short: 3 s) beneath a steady sender; within 10 s of its end new events are applied again.

    Mutant: an engine without `connect_timeout`, `statement_timeout` and TCP limits hangs in the black hole.
    """
    seed = 16
    with between(what) as (system, proxy):
        began = time.monotonic()
        events = system.events(3000, seed=seed)
        longest, healed = 0.0, 0.0
        sent = 0
        for turn, fault in enumerate(FAULTS):
            part = events[turn * 100 : turn * 100 + 100]
            sent += len(part)
            proxy.go_wrong(fault)
            with system.burst(part, clients=4, pause=0.2) as lms:
                time.sleep(FAULT_SECONDS)
                proxy.go_wrong("none")
                back = time.monotonic()
            after = events[1000 + turn * 10 : 1010 + turn * 10]
            system.send(after)
            system.quiet(seconds=60)
            healed = max(healed, time.monotonic() - back)
            sent += len(after)
            longest = max(longest, *lms.seconds)
        assert pending() == 0
        assert "Hard time limit" not in system.log_of("worker")
        whole = [each for turn in range(len(FAULTS)) for each in events[turn * 100 : turn * 100 + 100]]
        whole += [each for turn in range(len(FAULTS)) for each in events[1000 + turn * 10 : 1010 + turn * 10]]
        done = f"{what}: {', '.join(FAULTS)}, {FAULT_SECONDS} s each; longest answer {longest:.1f} s,"
        done += f" healed after {healed:.0f} s"
        record("P16", done, compare(whole), seconds=time.monotonic() - began, seed=seed)
        assert longest <= HANG_SECONDS
        assert healed <= HEALED_SECONDS


@pytest.mark.shows("P15")
def test_p15_a_commit_whose_outcome_is_unknown_has_one_effect(record: Record) -> None:
    """The line to the database is cut at every fifth commit, of the API and of the worker, before or after it counts.

    Mutant: without the unique key of `inbox.record` the retry of a request that was committed is a second event.
    """
    seed = 15
    with between("database") as (system, proxy):
        began = time.monotonic()
        events = system.events(sized(400, 200), seed=seed)
        proxy.go_wrong("cut at commit")
        with system.burst(events) as lms:
            lms.answered(len(events) * 9 // 10, seconds=120)
            proxy.go_wrong("none")
        system.quiet(seconds=60)
        assert proxy.cuts > sized(10, 4)
        assert lms.statuses[503] > 0
        done = f"line cut at {proxy.cuts} commits; {lms.statuses[503]} requests answered 503 and sent again"
        record("P15", done, compare(events), seconds=time.monotonic() - began, seed=seed)
