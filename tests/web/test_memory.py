"""What bodies become in memory is bounded: 16 clients send the worst that is allowed, and the API stays small."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.chaos.system import ChaosSystem, running_system
from tests.web.conftest import RunningApi, basic
from web.dependencies import MAX_EVENTS, ApiState
from web.in_flight import Limits
from web.memory_budget import MAX_VALUES, SMALL_BYTES, MemoryBudget, estimate
from web.problems import ProblemError

MIB = 1024 * 1024
LARGEST = 16 * MIB
MOST_MEGABYTES = 512
CLIENTS = 16
SECONDS = 10


def events(count: int, *, size: int, text: str = "x") -> bytes:
    """Return a body of so many events of about `size` bytes, each of its own."""
    padding = text * max(0, (size - 90) // len(text.encode()))
    each = (json.dumps({"type": "page_viewed", "id": f"v{number}", "note": "@"}) for number in range(count))
    return ("[" + ",".join(each) + "]").replace("@", padding).encode()[: LARGEST + 1]


def test_a_small_body_that_would_become_large_gets_413_unread(api: RunningApi) -> None:
    """1.2 MB of empty arrays took 30 to 45 times as much."""
    for path, body in {
        "/xapi/statements": b"[" + b"[]," * 400_000 + b"{}]",
        "/xapi/statements/": b"[" + b"{}," * MAX_EVENTS + b"{}]",
    }.items():
        headers = {"Content-Type": "application/json"}
        with api.client() as client:
            answers = [
                client.post(path, content=body, headers=headers),
                client.post(path, content=gzip.compress(body), headers=headers | {"Content-Encoding": "gzip"}),
            ]
        assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(413, "too_large")] * 2


def test_what_waits_for_memory_gets_it_in_time_or_503() -> None:
    """Two of three times 40 kB fit into 100; the third comes when one ends, and one of 80 gives up meanwhile."""

    async def hold(budget: MemoryBudget, wanted: int, seconds: float) -> str:
        try:
            async with budget.reserved(wanted, within=0.4):
                await asyncio.sleep(seconds)
        except ProblemError as error:
            return error.code
        return "held"

    async def requests() -> tuple[list[str], int]:
        budget, part = MemoryBudget(total=100 * SMALL_BYTES), SMALL_BYTES
        waiting = [hold(budget, 40 * part, 0.2), hold(budget, 40 * part, 0.8)]
        found = await asyncio.gather(*waiting, hold(budget, 40 * part, 0), hold(budget, 80 * part, 0))
        return found, budget.used

    assert asyncio.run(requests()) == (["held", "held", "held", "overloaded"], 0)


def test_large_compressed_bodies_at_once_are_all_taken(api: RunningApi) -> None:
    """Each waits for its turn to be unpacked; if all were unpacked first, each would wait for the others' memory."""
    body = gzip.compress(events(300, size=4_000))
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    def post(_: int) -> int:
        with api.client() as client:
            return client.post("/xapi/statements", content=body, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(post, range(8))) == {200}


def test_memory_is_free_again_when_the_last_thread_of_its_request_ends() -> None:
    """The request was answered 503 after 0.2 s; its thread went on for 0.6 s, and held what it had read."""

    async def request() -> tuple[int, int]:
        state = ApiState(limits=Limits(answer_seconds=0.2))
        with pytest.raises(ProblemError):
            async with state.memory.reserved(2 * SMALL_BYTES):
                await state.run(lambda: time.sleep(0.6))
        meanwhile = state.memory.used
        await asyncio.sleep(0.6)
        return meanwhile, state.memory.used

    assert asyncio.run(request()) == (2 * SMALL_BYTES, 0)


@pytest.fixture(scope="module")
def system() -> Iterator[ChaosSystem]:
    """An API of its own process."""
    with running_system(processes=("api",)) as running:
        yield running


def _one_event(values: str) -> bytes:
    return f'{{"type":"page_viewed","id":"v","x":{values}}}'.encode()


WORST: dict[str, Callable[[], bytes]] = {
    "objects of one name": lambda: _one_event(
        "[" + ",".join(f'{{"{n}":{{}}}}' for n in range(MAX_VALUES // 3 - 9)) + "]"
    ),
    "one wide text": lambda: _one_event('"' + "é" * (LARGEST // 2 - 60) + '🙂"'),
    "most events": lambda: events(MAX_EVENTS, size=LARGEST // MAX_EVENTS - 8),
    "wide events": lambda: events(MAX_EVENTS // 10, size=LARGEST // MAX_EVENTS * 9, text="é🙂"),
    "names twice": lambda: b'{"a":1,"a":2,"b":[' + b'"\\u0041",' * (MAX_VALUES // 2) + b"1]}",
}


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", WORST)
def test_the_api_stays_below_512_mb_whatever_16_clients_send(system: ChaosSystem, name: str) -> None:
    """Before: 2,481 MB, and 1,215 MB for a single request. 413, before parsing, would prove nothing."""
    body = WORST[name]()
    assert len(body) <= LARGEST
    popen = system.running.process("api").popen
    assert popen is not None
    Path(f"/proc/{popen.pid}/clear_refs").write_text("5")  # the peak is counted from here
    until = time.monotonic() + SECONDS
    statuses: Counter[int] = Counter()

    def client(_: int) -> None:
        headers = {"Authorization": basic(system.credential), "Content-Type": "application/json"}
        with httpx.Client(base_url=system.running.api_url, headers=headers, timeout=60) as http:
            while time.monotonic() < until:
                statuses[http.post("/events", content=body).status_code] += 1

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    peak = int(re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{popen.pid}/status").read_text())[0]) / 1000
    print(f"{name}: {len(body) / MIB:.1f} MiB, {estimate(body) / MIB:.0f} reserved, {dict(statuses)}, {peak:.0f} MB")  # noqa: T201 - the figure
    assert set(statuses) <= {200, 400, 429, 503}
    assert statuses[200] + statuses[400] > 0
    assert peak < MOST_MEGABYTES
