"""A head that does not come in time, or does not end, costs its connection; who talks in time keeps it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Iterator

import httpx
import pytest
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from tests.web.conftest import serving, state_notifying
from workers import head_limits

SECONDS = 0.4


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[int]:
    """An API that waits for a head for 0.4 s."""
    assert database_url
    for name in ("connection_made", "data_received", "connection_lost"):
        monkeypatch.setattr(AutoHTTPProtocol, name, getattr(AutoHTTPProtocol, name))  # undone after the test
    monkeypatch.setattr(head_limits, "HEAD_SECONDS", SECONDS)
    head_limits.install()
    with serving(state_notifying(lambda *_: None)) as (_, port):
        yield port


def closed_after(line: socket.socket) -> float:
    """Return after how many seconds the other side hung up."""
    began = time.monotonic()
    line.settimeout(5 * SECONDS)
    try:
        while line.recv(10_000):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - began


def is_closed_while(line: socket.socket, parts: Iterable[bytes], *, pause: float = 0.0) -> bool:
    """Return whether the other side hangs up while these are sent."""
    try:
        for part in parts:
            line.sendall(part)
            time.sleep(pause)
    except ConnectionError:
        return True
    return False


def test_silent_connections_and_half_heads_are_closed(port: int) -> None:
    """Before: 100 half heads and 1,500 silent connections were open after 40 s, and would be for ever."""
    lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
    for line in lines[::2]:
        line.sendall(b"POST /events HTTP/1.1\r\nHost: api\r\nX-")
    seconds = max(closed_after(line) for line in lines)
    for line in lines:
        line.close()
    assert seconds < 5 * SECONDS
    assert httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200


def test_a_trickled_head_of_a_later_request_is_closed_too(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(b"GET /health HTTP/1.1\r\nHost: api\r\n\r\n")
        assert line.recv(10_000).startswith(b"HTTP/1.1 200")
        line.sendall(b"GET /health HTTP/1.1\r\nX-A: ")
        began = time.monotonic()
        assert is_closed_while(line, (b"a" for _ in range(50)), pause=0.05)
        assert SECONDS <= time.monotonic() - began + 0.2 < 6 * SECONDS


def test_a_head_without_end_is_closed_before_it_fills_the_memory(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(b"GET /health HTTP/1.1\r\n")
        assert is_closed_while(line, (b"X-%d: %b\r\n" % (number, b"a" * 1_000) for number in range(2_000)))


def test_requests_on_one_connection_outlast_the_limit(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        until = time.monotonic() + 2 * SECONDS
        while time.monotonic() < until:
            assert client.get("/health").status_code == 200
            time.sleep(0.2)


def test_what_is_refused_before_its_end_still_gets_its_answer(port: int) -> None:
    """The rest of the body was taken for a head that is too long, and the answer went with the connection."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(b"POST /events HTTP/1.1\r\nHost: api\r\nContent-Length: 500000\r\n\r\n")
        time.sleep(SECONDS / 2)  # it is answered by now, as nobody may send without a credential
        for _ in range(50):
            line.sendall(b"x" * 10_000)
            time.sleep(0.002)
        assert line.recv(10_000).startswith(b"HTTP/1.1 401")


def test_the_rest_of_a_body_that_never_comes_is_not_awaited_for_ever(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_limits, "REST_SECONDS", SECONDS)
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(b"POST /events HTTP/1.1\r\nHost: api\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 1_000)
        assert line.recv(10_000).startswith(b"HTTP/1.1 401")
        line.sendall(b"x")
        assert closed_after(line) < 4 * SECONDS
