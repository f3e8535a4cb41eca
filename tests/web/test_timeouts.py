"""When the database hangs, the sender is answered in time, and the thread is free again when it returns."""

import asyncio
import socket
import threading
import time

import pytest
from sqlalchemy import text

from models import engine as store
from web.dependencies import THREADS, ApiState
from web.in_flight import Limits
from web.problems import ProblemError


def test_two_waits_of_one_request_share_its_patience() -> None:
    """1 s of 1.2 s is spent on a slow first step, so that the second, which hangs, is given up after 0.2 s."""
    over = threading.Event()

    async def request(state: ApiState) -> tuple[str, float]:
        began = time.monotonic()
        await state.run(lambda: time.sleep(1.0))
        with pytest.raises(ProblemError) as refused:
            await state.run(over.wait)
        seconds = time.monotonic() - began
        over.set()
        return refused.value.code, seconds

    code, seconds = asyncio.run(request(ApiState(limits=Limits(answer_seconds=1.2))))
    assert code == "unavailable"
    assert 1.2 <= seconds < 2.0


def test_a_thread_that_was_given_up_is_not_lent_again_before_it_is_back() -> None:
    over = threading.Event()

    async def requests(state: ApiState) -> tuple[set[str], bool]:
        found = await asyncio.gather(*(code(state) for _ in range(THREADS)))
        full = await code(state)
        over.set()
        return {*found, full}, await asyncio.create_task(state.run(over.is_set))

    async def code(state: ApiState) -> str:
        with pytest.raises(ProblemError) as refused:
            await asyncio.create_task(state.run(over.wait))
        return refused.value.code

    assert asyncio.run(requests(ApiState(limits=Limits(answer_seconds=0.2)))) == ({"unavailable", "overloaded"}, True)


def test_what_comes_at_the_last_moment_is_taken() -> None:
    """The loop is busy from 0.05 s to 0.65 s; at 0.2 s there is an answer, at 0.4 s the patience is over."""

    def answer() -> str:
        time.sleep(0.2)
        return "stored"

    async def request(state: ApiState) -> str:
        asyncio.get_running_loop().call_later(0.05, time.sleep, 0.6)
        return await state.run(answer)

    assert asyncio.run(request(ApiState(limits=Limits(answer_seconds=0.4)))) == "stored"


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux can say how long a line may be silent")
def test_a_line_to_the_database_that_swallows_everything_is_given_up(database_url: str) -> None:
    with store.transaction() as session:
        assert session.connection().execute(text("SELECT 1")).scalar() == 1
        raw = session.connection().connection.driver_connection
        assert raw is not None
        with socket.socket(fileno=raw.pgconn.socket) as line:
            milliseconds = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            line.detach()
    assert milliseconds == 8_000
