"""An exchange with another server ends in its time, however slowly that server goes on answering."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest

from tasks.outbound import Bounds, exchange

ANSWERS = {
    "its first line": b"HTTP/1.1 200 OK and more words than anybody reads",
    "its headers": b"HTTP/1.1 200 OK\r\nX-Word: " + b"x" * 1_000,
    "a body of a known length": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b" " * 1_000,
    "a body until the end": b"HTTP/1.1 200 OK\r\n\r\n{}" + b" " * 1_000,
}
AT_ONCE = {"its headers": 17, "a body of a known length": 41, "a body until the end": 21}
"""How much of an answer comes before the server becomes slow."""
pytestmark = pytest.mark.timeout(60)


@contextmanager
def slow_server(answer: bytes, at_once: int) -> Iterator[tuple[str, threading.Event]]:
    """A server that sends a byte in a fifth of a second; the event is set when its client has gone."""
    listener = socket.create_server(("127.0.0.1", 0))
    gone, over = threading.Event(), threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(answer[:at_once])
            for byte in answer[at_once:]:
                if over.wait(0.2):
                    return
                connection.sendall(bytes([byte]))
        gone.set()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/keys", gone
    finally:
        over.set()
        thread.join()
        listener.close()


@pytest.mark.parametrize("part", ANSWERS)
def test_a_server_that_trickles_is_left_in_time(part: str) -> None:
    """It would take minutes for the whole, and is never silent for as long as the exchange may last."""
    with slow_server(ANSWERS[part], AT_ONCE.get(part, 0)) as (url, gone):
        with pytest.raises(httpx.ReadTimeout):
            exchange(url, private_allowed=True, bounds=Bounds(seconds=1.0, max_bytes=10_000))
        assert gone.wait(30)


def test_a_server_that_never_ends_its_handshake_is_left_in_time() -> None:
    """One byte of a TLS record after the other, whose length is a thousand."""
    with slow_server(b"\x16\x03\x03\x03\xe8" + b"\x02" * 1_000, 0) as (url, gone):
        with pytest.raises(httpx.HTTPError):
            exchange(
                url.replace("http://", "https://"), private_allowed=True, bounds=Bounds(seconds=1.0, max_bytes=10_000)
            )
        assert gone.wait(30)


def test_an_answer_in_time_is_read_to_its_end() -> None:
    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"keys": 1}'
    with slow_server(answer, len(answer)) as (url, _):
        assert exchange(url, private_allowed=True).document == {"keys": 1}
