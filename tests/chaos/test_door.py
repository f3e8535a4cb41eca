"""The door killed in a burst, and more clients than it takes: a 2xx means committed, and nothing grows for ever."""

import random
import time

import psutil
import pytest

from tests.chaos.conftest import Record
from tests.chaos.counting import ask, compare, wait_until
from tests.chaos.kitchen import opened
from tests.chaos.overload import overload
from workers.watch import await_answers

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
CLIENTS = 320
"""The door takes 256 requests at once."""
MOST_MEGABYTES = 600


def test_p1_a_door_killed_20_times_under_16_clients_has_committed_every_2xx(record: Record) -> None:
    """Mutant: a door that answers before its commit; tests/web/test_promises.py has five rounds with ids of its own."""
    seed = 1
    dice = random.Random(seed)
    with opened() as kitchen, kitchen.second("door") as door:
        began = time.monotonic()
        told = kitchen.events(12_000, seed=seed)
        address = f"http://127.0.0.1:{door.chosen.web_port}"
        with kitchen.burst(told, clients=16, door=address) as lms:
            for _ in range(20):
                before = lms.accepted
                wait_until(lambda before=before: lms.accepted > before, seconds=60, what="answers")  # type: ignore[misc]
                time.sleep(dice.uniform(0.05, 0.5))
                door.kill()
                door.start()
                await_answers([door])
            assert lms.accepted < len(told), "the burst was over before the last kill"
        kitchen.quiet(seconds=120)
        done = (
            f"door killed -9 20 times under 16 clients; {sum(lms.statuses.values()) - lms.statuses[200]} requests cut"
        )
        record("P1", done, compare(told), seconds=time.monotonic() - began, seed=seed)


def test_p17_60_s_of_overload_is_refused_politely_and_loses_nothing(record: Record) -> None:
    """Mutant: a door without `Limits.requests` and a bounded wait for threads answers later and later, and grows."""
    seed = 17
    with opened() as kitchen:
        began = time.monotonic()
        told = kitchen.events(60_000, seed=seed)
        popen = kitchen.running.process("door").popen
        assert popen is not None
        load = overload(kitchen.running.door_url, kitchen.credential, told, clients=CLIENTS, seconds=60)
        megabytes = psutil.Process(popen.pid).memory_info().rss / 1e6
        [(stored,)] = ask("SELECT count(*) FROM souschef.inbox")
        refused = sum(load.statuses.values()) - load.statuses[200]
        assert refused > 0, load.statuses
        assert set(load.statuses) <= {200, 429, 503}, (load.statuses, kitchen.log_of("door")[-6000:])
        assert load.without_retry_after == 0
        assert load.cut < sum(load.statuses.values()) / 100
        assert megabytes < MOST_MEGABYTES
        assert stored >= len(load.accepted)
        kitchen.quiet(seconds=240)
        sure = {each["id"] for each in load.accepted}
        rows = {row[0] for row in ask("SELECT payload::json ->> 'id' FROM souschef.inbox")}
        assert sure <= rows
        taken = [each for each in told if each["id"] in rows]  # a refused one may have been stored all the same
        done = (
            f"{CLIENTS} clients for 60 s: {load.statuses[200]:,} requests taken, {refused:,} refused with Retry-After,"
        )
        done += f" longest {load.longest:.1f} s, door at {megabytes:.0f} MB"
        record("P17", done, compare(taken), seconds=time.monotonic() - began, seed=seed)
