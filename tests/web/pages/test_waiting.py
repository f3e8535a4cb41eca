"""A page that waits for a worker: it shows the next task as soon as it is there, and all who wait ask as one."""

import asyncio
import threading
import time
from collections.abc import Collection

import pytest
from anyio import CapacityLimiter
from sqlalchemy.exc import OperationalError

from tests.web.pages.conftest import Reader, Worker
from tests.web.pages.test_student import answer_to, now
from web.pages import home
from web.waiting import PAUSE_SECONDS, Waiting

LONG_SECONDS = 30.0
"""Longer than a worker takes on a busy machine."""


def answered(student: Reader) -> int:
    """Answer the first task rightly; return which it was."""
    number, _ = now(student)
    task = student.press(student.home(), f"/task/{number}/start").text
    assert "Right!" in student.press(task, f"/task/{number}", answer=answer_to(number)).text
    return number


def test_the_page_shows_the_next_task_once_a_worker_has_applied_the_answer(
    student: Reader, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "WAIT_SECONDS", LONG_SECONDS)
    number = answered(student)
    later = threading.Timer(0.4, worker.work)
    later.start()
    began = time.monotonic()
    page = student.home()
    took = time.monotonic() - began
    later.join()
    assert ("on its way" in page, f"/task/{number}/start" in page, "/start" in page) == (False, False, True)
    assert 0.4 <= took < LONG_SECONDS


def test_the_page_does_not_wait_for_ever(student: Reader) -> None:
    answered(student)
    began = time.monotonic()
    assert "on its way" in student.home()
    assert time.monotonic() - began >= home.WAIT_SECONDS


def test_all_who_wait_ask_as_one() -> None:
    """Two hundred wait for 0.3 s: that is a question each 0.05 s, not two hundred; half wait on, to their end."""
    asked: list[int] = []
    until = time.monotonic() + 0.3

    def pending(ids: Collection[int]) -> set[int]:
        asked.append(len(ids))
        return {number for number in ids if number % 2 or time.monotonic() < until}

    async def wait() -> list[float]:
        waiting = Waiting(CapacityLimiter(1), pending)
        began = time.monotonic()

        async def one(number: int) -> float:
            await waiting.until_applied([number], seconds=1.0)
            return time.monotonic() - began

        return await asyncio.gather(*(one(number) for number in range(200)))

    took = asyncio.run(wait())
    assert max(took[::2]) < 0.9
    assert min(took[1::2]) >= 0.99
    assert (max(asked), len(asked) <= 1.3 / PAUSE_SECONDS) == (200, True)


def test_a_database_that_does_not_answer_ends_no_wait_early_and_is_asked_again_by_the_next() -> None:
    calls: list[Collection[int]] = []

    def broken(ids: Collection[int]) -> set[int]:
        calls.append(ids)
        raise OperationalError("", {}, Exception())

    async def wait() -> float:
        waiting = Waiting(CapacityLimiter(1), broken)
        began = time.monotonic()
        for _ in range(2):
            await waiting.until_applied([1], seconds=0.1)
        return time.monotonic() - began

    assert asyncio.run(wait()) >= 0.2
    assert len(calls) == 2
