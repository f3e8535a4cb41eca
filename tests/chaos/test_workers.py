"""Workers that are killed, frozen and asked to end; in the long form with the lease and the sweep of production."""

import contextlib
import os
import random
import signal
import time

import psutil
import psycopg
import pytest

from models.events.incoming import shard_of
from tests.chaos.accounting import ask, compare, wait_until
from tests.chaos.brokers import BROKERS, BrokerName
from tests.chaos.conftest import Record
from tests.chaos.sizes import sized
from tests.chaos.system import ChaosSystem, running_system
from workers.local.watchdog import STEADY_SECONDS

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(420)]
REDONE_SECONDS = 45
"""Lease 30 s, sweep 10 s, and the work."""


def kill_some(system: ChaosSystem, dice: random.Random) -> str:
    """Kill -9 the worker's main process, one of its pool, or all of them; return which."""
    which = dice.choice(("parent", "child", "group"))
    pids = system.running.worker_pids
    with contextlib.suppress(ProcessLookupError, IndexError):
        if which == "group":
            os.killpg(pids[0], signal.SIGKILL)
        else:
            os.kill(pids[0 if which == "parent" else -1], signal.SIGKILL)
    return which


@pytest.mark.shows("P4")
@BROKERS
def test_p4_what_any_killed_worker_process_had_is_redone_within_45_s(broker: BrokerName, record: Record) -> None:
    """Mutant: without the sweep nothing enqueues again what the flushed messages announced."""
    seed, kills = 4, sized(10, 3)
    dice = random.Random(seed)
    with running_system(broker=broker) as system:
        began = time.monotonic()
        events = system.events(sized(2000, 500), seed=seed)
        with system.burst(events) as lms:
            for kill in range(1, kills):
                lms.answered(kill * len(events) // kills)
                kill_some(system, dice)
        system.kill_worker()
        system.broker.flush()  # the messages that would come back are gone too: only the sweep knows of the leases
        took = system.quiet(seconds=REDONE_SECONDS)
        done = f"{broker}: {kills} kill -9 of child, parent or group in a burst, and a flush;"
        done += f" all done {took:.0f} s after it"
        record("P4", done, compare(events), seconds=time.monotonic() - began, seed=seed)


@pytest.mark.shows("P5")
@BROKERS
def test_p5_a_message_in_a_killed_workers_socket_is_redone_within_45_s(broker: BrokerName, record: Record) -> None:
    """SIGSTOP, publish, kill -9: the broker has handed the message over, and nobody has it.

    RabbitMQ gives it to the next worker, Valkey to nobody.
    Mutant: without the sweep nothing enqueues them again, and the events wait for ever.
    """
    seed, wanted = 5, sized(3, 1)
    with running_system(broker=broker) as system:
        began, longest = time.monotonic(), 0.0
        events = system.events(20, seed=seed)
        hit = tried = 0
        while hit < wanted:
            if tried and tried % 3 == 0:
                time.sleep(STEADY_SECONDS)  # else the supervisor, who sees it fall again and again, waits ever longer
            wait_until(system.broker.heard, seconds=90, what="a worker that listens")
            main = system.running.worker_pids[0]
            os.killpg(main, signal.SIGSTOP)
            mark = system.broker.mark()
            system.send([events[tried]])
            tried += 1
            hit += system.broker.handed_over(mark)
            os.killpg(main, signal.SIGKILL)
            longest = max(longest, system.quiet(seconds=REDONE_SECONDS))
        done = f"{broker}: worker frozen, notified, killed -9; {hit} of {tried} messages in its socket;"
        done += f" redone after at most {longest:.0f} s"
        record("P5", done, compare(events[:tried]), seconds=time.monotonic() - began, seed=seed)


@pytest.mark.shows("P6")
def test_p6_a_thawed_worker_cannot_overwrite_newer_state(record: Record) -> None:
    """A worker is frozen between its claim and its work, and thaws when another has done both and newer events too.

    The test holds the table of names, so that the worker stands there with its claim and without any student's lock.
    Mutant: `inbox.finish` without its condition on `attempts` lets the thawed one commit what another has done.
    """
    seed = 6
    with running_system(lease=3, sweep=1) as system, system.second("worker") as other:
        began = time.monotonic()
        events = system.events(120, seed=seed)
        old, new = events[:60], events[60:]
        assert other.popen is not None
        os.killpg(other.popen.pid, signal.SIGSTOP)
        first = system.running.worker_pids[0]
        plain = system.running.database_url.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(plain) as holder:
            holder.execute("LOCK TABLE souschef.alias IN ACCESS EXCLUSIVE MODE")
            system.send(old)
            wait_until(lambda: _waiting() > 0, seconds=10, what="a worker that waits for the names")
            os.killpg(first, signal.SIGSTOP)
        os.killpg(other.popen.pid, signal.SIGCONT)
        system.send(new)
        system.quiet(seconds=60)
        before = ask("SELECT student_id, version, state FROM souschef.learner_state ORDER BY 1")
        os.killpg(first, signal.SIGCONT)
        wait_until(lambda: "lease_lost" in system.log_of("worker"), seconds=20, what="the lost lease")
        after = ask("SELECT student_id, version, state FROM souschef.learner_state ORDER BY 1")
        assert after == before
        done = "worker frozen past its lease, newer events applied, thawed: its write matched 0 rows"
        record("P6", done, compare(events), seconds=time.monotonic() - began, seed=seed)


@pytest.mark.shows("P6")
def test_p6_a_worker_frozen_with_students_in_its_hands_holds_up_nobody_else(record: Record) -> None:
    """It stands still within its transaction, with the locks of five students; another has events of all.

    PostgreSQL ends the transaction after 60 s, and what waited for it in vain is nobody's fault.
    Mutants: those of tests/tasks/test_row_locks.py, which shows what a held row alone does.
    """
    seed = 66
    with running_system(lease=5, sweep=2) as system, system.second("worker") as other:
        began = time.monotonic()
        five = set(system.students()[:5])
        events = system.events(300, seed=seed)
        old = [each for each in events if each["student"] in five and "replaces" not in each]
        old, new = old[:20], [each for each in events if each not in old[:20]]
        assert other.popen is not None
        os.killpg(other.popen.pid, signal.SIGSTOP)
        first = system.running.worker_pids[0]
        plain = system.running.database_url.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(plain) as holder:
            holder.execute("LOCK TABLE souschef.fact IN ACCESS EXCLUSIVE MODE")
            system.send(old)
            wait_until(lambda: _waiting() > 0, seconds=10, what="a worker that waits for the facts")
            os.killpg(first, signal.SIGSTOP)
        os.killpg(other.popen.pid, signal.SIGCONT)
        system.send(new)
        others = wait_until(lambda: not _pending_beside(five), seconds=30, what="the events of other shards applied")
        whole = others + system.quiet(seconds=120)
        os.killpg(first, signal.SIGCONT)
        counts = compare(events)
        assert counts.quarantined == 0
        done = f"worker frozen with 5 students' locks: those of other shards done after {others:.0f} s,"
        done += f" theirs after {whole:.0f} s"
        record("P6", done, counts, seconds=time.monotonic() - began, seed=seed, case="locks")


def _pending_beside(students: set[str]) -> int:
    """Return how many events wait whose students are in no shard of these."""
    shards = sorted({shard_of(student) for student in students})
    statement = "SELECT count(*) FROM souschef.inbox WHERE state = 'pending' AND NOT shard = ANY(:shards)"
    return int(ask(statement, shards=shards)[0][0])


def _waiting() -> int:
    return int(
        ask("""SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'
                  AND application_name = 'souschef worker'""")[0][0]
    )


@pytest.mark.shows("P26")
def test_p26_sigterm_ends_within_40_s_and_a_rolling_restart_loses_nothing(record: Record) -> None:
    """One of two workers is asked to end, again and again, in a burst, while the other goes on.

    Mutant: `worker_soft_shutdown_timeout` and grace that outlast the task (a drain without its budget) exceed 40 s.
    """
    seed, endings = 26, sized(6, 2)
    with running_system() as system:
        began = time.monotonic()
        events = system.events(sized(2000, 600), seed=seed)
        longest = 0.0
        with system.burst(events) as lms, system.second("worker"):
            for turn in range(1, endings + 1):
                lms.answered(turn * len(events) // (endings + 2))
                wait_until(lambda: bool(system.running.worker_pids), seconds=60, what="the worker back")
                worker = psutil.Process(system.running.worker_pids[0])
                worker.terminate()
                asked = time.monotonic()
                wait_until(lambda gone=worker: not _lives(gone), seconds=40, what="the worker ended")  # type: ignore[misc]
                longest = max(longest, time.monotonic() - asked)
        system.quiet(seconds=REDONE_SECONDS)
        done = f"SIGTERM {endings} times in a burst beside another worker; longest {longest:.1f} s"
        record("P26", done, compare(events), seconds=time.monotonic() - began, seed=seed)


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
