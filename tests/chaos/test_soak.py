"""The soak: a steady sender, and a random fault every 5 to 20 seconds. `SOAK_MINUTES=30 SOAK_SEED=7 make chaos`.

It lasts three minutes where nobody says, and 45 s in the short form.
"""

import contextlib
import os
import random
import time
from collections import Counter

import psutil
import pytest

from tests.chaos.accounting import compare
from tests.chaos.conftest import Record
from tests.chaos.faults import FAULTS
from tests.chaos.sizes import sized
from tests.chaos.system import BURST_SECONDS, running_system

MINUTES = float(os.environ.get("SOAK_MINUTES", sized("3", "0.75")))
EVENTS_A_SECOND = 30

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(80 * MINUTES + 600)]


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
        catch_up = BURST_SECONDS + 20 * MINUTES  # what faults of the API and a busy machine have put off
        with system.burst(events, clients=clients, largest=largest, pause=pause, seed=seed, seconds=catch_up) as lms:
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
