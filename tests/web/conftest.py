"""A real HTTP server with the API, over the database of the test."""

import asyncio
import base64
import contextlib
import dataclasses
import socket
import threading
from collections.abc import Callable, Iterator
from typing import TypeAlias

import httpx
import pytest
import uvicorn
from sqlalchemy import text

from config.settings import settings
from lms.facts import EventKind
from models import engine as store
from models.access import sources
from models.access.sources import Credential
from models.tables import School
from web.app import create_app
from web.dependencies import ApiState
from web.in_flight import Limits
from web.notifier import WorkerNotifier

AddSource: TypeAlias = Callable[..., Credential]
"""Makes a source, by name and format."""


@dataclasses.dataclass
class RunningApi:
    """The API at an address, and the messages that it sent."""

    url: str
    port: int
    messages: list[tuple[str, list[int]]]
    credential: Credential

    @property
    def basic(self) -> str:
        return basic(self.credential)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": self.basic}, timeout=30)


def basic(credential: Credential) -> str:
    return "Basic " + base64.b64encode(f"{credential.key}:{credential.secret}".encode()).decode()


@pytest.fixture
def add_source(database_url: str) -> AddSource:
    """Make sources of one school."""
    assert database_url
    with store.transaction() as session:
        session.add(School(ref="riverside", name="Riverside"))

    def add(name: str, format_: str, *, surveys: tuple[str, ...] = ()) -> Credential:
        with store.transaction() as session:
            key = settings().secret_key_bytes()
            return sources.add(session, name, format=format_, secret_key=key, surveys=surveys)

    return add


def state_notifying(notify: Callable[[str, list[int], list[str]], object]) -> ApiState:
    """The API's state, whose notifications go to a function of the test; a busy machine makes it refuse nothing."""
    return ApiState(limits=Limits(wait_seconds=60, answer_seconds=60), notifier=WorkerNotifier(notify))


def flush(state: ApiState) -> None:
    """Wait until every notification so far has been sent."""
    state.notifier._thread.submit(int).result()


@contextlib.contextmanager
def serving(state: ApiState) -> Iterator[tuple[str, int]]:
    """Run the real server in a thread; the address is ready when it is yielded."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(state), log_config=None, access_log=False))
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
def api(add_source: AddSource, limits: Limits) -> Iterator[RunningApi]:
    """The API with a Moodle that may send one survey."""
    messages: list[tuple[str, list[int]]] = []
    credential = add_source("moodle", "moodle", surveys=("FB-LIKE",))
    state = ApiState(limits=limits, notifier=WorkerNotifier(lambda task, ids, _: messages.append((task, ids))))
    with serving(state) as (url, port):
        yield RunningApi(url, port, messages, credential)


@pytest.fixture
def inbox_rows(database_url: str) -> Callable[[], list[tuple[str, str, bytes]]]:
    """Read (kind, payload, key) of every inbox row, with SQL of the test's own."""
    assert database_url

    def rows() -> list[tuple[str, str, bytes]]:
        with store.transaction() as session:
            found = session.connection().execute(text("SELECT kind, payload, key FROM souschef.inbox ORDER BY id"))
            return [(str(EventKind(row[0])), row[1], bytes(row[2])) for row in found]

    return rows


@pytest.fixture
def api_counts(database_url: str) -> Callable[[], dict[str, int]]:
    """Read the API's counts, by outcome."""
    assert database_url

    def counts() -> dict[str, int]:
        with store.transaction() as session:
            found = session.connection().execute(
                text("SELECT outcome, sum(count) FROM souschef.door_count GROUP BY outcome")
            )
            return {row[0]: int(row[1]) for row in found}

    return counts
