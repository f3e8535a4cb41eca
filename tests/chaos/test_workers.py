"""Workers that are killed, frozen and asked to end, with the lease and the sweep of production."""

import contextlib
import os
import random
import signal
import time

import psutil
import psycopg
import pytest

from models.inbox import shard_of
from tests.chaos.brokers import BROKERS, BrokerName
from tests.chaos.conftest import Record
from tests.chaos.counting import ask, compare, wait_until
from tests.chaos.kitchen import ChaosKitchen, opened
from workers.watch import STEADY_SECONDS

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(420)]
REDONE_SECONDS = 45
"""Lease 30 s, sweep 10 s, and the work."""


def kill_some(kitchen: ChaosKitchen, dice: random.Random) -> str:
    """Kill -9 the worker's main process, one of its pool, or all of them; return which."""
    which = dice.choice(("parent", "child", "group"))
    pids = kitchen.running.worker_pids
    with contextlib.suppress(ProcessLookupError, IndexError):
        if which == "group":
            os.killpg(pids[0], signal.SIGKILL)
        else:
            os.kill(pids[0 if which == "parent" else -1], signal.SIGKILL)
    return which


@BROKERS
def test_p4_any_worker_process_killed_is_redone_within_45_s(broker: BrokerName, record: Record) -> None:
    """Mutant: without the sweep nobody rings again for what the flushed messages were to ring for."""
    seed = 4
    dice = random.Random(seed)
    with opened(broker=broker) as kitchen:
        began = time.monotonic()
        told = kitchen.events(2000, seed=seed)
        with kitchen.burst(told) as lms:
            for kill in range(1, 10):
                lms.answered(kill * len(told) // 10)
                kill_some(kitchen, dice)
        kitchen.kill_worker()
        kitchen.broker.flush()  # the messages that would come back are gone too: only the sweep knows of the leases
        took = kitchen.quiet(seconds=REDONE_SECONDS)
        done = f"{broker}: 10 kill -9 of child, parent or group in a burst, and a flush; all done {took:.0f} s after it"
        record("P4", done, compare(told), seconds=time.monotonic() - began, seed=seed)


@BROKERS
def test_p5_a_message_in_a_killed_workers_socket_is_redone_within_45_s(broker: BrokerName, record: Record) -> None:
    """SIGSTOP, publish, kill -9: the broker has handed the message over, and nobody has it.

    RabbitMQ gives it to the next worker, Valkey to nobody.
    Mutant: without the sweep nobody rings again, and the events wait for ever.
    """
    seed = 5
    with opened(broker=broker) as kitchen:
        began, longest = time.monotonic(), 0.0
        told = kitchen.events(20, seed=seed)
        hit = tried = 0
        while hit < 3:
            if tried and tried % 3 == 0:
                time.sleep(STEADY_SECONDS)  # else the supervisor, who sees it fall again and again, waits ever longer
            wait_until(kitchen.broker.heard, seconds=90, what="a worker that listens")
            main = kitchen.running.worker_pids[0]
            os.killpg(main, signal.SIGSTOP)
            mark = kitchen.broker.mark()
            kitchen.send([told[tried]])
            tried += 1
            hit += kitchen.broker.handed_over(mark)
            os.killpg(main, signal.SIGKILL)
            longest = max(longest, kitchen.quiet(seconds=REDONE_SECONDS))
        done = f"{broker}: worker frozen, rung for, killed -9; {hit} of {tried} messages in its socket;"
        done += f" redone after at most {longest:.0f} s"
        record("P5", done, compare(told[:tried]), seconds=time.monotonic() - began, seed=seed)


def test_p6_a_thawed_worker_cannot_overwrite_newer_state(record: Record) -> None:
    """A worker is frozen between its claim and its work, and thaws when another has done both and newer events too.

    The test holds the table of names, so that the worker stands there with its claim and without any student's lock.
    Mutant: `inbox.finish` without its condition on `attempts` lets the thawed one commit what another has done.
    """
    seed = 6
    with opened(lease=3, sweep=1) as kitchen, kitchen.second("worker") as other:
        began = time.monotonic()
        told = kitchen.events(120, seed=seed)
        old, new = told[:60], told[60:]
        assert other.popen is not None
        os.killpg(other.popen.pid, signal.SIGSTOP)
        first = kitchen.running.worker_pids[0]
        plain = kitchen.running.database_url.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(plain) as holder:
            holder.execute("LOCK TABLE souschef.alias IN ACCESS EXCLUSIVE MODE")
            kitchen.send(old)
            wait_until(lambda: _waiting() > 0, seconds=10, what="a worker that waits for the names")
            os.killpg(first, signal.SIGSTOP)
        os.killpg(other.popen.pid, signal.SIGCONT)
        kitchen.send(new)
        kitchen.quiet(seconds=60)
        before = ask("SELECT student_id, version, state FROM souschef.learner_state ORDER BY 1")
        os.killpg(first, signal.SIGCONT)
        wait_until(lambda: "lease_lost" in kitchen.log_of("worker"), seconds=20, what="the thawed one told off")
        after = ask("SELECT student_id, version, state FROM souschef.learner_state ORDER BY 1")
        assert after == before
        done = "worker frozen past its lease, newer events applied, thawed: its write matched 0 rows"
        record("P6", done, compare(told), seconds=time.monotonic() - began, seed=seed)


def test_p6_a_worker_frozen_with_students_in_its_hands_holds_up_nobody_else(record: Record) -> None:
    """It stands still within its transaction, with the locks of five students; another has events of all.

    PostgreSQL ends the transaction after 60 s, and what waited for it in vain is nobody's fault.
    Mutants: those of tests/tasks/test_locked.py, which shows what a held row alone does.
    """
    seed = 66
    with opened(lease=5, sweep=2) as kitchen, kitchen.second("worker") as other:
        began = time.monotonic()
        five = set(kitchen.students()[:5])
        told = kitchen.events(300, seed=seed)
        old = [each for each in told if each["student"] in five and "replaces" not in each]
        old, new = old[:20], [each for each in told if each not in old[:20]]
        assert other.popen is not None
        os.killpg(other.popen.pid, signal.SIGSTOP)
        first = kitchen.running.worker_pids[0]
        plain = kitchen.running.database_url.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(plain) as holder:
            holder.execute("LOCK TABLE souschef.fact IN ACCESS EXCLUSIVE MODE")
            kitchen.send(old)
            wait_until(lambda: _waiting() > 0, seconds=10, what="a worker that waits for the facts")
            os.killpg(first, signal.SIGSTOP)
        os.killpg(other.popen.pid, signal.SIGCONT)
        kitchen.send(new)
        others = wait_until(lambda: not _pending_beside(five), seconds=30, what="the events of other shards applied")
        whole = others + kitchen.quiet(seconds=120)
        os.killpg(first, signal.SIGCONT)
        counts = compare(told)
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


def test_p26_sigterm_ends_within_40_s_and_a_rolling_restart_loses_nothing(record: Record) -> None:
    """Each of two workers is asked to end, three times, in a burst, while the other goes on.

    Mutant: `worker_soft_shutdown_timeout` and grace that outlast the task (a drain without its budget) exceed 40 s.
    """
    seed = 26
    with opened() as kitchen:
        began = time.monotonic()
        told = kitchen.events(2000, seed=seed)
        longest = 0.0
        with kitchen.burst(told) as lms, kitchen.second("worker"):
            for turn in range(1, 7):
                lms.answered(turn * len(told) // 8)
                wait_until(lambda: bool(kitchen.running.worker_pids), seconds=60, what="the worker back")
                worker = psutil.Process(kitchen.running.worker_pids[0])
                worker.terminate()
                asked = time.monotonic()
                wait_until(lambda gone=worker: not _lives(gone), seconds=40, what="the worker ended")  # type: ignore[misc]
                longest = max(longest, time.monotonic() - asked)
        kitchen.quiet(seconds=REDONE_SECONDS)
        done = f"SIGTERM 6 times in a burst beside another worker; longest {longest:.1f} s"
        record("P26", done, compare(told), seconds=time.monotonic() - began, seed=seed)


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
