"""A student who has answered sees the next task soon: a real worker, the real pages; the figure is a benchmark's."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.page_client import answer_within, open_sessions, share, start_tasks
from config.settings import Settings
from models.tables.pages import PageRole
from tests.tasks.conftest import ask
from workers.cli.demo import replay
from workers.local.supervisor import RunningSystem, running

pytestmark = [pytest.mark.flow, pytest.mark.full, pytest.mark.timeout(180)]
LONGEST_MS = 3_000
"""Of nineteen in twenty, on a machine that does other things too; `benchmarks/pages.py` measures."""
AT_ONCE, ROUNDS = 8, 5


@pytest.fixture
def system(tmp_path: Path) -> Iterator[RunningSystem]:
    """The example school, in which everybody has a list."""
    settings = Settings(data_dir=tmp_path / "data")
    with running(settings, processes=("worker", "api"), free_ports=True) as found:
        replay.load(replay.quiet_console())
        until = time.monotonic() + 120
        while ask("SELECT count(DISTINCT student_id) FROM souschef.assignment") != [(28,)]:
            assert time.monotonic() < until, "not everybody has a list"
            time.sleep(0.1)
        yield found


def test_the_next_task_is_there_soon_after_an_answer(system: RunningSystem) -> None:
    """Forty answers, eight students at a time within a second; every one of them gets another task."""
    students = open_sessions(PageRole.STUDENT, AT_ONCE)
    waited: list[float] = []
    for _ in range(ROUNDS):
        started = asyncio.run(start_tasks(system.api_url, students, most=AT_ONCE))
        assert len(started) == AT_ONCE
        waited += [each.next_seconds for each in asyncio.run(answer_within(system.api_url, started, seconds=1.0))]
    assert len(waited) == AT_ONCE * ROUNDS
    assert share(waited, 0.95) < LONGEST_MS
    answered = ask("SELECT count(*) FROM souschef.fact WHERE kind = 'item_result' AND outcome = 1")
    assert answered == [(AT_ONCE * ROUNDS,)]


def test_students_go_on_while_the_worker_stands_still(system: RunningSystem) -> None:
    """They answer, begin the next task of the list, and the worker comes back: what is begun stays, and counts."""
    students = open_sessions(PageRole.STUDENT, AT_ONCE)
    first = asyncio.run(start_tasks(system.api_url, students, most=AT_ONCE))
    wait_until_applied()
    for pid in system.worker_pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        answered = asyncio.run(answer_within(system.api_url, first, seconds=1.0))
        begun = asyncio.run(start_tasks(system.api_url, students, most=AT_ONCE))
        [(pending,)] = ask("SELECT count(*) FROM souschef.inbox WHERE state = 'pending'")
    finally:
        for pid in system.worker_pids:
            os.kill(pid, signal.SIGCONT)
    assert share([each.next_seconds for each in answered], 0.95) < LONGEST_MS
    assert (any(each.is_renewed for each in answered), pending) == (False, 4 * AT_ONCE)
    wait_until_applied()
    states = "SELECT state, count(*) FROM souschef.assignment WHERE id = ANY(:ids) GROUP BY state"
    assert ask(states, ids=[each.task for each in first]) == [("done", AT_ONCE)]
    assert ask(states, ids=[each.task for each in begun]) == [("started", AT_ONCE)]
    asyncio.run(answer_within(system.api_url, begun, seconds=1.0))
    wait_until_applied()
    assert ask(states, ids=[each.task for each in begun]) == [("done", AT_ONCE)]


def wait_until_applied() -> None:
    """Return when no event waits."""
    until = time.monotonic() + 60
    while ask("SELECT count(*) FROM souschef.inbox WHERE state = 'pending'") != [(0,)]:
        assert time.monotonic() < until, "events still wait"
        time.sleep(0.1)
