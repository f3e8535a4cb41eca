"""A real HTTP server around the doors, with the database of the test behind it."""

import asyncio
import base64
import contextlib
import dataclasses
import socket
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest
import uvicorn
from sqlalchemy import text

from config.settings import settings
from lms.facts import EventKind
from models import database as store
from models import sources
from models.sources import Credential
from models.tables import School
from web.app import create_app
from web.bodies import Limits
from web.door import Door
from web.doorbell import Doorbell


@dataclasses.dataclass
class Served:
    """The doors at an address, and what they rang for."""

    url: str
    port: int
    rung: list[tuple[str, list[int]]]
    credential: Credential

    @property
    def basic(self) -> str:
        return basic(self.credential)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": self.basic}, timeout=30)


def basic(credential: Credential) -> str:
    return "Basic " + base64.b64encode(f"{credential.key}:{credential.secret}".encode()).decode()


@pytest.fixture
def add_source(database: str) -> Callable[..., Credential]:
    """Make sources of one school."""
    assert database
    with store.transaction() as session:
        session.add(School(ref="riverside", name="Riverside"))

    def add(name: str, format_: str, *, surveys: tuple[str, ...] = ()) -> Credential:
        with store.transaction() as session:
            key = settings().secret_key_bytes()
            return sources.add(session, name, format=format_, secret_key=key, surveys=surveys)

    return add


@contextlib.contextmanager
def serving(door: Door) -> Iterator[tuple[str, int]]:
    """Run the real server in a thread; the address is ready when it is yielded."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(door), log_config=None, access_log=False))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        thread.join(0.01)
    try:
        yield f"http://127.0.0.1:{port}", port
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture
def limits() -> Limits:
    """What a test may narrow."""
    return Limits()


@pytest.fixture
def served(add_source: Callable[..., Credential], limits: Limits) -> Iterator[Served]:
    """The doors with a Moodle that may send one survey."""
    rung: list[tuple[str, list[int]]] = []
    credential = add_source("moodle", "moodle", surveys=("FB-LIKE",))
    door = Door(limits=limits, doorbell=Doorbell(lambda task, ids, _: rung.append((task, ids))))
    with serving(door) as (url, port):
        yield Served(url, port, rung, credential)


@pytest.fixture
def inbox_rows(database: str) -> Callable[[], list[tuple[str, str, bytes]]]:
    """Read (kind, payload, key) of every inbox row, with SQL of the test's own."""
    assert database

    def rows() -> list[tuple[str, str, bytes]]:
        with store.transaction() as session:
            found = session.connection().execute(text("SELECT kind, payload, key FROM souschef.inbox ORDER BY id"))
            return [(str(EventKind(row[0])), row[1], bytes(row[2])) for row in found]

    return rows


@pytest.fixture
def door_counts(database: str) -> Callable[[], dict[str, int]]:
    """Read what was counted at the door, by outcome."""
    assert database

    def counts() -> dict[str, int]:
        with store.transaction() as session:
            found = session.connection().execute(
                text("SELECT outcome, sum(count) FROM souschef.door_count GROUP BY outcome")
            )
            return {row[0]: int(row[1]) for row in found}

    return counts
