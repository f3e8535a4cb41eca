"""Events that kill their worker, and clocks that are wrong: a worker's, the database's, an LMS's."""

import datetime as dt
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from models import clock, engine
from tasks.pipeline.apply_events import FUTURE_TOLERANCE
from tests.chaos.accounting import ask, compare, wait_until
from tests.chaos.conftest import Record
from tests.chaos.sizes import sized
from tests.chaos.system import ITEMS, running_system
from tests.tasks.fault_simulator import BEGIN
from workers.cli.main import app

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
PRELOAD = Path(__file__).parent / "preload"
ROOT = Path(__file__).parents[2]
DAY = 86_400
LATENCY = """
    SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - received_at))
      FROM souschef.inbox WHERE state = 'done' AND received_at >= :since
"""


def poison(kind: str, student: str) -> dict[str, Any]:
    """Return an answer like any other, but for its id."""
    at = "2026-10-20T09:00:00Z"
    return {
        "type": "item_result",
        "id": f"poison-{kind}",
        "student": student,
        "at": at,
        "subject": ITEMS[0],
        "outcome": 1.0,
    }


@pytest.mark.shows("P12")
def test_p12_an_event_that_kills_its_worker_runs_five_times_and_holds_nobody_up(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three poisons (kill -9, MemoryError, an endless loop) beneath a steady sender.

    The lease is that of production: one that is shorter than a task may run lets a loop take two workers. The short
    form has the two that end at once, and a shorter lease: five runs of a loop take two minutes and more.
    Mutant: counting the attempt in the transaction of the work rolls it back with each death: it runs without end.
    """
    seed, runs = 12, tmp_path / "runs"
    kinds = sized(("kill", "memory", "loop"), ("kill", "memory"))
    runs.touch()
    monkeypatch.setenv("CHAOS_RUNS", str(runs))
    monkeypatch.setenv("PYTHONPATH", f"{PRELOAD}{os.pathsep}{ROOT}")
    with running_system() as system:
        began = time.monotonic()
        events = system.events(12_000, seed=seed)
        calm = events[:400]
        with system.burst(calm, clients=2, pause=0.3):
            pass
        system.quiet(seconds=60)
        [(usual,)] = ask(LATENCY, since="2000-01-01")
        [(since,)] = ask("SELECT souschef.clock()")
        sick = [poison(kind, system.students()[0]) for kind in kinds]
        system.send(sick, largest=1)
        number = 400
        while ask("SELECT count(*) FROM souschef.inbox WHERE state = 'quarantined'") != [(len(kinds),)]:
            assert number < len(events), "not in quarantine yet"
            system.send(events[number : number + 20], clients=2, pause=0.3)
            number += 20
        system.quiet(seconds=60)
        [(then,)] = ask(LATENCY, since=since)
        often = Counter(runs.read_text().split())
        codes = ask("SELECT DISTINCT code FROM souschef.quarantine")
        assert codes == [("crashed",)]
        assert set(often) == {each["id"] for each in sick}
        assert max(often.values()) <= 5
        assert then <= max(2 * usual, 1.0), (usual, then)
        done = f"events that end their worker ({', '.join(kinds)}): at most {max(often.values())} runs each;"
        done += " p95 of the others"
        done += f" {usual:.2f} s before, {then:.2f} s beside it"
        counts = compare(events[:number] + sick)
        record("P12", done, counts, seconds=time.monotonic() - began, seed=seed)


@pytest.mark.shows("P11")
def test_p11_workers_a_day_ahead_and_a_day_behind_do_no_harm(record: Record, tmp_path: Path) -> None:
    """One worker's clock is 24 h ahead, another's 24 h behind; both work on a burst, and are killed in it.

    Mutant: a lease counted by the worker's own clock (`time.time()`) is over at once, or not for a day.
    """
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("a wrong clock needs Linux and a C compiler here")
    library, seed = tmp_path / "shift.so", 11
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(PRELOAD / "shift.c"), "-ldl"], check=True
    )
    tells = [sys.executable, "-c", "import time; print(time.time())"]
    wrong = {"LD_PRELOAD": str(library), "CHAOS_SHIFT": str(DAY)}
    clock_text = subprocess.run(tells, env=os.environ | wrong, check=True, capture_output=True, text=True).stdout
    assert float(clock_text) - time.time() == pytest.approx(DAY, abs=60)
    with running_system(lease=5, sweep=2, processes=("api",)) as system:
        began = time.monotonic()
        events = system.events(sized(1500, 500), seed=seed)
        behind = wrong | {"CHAOS_SHIFT": str(-DAY)}
        with system.second("worker", **wrong) as ahead, system.second("worker", **behind):
            with system.burst(events) as lms:
                lms.answered(len(events) // 2)
                ahead.kill()
                ahead.start()
            system.quiet(seconds=90)
            wait_until(lambda: ahead.running, seconds=5, what="the worker ahead of its time")
        done = "a worker 24 h ahead (killed once) and one 24 h behind share a burst"
        record("P11", done, compare(events), seconds=time.monotonic() - began, seed=seed)


@pytest.mark.shows("P11")
def test_p11_the_databases_clock_set_back_by_two_hours_stops_nothing(record: Record) -> None:
    """Two hours ahead for half of a burst, a worker killed in it, and then right again: leases lie two hours ahead.

    Mutant: a sweep without `repair_after_clock_change` leaves what was accepted before for two hours.
    """
    seed = 111
    with running_system(sweep=2) as system:
        began = time.monotonic()
        events = system.events(sized(1500, 600), seed=seed)
        set_clock(BEGIN + dt.timedelta(hours=2))
        with system.burst(events) as lms:
            lms.answered(len(events) // 2)
            system.kill_worker()
            set_clock(BEGIN)
            [(before,)] = ask("SELECT count(*) FROM souschef.inbox WHERE state = 'pending' AND received_at > :now",
                              now=BEGIN + dt.timedelta(hours=1))  # fmt: skip
        took = system.quiet(seconds=120)
        assert before > 0
        done = f"the database's clock back by 2 h, {before} events pending from before it: all done after {took:.0f} s"
        record("P11", done, compare(events), seconds=time.monotonic() - began, seed=seed, case="database")


@pytest.mark.shows("P11")
def test_p11_an_lms_a_day_ahead_waits_for_its_time_and_one_a_day_behind_does_not(record: Record) -> None:
    """Every other student's LMS tells times that lie a day ahead, the others' a day behind.

    What has not happened yet is held in quarantine, with its code; retried when its time has come, it counts once.
    Mutant: a fact from the future that is believed is found in no quarantine, and bends what is due for review.
    """
    seed = 112
    with running_system(sweep=2) as system:
        began, now = time.monotonic(), dt.datetime(2026, 10, 28, 12, tzinfo=dt.UTC)  # the history's last day
        set_clock(now)
        students = system.students()
        events = [
            shifted(each, days=1 if students.index(each["student"]) % 2 else -1)
            for each in system.events(sized(1500, 600), seed=seed)
        ]
        system.send(events)
        system.quiet(seconds=60)
        ahead = sum(dt.datetime.fromisoformat(each["at"]) > now + FUTURE_TOLERANCE for each in events)
        quarantined = ask("SELECT code, count(*) FROM souschef.quarantine GROUP BY code")
        assert quarantined == [("future_event", ahead)]
        set_clock(now + dt.timedelta(days=1))
        retry = ["quarantine", "retry", "--code", "future_event", "--reason", "their time has come"]
        ran = CliRunner().invoke(app, retry)
        assert ran.exit_code == 0, ran.output
        system.quiet(seconds=60)
        counts = compare(events)
        assert counts.quarantined == 0
        done = f"an LMS 24 h ahead and one 24 h behind: {ahead} events held until their time came, then applied"
        record("P11", done, counts, seconds=time.monotonic() - began, seed=seed, case="LMS")


def shifted(event: dict[str, Any], *, days: int) -> dict[str, Any]:
    """Return the event as an LMS tells it whose clock is wrong by so many days."""
    times = {name: dt.datetime.fromisoformat(event[name]) for name in ("at", "revised_at") if name in event}
    return event | {name: (moment + dt.timedelta(days=days)).isoformat() for name, moment in times.items()}


def set_clock(moment: dt.datetime) -> None:
    """Set what the database says the time is."""
    with engine.transaction() as session:
        clock.set_to(session, moment)
