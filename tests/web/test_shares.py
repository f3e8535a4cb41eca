"""A sender whose bodies do not end takes its own share of the API's places and no other's."""

import contextlib
import select
import socket
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from tests.web.conftest import AddSource, basic, serving
from web.dependencies import ApiState
from web.in_flight import InFlight, Limits, Place
from web.notifier import WorkerNotifier
from web.problems import ProblemError

PATIENT = Limits(idle_seconds=60, total_seconds=60, wait_seconds=60, answer_seconds=60)
"""A slow sender keeps its places for longer than the test takes."""
SLOW = 300
"""More than all places of an API."""
SHARE, PLACES = 64, 256
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def patient(add_source: AddSource) -> Iterator[tuple[str, int]]:
    """An API that waits long for slow bodies."""
    state = ApiState(limits=PATIENT, notifier=WorkerNotifier(lambda _task, _ids, _requests: None))
    with serving(state) as address:
        yield address


@contextlib.contextmanager
def slow_bodies(port: int, *, path: str, headers: dict[str, str], size: int = 100) -> Iterator[list[socket.socket]]:
    """Connections that have sent a request's head and a part of its body."""
    lines = {"Host": "api", "Content-Type": "application/json", "Content-Length": str(size), **headers}
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(SLOW):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            connection.sendall(head.encode() + b"[")
            connections.append(connection)
        yield connections


def refusals(connections: list[socket.socket], *, number: int) -> Counter[str]:
    """Wait until so many connections are answered; return how often each status and code came."""
    found: Counter[str] = Counter()
    waiting, until = set(connections), time.monotonic() + 60
    while len(waiting) > len(connections) - number:
        assert time.monotonic() < until, found
        for connection in select.select(list(waiting), [], [], 1)[0]:
            waiting.remove(connection)
            answer = ""
            while not answer.endswith("}"):
                answer += connection.recv(65_536).decode()
            code = answer.partition('"code":"')[2].partition('"')[0]
            found[f"{answer.split()[1]} {code} {'retry-after' in answer.lower()}"] += 1
    return found


def test_a_source_with_hundreds_of_slow_bodies_leaves_places_for_others(
    patient: tuple[str, int], add_source: AddSource
) -> None:
    """300 for 256 places: 64 wait for their bodies, 236 are refused at once, and another source is served.

    That the API is full may be the answer while all of them are authenticated.
    """
    url, port = patient
    slow, other = add_source("slow", "canonical"), add_source("other", "canonical")
    with httpx.Client(base_url=url, timeout=60) as client:
        with slow_bodies(port, path="/events", headers={"Authorization": basic(slow)}) as connections:
            found = refusals(connections, number=SLOW - SHARE)
            assert set(found) <= {"429 too_many_at_once True", "503 overloaded True"}
            assert found["429 too_many_at_once True"] >= PLACES - SHARE
            assert client.post("/events", json=[], headers={"Authorization": basic(other)}).status_code == 200
            assert client.post("/events", json=[], headers={"Authorization": basic(slow)}).status_code == 429
        until = time.monotonic() + 60
        while client.post("/events", json=[], headers={"Authorization": basic(slow)}).status_code == 429:
            assert time.monotonic() < until, "its places are not free again"


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/canvas", {"Content-Type": "text/plain"}), ("/surveys", {"Typeform-Signature": "sha256=none"})],
)
def test_an_address_without_a_credential_has_a_share_too(
    patient: tuple[str, int], add_source: AddSource, path: str, headers: dict[str, str]
) -> None:
    """Where a signature is checked only once the body is there."""
    url, port = patient
    other = add_source("other", "canonical")
    with slow_bodies(port, path=path, headers=headers) as connections:
        assert refusals(connections, number=SLOW - SHARE) == {"429 too_many_at_once True": SLOW - SHARE}
        answer = httpx.post(f"{url}/events", json=[], headers={"Authorization": basic(other)}, timeout=60)
        assert answer.status_code == 200


def place_for(sender: int, in_flight: InFlight, limits: Limits) -> Place:
    found = Place(in_flight, limits)
    found.enter()
    found.belongs_to(sender)
    return found


def test_a_sender_fills_its_share_of_the_memory_for_bodies_alone() -> None:
    """A sender alone has half of 64 bytes: 20 and 12 fit, the next byte does not; another one has room."""
    in_flight, limits = InFlight(), Limits(buffered_bytes=64, small_bytes=0)
    first, second, third = (place_for(sender, in_flight, limits) for sender in (1, 1, 2))
    with first.buffering(), second.buffering():
        first.count_bytes(20)
        second.count_bytes(12)
        with pytest.raises(ProblemError, match="too_many_at_once"):
            second.count_bytes(1)
        with third.buffering():
            third.count_bytes(31)
            fourth = place_for(3, in_flight, limits)
            with fourth.buffering(), pytest.raises(ProblemError, match="overloaded"):
                fourth.count_bytes(1)
    with first.buffering():
        first.count_bytes(1_000)  # the only one may be larger than a share
    for each in (first, second, third, fourth):
        each.leave()
    assert in_flight == InFlight()


def test_a_small_body_is_taken_whatever_large_ones_hold() -> None:
    in_flight, limits = InFlight(), Limits(buffered_bytes=64, small_bytes=4)
    large, small = place_for(1, in_flight, limits), place_for(2, in_flight, limits)
    with large.buffering(), small.buffering():
        large.count_bytes(64)
        small.count_bytes(4)
        with pytest.raises(ProblemError, match="overloaded"):
            small.count_bytes(1)


@pytest.mark.parametrize("senders", [1, 2, 4, 9, 40])
def test_however_many_senders_take_what_they_can_there_is_room_for_one_more(senders: int) -> None:
    """Each tries to have all places, in turns; one alone has its 64, and 40 have six each."""
    in_flight, limits = InFlight(), Limits(sender_requests=SHARE)

    def fill(sender: int) -> None:
        tried = Place(in_flight, limits)
        tried.enter()
        try:
            tried.belongs_to(sender)
        except ProblemError:
            tried.leave()

    for _ in range(PLACES):
        for sender in range(senders):
            fill(sender)
    each = list(in_flight.requests_of.values())
    assert len(each) == senders
    assert min(SHARE, PLACES // (senders + 1)) - 1 <= min(each) <= max(each) <= SHARE
    place_for(senders, in_flight, limits)
