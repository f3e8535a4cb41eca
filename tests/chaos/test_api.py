"""The API killed in a burst, and more clients than it takes: a 2xx means committed, and nothing grows for ever."""

import random
import time

import psutil
import pytest

from tests.chaos.accounting import ask, compare, wait_until
from tests.chaos.conftest import Record
from tests.chaos.overload import overload
from tests.chaos.sizes import sized
from tests.chaos.system import running_system
from workers.local.watchdog import await_answers

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
CLIENTS = 320
"""The API takes 256 requests at once."""
MOST_MEGABYTES = 600


@pytest.mark.shows("P1")
def test_p1_an_api_killed_under_16_clients_has_committed_every_2xx(record: Record) -> None:
    """Mutant: an API that answers before its commit; tests/web/test_durability.py has five rounds."""
    seed, kills = 1, sized(20, 4)
    dice = random.Random(seed)
    with running_system() as system, system.second("api") as process:
        began = time.monotonic()
        events = system.events(sized(12_000, 3000), seed=seed)
        address = f"http://127.0.0.1:{process.settings.web_port}"
        with system.burst(events, clients=16, api_url=address) as lms:
            for _ in range(kills):
                before = lms.accepted
                wait_until(lambda before=before: lms.accepted > before, seconds=60, what="answers")  # type: ignore[misc]
                time.sleep(dice.uniform(0.05, 0.5))
                process.kill()
                process.start()
                await_answers([process])
            assert lms.accepted < len(events), "the burst was over before the last kill"
        system.quiet(seconds=120)
        cut = sum(lms.statuses.values()) - lms.statuses[200]
        done = f"API killed -9 {kills} times under 16 clients; {cut} requests cut"
        record("P1", done, compare(events), seconds=time.monotonic() - began, seed=seed)


@pytest.mark.shows("P17")
def test_p17_overload_is_refused_politely_and_loses_nothing(record: Record) -> None:
    """Mutant: an API without a limit of requests and a bounded wait for threads answers later and later, and grows."""
    seed, seconds = 17, sized(60, 10)
    with running_system() as system:
        began = time.monotonic()
        events = system.events(sized(60_000, 10_000), seed=seed)
        popen = system.running.process("api").popen
        assert popen is not None
        load = overload(system.running.api_url, system.credential, events, clients=CLIENTS, seconds=seconds)
        megabytes = psutil.Process(popen.pid).memory_info().rss / 1e6
        [(stored,)] = ask("SELECT count(*) FROM souschef.inbox")
        refused = sum(load.statuses.values()) - load.statuses[200]
        assert refused > 0, load.statuses
        assert set(load.statuses) <= {200, 429, 503}, (load.statuses, system.log_of("api")[-6000:])
        assert load.without_retry_after == 0
        assert load.cut < sum(load.statuses.values()) / 100
        assert megabytes < MOST_MEGABYTES
        assert stored >= len(load.accepted)
        system.quiet(seconds=240)
        sure = {each["id"] for each in load.accepted}
        rows = {row[0] for row in ask("SELECT payload::json ->> 'id' FROM souschef.inbox")}
        assert sure <= rows
        taken = [each for each in events if each["id"] in rows]  # a refused one may have been stored all the same
        done = f"{CLIENTS} clients for {seconds} s: {load.statuses[200]:,} requests taken,"
        done += f" {refused:,} refused with Retry-After,"
        done += f" longest {load.longest:.1f} s, API at {megabytes:.0f} MB"
        record("P17", done, compare(taken), seconds=time.monotonic() - began, seed=seed)
