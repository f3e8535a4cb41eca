"""The soak: a steady sender, and a random fault every 5 to 20 seconds. `SOAK_MINUTES=30 SOAK_SEED=7 make chaos`.

It lasts three minutes where nobody says, and 45 s in the short form.
"""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable

import psutil
import pytest

from tests.chaos.accounting import ask, compare
from tests.chaos.conftest import Record
from tests.chaos.sizes import sized
from tests.chaos.system import ChaosSystem, running_system

MINUTES = float(os.environ.get("SOAK_MINUTES", sized("3", "0.75")))
EVENTS_A_SECOND = 30
CUT = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
          WHERE application_name LIKE 'souschef %' AND pid <> pg_backend_pid()"""
Fault = Callable[[ChaosSystem, random.Random], None]

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(60 * MINUTES + 600)]


def one_of_the_workers(system: ChaosSystem, dice: random.Random) -> psutil.Process | None:
    """Return the worker's main process or one of its pool; None where it is just being started."""
    pids = system.running.worker_pids
    return psutil.Process(dice.choice(pids)) if pids else None


def kill_one(system: ChaosSystem, dice: random.Random) -> None:
    """Kill -9 one process of the worker."""
    if (found := one_of_the_workers(system, dice)) is not None:
        found.kill()


def kill_all(system: ChaosSystem, _: random.Random) -> None:
    """Kill -9 the worker and its pool."""
    system.kill_worker()


def freeze_one(system: ChaosSystem, dice: random.Random) -> None:
    """Freeze one process of the worker, at times past its lease."""
    if (found := one_of_the_workers(system, dice)) is not None:
        found.suspend()
        time.sleep(dice.uniform(1, 8))
        if found.is_running():
            found.resume()


def end_worker(system: ChaosSystem, _: random.Random) -> None:
    """SIGTERM the worker."""
    if pids := system.running.worker_pids:
        os.kill(pids[0], signal.SIGTERM)


def kill_api(system: ChaosSystem, _: random.Random) -> None:
    """Kill -9 the API."""
    popen = system.running.process("api").popen
    if popen is not None and popen.poll() is None:
        popen.kill()


def flush(system: ChaosSystem, _: random.Random) -> None:
    """Empty the broker."""
    system.broker.flush()


def restart_broker(system: ChaosSystem, dice: random.Random) -> None:
    """Stop the broker, and start it empty."""
    system.broker.stop()
    time.sleep(dice.uniform(0, 5))
    system.broker.start()


def restart_database(system: ChaosSystem, dice: random.Random) -> None:
    """Stop the database as hard as it goes, and start it."""
    system.stop_database()
    time.sleep(dice.uniform(0, 3))
    system.start_database()


def cut_database(_: ChaosSystem, __: random.Random) -> None:
    """End all of our connections to the database."""
    ask(CUT)


FAULTS: tuple[Fault, ...] = (
    kill_one,
    kill_all,
    freeze_one,
    end_worker,
    kill_api,
    flush,
    restart_broker,
    restart_database,
    cut_database,
)


@pytest.mark.shows("P28")
def test_p28_a_soak_with_a_fault_every_5_to_20_s_loses_and_doubles_nothing(record: Record) -> None:
    """Mutant: any of those of the other tests; a soak finds what nobody thought of."""
    seed = int(os.environ.get("SOAK_SEED") or random.randrange(10**6))
    dice = random.Random(seed)
    story: Counter[str] = Counter()
    with running_system(lease=5, sweep=2) as system:
        began = time.monotonic()
        events = system.events(int(60 * MINUTES * EVENTS_A_SECOND / 1.135), seed=seed)  # with regrades 13.5 % more
        clients, largest = 4, 9
        pause = clients * (1 + largest) / 2 / EVENTS_A_SECOND
        with system.burst(events, clients=clients, largest=largest, pause=pause, seed=seed) as lms:
            while lms.accepted < len(events) and time.monotonic() - began < 60 * MINUTES:
                fault = dice.choice(FAULTS)
                print(f"seed {seed}, {time.monotonic() - began:5.1f} s: {fault.__name__}")  # noqa: T201 - the story
                with contextlib.suppress(psutil.NoSuchProcess):
                    fault(system, dice)
                story[fault.__name__] += 1
                time.sleep(dice.uniform(5, 20))
        system.quiet(seconds=180)
        faults = ", ".join(f"{name} {count}" for name, count in sorted(story.items()))
        done = f"{MINUTES:g} minutes, {story.total()} faults: {faults}".replace("_", " ")
        record("P28", done, compare(events), seconds=time.monotonic() - began, seed=seed, case=f"{MINUTES:g} min")
