"""A page that waits for a worker: it shows the next task as soon as it is there, and all who wait ask as one."""

import asyncio
import re
import threading
import time
from collections.abc import Collection

import pytest
from anyio import CapacityLimiter
from sqlalchemy.exc import OperationalError

from learning.selection.decision import Trigger
from learning.selection.hard_rules import RULES
from models.reports.student_pages import REPLACED
from tests.tasks.conftest import ask
from tests.web.pages.conftest import Reader, Worker
from tests.web.pages.test_student import answer_to, facts, now
from web import waiting
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


def tasks_of(page: str) -> list[int]:
    """Return what may be started: the task of now and its twins."""
    return [int(number) for number in re.findall(r"/task/(\d+)/start", page)]


def open_slots() -> list[list[int]]:
    """Return the assignments that are open, slot by slot."""
    found = ask("""SELECT array_agg(id ORDER BY menu_position) FROM souschef.assignment
                    WHERE state IN ('assigned', 'started') GROUP BY slot ORDER BY slot""")
    return [ids for (ids,) in found]


def withdraw_all_but(assignment: int) -> None:
    """Leave one menu on the list."""
    ask(
        """UPDATE souschef.assignment AS a SET state = 'withdrawn', ended_at = souschef.clock()
             FROM souschef.assignment AS kept WHERE kept.id = :id AND a.slot <> kept.slot RETURNING 1""",
        id=assignment,
    )


def test_the_page_shows_the_new_decision_once_a_worker_has_applied_the_answer(
    student: Reader, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "BRIEFLY_SECONDS", LONG_SECONDS)
    before = {number for menu in open_slots() for number in menu}
    answered(student)
    later = threading.Timer(0.4, worker.work)
    later.start()
    began = time.monotonic()
    shown = tasks_of(student.home())
    took = time.monotonic() - began
    later.join()
    assert shown
    assert set(shown).isdisjoint(before)
    assert 0.4 <= took < LONG_SECONDS


def test_without_a_worker_the_rest_of_the_list_is_there_at_once_and_can_be_done(
    student: Reader, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each task of the list in turn; then nothing is left but to wait, and all answers count."""
    monkeypatch.setattr(home, "WAIT_SECONDS", 0.1)
    slots = open_slots()
    assert len(slots) > 1
    for menu in slots:
        began = time.monotonic()
        page = student.home()
        took = time.monotonic() - began
        assert tasks_of(page) == menu
        assert "on its way" not in page
        assert re.search(r"You got \d of the last|This is new", page)
        assert took < 3 * home.BRIEFLY_SECONDS
        answered(student)
    page = student.home()
    assert ("on its way" in page, tasks_of(page)) == (True, [])
    worker.work()
    page = student.home()
    assert "on its way" not in page
    assert tasks_of(page)
    assert set(tasks_of(page)).isdisjoint(number for menu in slots for number in menu)
    ended = ask("SELECT state, outcome FROM souschef.assignment WHERE id = ANY(:ids)", ids=[menu[0] for menu in slots])
    assert ended == [("done", 1.0)] * len(slots)


def test_where_many_wait_the_page_does_not(student: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "BRIEFLY_SECONDS", LONG_SECONDS)
    monkeypatch.setattr(waiting, "CROWD", 0)
    _, second, *_ = open_slots()
    answered(student)
    began = time.monotonic()
    assert tasks_of(student.home()) == second
    assert time.monotonic() - began < LONG_SECONDS


def test_with_one_menu_on_the_list_the_page_waits_for_the_decision(student: Reader) -> None:
    number = answered(student)
    withdraw_all_but(number)
    began = time.monotonic()
    page = student.home()
    assert ("on its way" in page, tasks_of(page)) == (True, [])
    assert time.monotonic() - began >= home.WAIT_SECONDS


def test_a_first_answer_ends_its_menu_also_where_a_second_try_is_left(
    student: Reader, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As once a worker has applied it; the second try stays open where it was."""
    monkeypatch.setattr(home, "BRIEFLY_SECONDS", 0.0)
    first, second, *_ = open_slots()
    [number, *_] = first
    task = student.press(student.home(), f"/task/{number}/start").text
    wrong = student.press(task, f"/task/{number}", answer="987654321").text
    assert "try once more" in wrong
    assert tasks_of(student.home()) == second
    assert "Right!" in student.press(wrong, f"/task/{number}", answer=answer_to(number)).text
    worker.work()
    assert tasks_of(student.home())[0] not in first


@pytest.mark.parametrize("ends", ["started", "withdrawn"])
def test_a_task_that_is_begun_before_the_decision_stays(
    student: Reader, worker: Worker, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    """The decision would replace it, as it was open for too long."""
    monkeypatch.setattr(home, "BRIEFLY_SECONDS", 0.0)
    _, [number, *_], *_ = open_slots()
    ask("UPDATE souschef.assignment SET assigned_at = assigned_at - interval '90 days' RETURNING 1")
    answered(student)
    page = student.home()
    assert tasks_of(page)[0] == number
    task = student.press(page, f"/task/{number}/start").text if ends == "started" else ""
    worker.work()
    assert ask("SELECT state FROM souschef.assignment WHERE id = :id", id=number) == [(ends,)]
    if task:
        assert tasks_of(student.home())[0] == number  # before what the decision has put at the top
        assert "Right!" in student.press(task, f"/task/{number}", answer=answer_to(number)).text
    else:
        assert student.browser.get(f"{student.path}task/{number}").status_code == 404


@pytest.mark.parametrize(("reason", "results"), [("better", 1), ("H4.need", 1), ("forbid", 0)])
def test_what_was_begun_counts_where_the_decision_did_not_know_of_it(
    student: Reader, worker: Worker, reason: str, results: int
) -> None:
    """Souschef has put another task in its place; what a teacher has taken back is gone."""
    number, expected = now(student)
    task = student.press(student.home(), f"/task/{number}/start").text
    ask("UPDATE souschef.assignment SET state = 'withdrawn', reason = :why WHERE id = :id RETURNING 1",
        why=reason, id=number)  # fmt: skip
    answer = student.press(task, f"/task/{number}", answer=expected)
    assert (answer.status_code, "Right!" in answer.text) == ((200, True) if results else (404, False))
    worker.work()
    assert len(facts(student, "item_result")) == results


@pytest.mark.parametrize(("reason", "status"), [("better", 303), ("forbid", 404)])
def test_what_was_begun_opens_again_where_another_task_is_in_its_place(
    student: Reader, reason: str, status: int
) -> None:
    """From a page of before, and where the task is done at an address of its own; nothing is recorded twice."""
    page = student.home()
    number = tasks_of(page)[0]
    student.press(page, f"/task/{number}/start")
    events = "SELECT count(*) FROM souschef.inbox"
    before = ask(events)
    ask("UPDATE souschef.material SET text = NULL, url = 'https://tasks.example/1' RETURNING 1")
    ask("UPDATE souschef.assignment SET state = 'withdrawn', reason = :why WHERE id = :id RETURNING 1",
        why=reason, id=number)  # fmt: skip
    assert student.browser.get(f"{student.path}task/{number}/open").status_code == status
    assert student.press(page, f"/task/{number}/start").status_code == (200 if status == 303 else 404)
    assert ask(events) == before


def test_all_who_wait_ask_as_one() -> None:
    """Two hundred wait for 0.3 s: that is a question each 0.05 s, not two hundred; half wait on, to their end."""
    asked: list[int] = []
    until = time.monotonic() + 0.3

    def pending(ids: Collection[int]) -> set[int]:
        asked.append(len(ids))
        return {number for number in ids if number % 2 or time.monotonic() < until}

    async def wait() -> list[float]:
        together = Waiting(CapacityLimiter(1), pending)
        began = time.monotonic()

        async def one(number: int) -> float:
            await together.until_applied([number], seconds=1.0)
            return time.monotonic() - began

        return await asyncio.gather(*(one(number) for number in range(200)))

    took = asyncio.run(wait())
    assert max(took[::2]) < 0.9
    assert min(took[1::2]) >= 0.99
    assert (max(asked), len(asked) <= 1.3 / PAUSE_SECONDS) == (200, True)


def test_who_stops_waiting_is_no_part_of_a_crowd() -> None:
    async def leave() -> bool:
        crowd = Waiting(CapacityLimiter(1), set)
        async with asyncio.timeout(5):
            waits = [asyncio.create_task(crowd.until_applied([1], seconds=60.0)) for _ in range(waiting.CROWD)]
            await asyncio.sleep(0)
            assert crowd.is_crowded
            for each in waits:
                each.cancel()
            await asyncio.wait(waits)
        return crowd.is_crowded

    assert asyncio.run(leave()) is False


def test_a_reason_of_a_replacement_is_one_that_a_decision_gives() -> None:
    assert set(REPLACED) <= {*Trigger, *(rule.code for rule in RULES)}


def test_a_database_that_does_not_answer_ends_no_wait_early_and_is_asked_again_by_the_next() -> None:
    calls: list[Collection[int]] = []

    def broken(ids: Collection[int]) -> set[int]:
        calls.append(ids)
        raise OperationalError("", {}, Exception())

    async def wait() -> float:
        alone = Waiting(CapacityLimiter(1), broken)
        began = time.monotonic()
        for _ in range(2):
            await alone.until_applied([1], seconds=0.1)
        return time.monotonic() - began

    assert asyncio.run(wait()) >= 0.2
    assert len(calls) == 2
