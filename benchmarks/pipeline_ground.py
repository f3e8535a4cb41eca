"""The ground on which pipelines are compared: one server, one loaded town that each run gets a copy of, and meters."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx
import psutil
import psycopg
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import make_url

from benchmarks.pipeline_traffic import Batch, town
from config import settings as configuration
from config.settings import PREFIX, Settings
from lms.files.bundle import Bundle
from models import database, databases, loading, migrate, sources
from models.sources import Credential
from workers import embedded

TEMPLATE = "town"
SENDERS = 4
"""Connections that send at once, as several of Moodle's cron processes do."""
AFTER_THE_TERM = "2026-12-01 12:00Z"
POLL_SECONDS = 0.1
"""How often it is asked whether all is applied: the asking costs the server too, and is counted with its work."""
SETTLE_SECONDS = 600.0
PATH = "/xapi/statements"
LOOP = 20_000
"""Turns of the fixed loop by which the machine's pace is told: about a millisecond, twice a second."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A server with a loaded town, and what its Moodle logs in with."""

    chosen: Settings
    credential: Credential
    postmaster: int

    def copy(self, name: str) -> Settings:
        """Return settings with a fresh copy of the town's database."""
        plain = make_url(self.chosen.database_url_text()).set(drivername="postgresql")
        with psycopg.connect(
            plain.set(database="postgres").render_as_string(hide_password=False), autocommit=True
        ) as c:
            c.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            c.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        url = make_url(self.chosen.database_url_text()).set(database=name).render_as_string(hide_password=False)
        return self.chosen.model_copy(update={"database_url": SecretStr(url)})


def plain_url(url: str, name: str | None = None) -> str:
    """Return a database's address as psycopg reads it, of the database `name` on the same server where given."""
    found = make_url(url).set(drivername="postgresql")
    return (found if name is None else found.set(database=name)).render_as_string(hide_password=False)


@contextmanager
def prepared(folder: Path, *, classes: int) -> Iterator[Ground]:
    """Have PostgreSQL and Valkey running, and a town of so many classes loaded.

    The server keeps the time of each commit, which tells when an event's effect could be seen.
    """
    embedded.start(folder, broker=False)
    servers = embedded.start(folder)
    with psycopg.connect(
        make_url(servers.database_url).set(drivername="postgresql").render_as_string(False), autocommit=True
    ) as c:
        c.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    embedded.stop(folder)
    servers = embedded.start(folder)
    try:
        at = make_url(servers.database_url).set(database=TEMPLATE).render_as_string(hide_password=False)
        chosen = Settings(
            database_url=SecretStr(at), broker_url=SecretStr(servers.broker_url), data_dir=folder, log_level="WARNING"
        )
        yield _loaded(chosen, classes=classes)
    finally:
        embedded.stop(folder)


def _loaded(chosen: Settings, *, classes: int) -> Ground:
    (given,) = load(chosen, [town(classes)])
    with in_force(chosen), database.transaction() as session:
        pid = session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one()
        postmaster = psutil.Process(pid).ppid()
    return Ground(chosen, given, postmaster)


def load(chosen: Settings, bundles: Sequence[Bundle]) -> list[Credential]:
    """Make the database that `chosen` names, load a school of each bundle, and return their Moodles' credentials."""
    here = make_url(chosen.database_url_text())
    server = here.set(database="postgres").render_as_string(hide_password=False)
    databases.recreate(server, name=here.database or TEMPLATE)
    migrate.upgrade(chosen.database_url_text())
    given = []
    with in_force(chosen):
        for bundle in bundles:
            school = next(iter(bundle.schools))
            with database.transaction() as session:
                loading.load(session, school, bundle)
                key = chosen.secret_key_bytes()
                given.append(sources.add(session, "moodle", format="moodle", secret_key=key, school=school, surveys=[]))
        with database.transaction() as session:
            ahead = text("INSERT INTO souschef.clock_offset VALUES (true, CAST(:moment AS timestamptz) - now())")
            session.connection().execute(ahead, {"moment": AFTER_THE_TERM})
    settle(chosen.database_url_text())
    return given


def settle(url: str) -> None:
    """Let the server do now what it would do later: statistics, dead rows, and what is not on the disk yet.

    Raises:
        TimeoutError: its autovacuum is still at work after `SETTLE_SECONDS`.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
        question = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'autovacuum worker')"
        while connection.execute(question).fetchone() == (True,):
            if time.monotonic() > deadline:
                raise TimeoutError(f"autovacuum is still at work after {SETTLE_SECONDS:.0f} s")
            time.sleep(1.0)


@contextmanager
def in_force(chosen: Settings) -> Iterator[None]:
    """Let this process, and those that it starts, read `chosen` as their settings."""
    before = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    os.environ.update(chosen.environment())
    configuration.settings.cache_clear()
    try:
        yield
    finally:
        database.close()
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            del os.environ[name]
        os.environ.update(before)
        configuration.settings.cache_clear()


@dataclass(slots=True)
class Meter:
    """CPU seconds and memory of the processes of a run, told apart by what they are for."""

    roots: dict[str, int]
    """The first process of each part, by its name."""
    peak_bytes: dict[str, int] = field(default_factory=dict)
    """The most memory that any one process of a part held."""
    _loops: list[float] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def cpu_seconds(self) -> dict[str, float]:
        """Return what each part has used so far, children that have ended included."""
        return {name: sum(map(_cpu, _tree(pid))) for name, pid in self.roots.items()}

    def loop_us(self) -> float:
        """Return what the fixed loop has cost on average: how fast the machine was meanwhile."""
        return 1e6 * sum(self._loops) / len(self._loops) if self._loops else math.nan

    def forget_loops(self) -> None:
        """Begin the loop's average anew."""
        self._loops.clear()

    def __enter__(self) -> Self:
        """Begin to watch memory, and the machine's pace."""
        self._thread = threading.Thread(target=self._watch, name="meter", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.5):
            self._loops.append(_loop_seconds())
            for name, pid in self.roots.items():
                for process in _tree(pid):
                    with suppress(psutil.Error):
                        used = process.memory_info().rss
                        self.peak_bytes[name] = max(self.peak_bytes.get(name, 0), used)


def _loop_seconds() -> float:
    """Return the CPU seconds that a fixed loop takes now, beside whatever else the machine does."""
    before, total = time.thread_time(), 0
    for number in range(LOOP):
        total += number
    return time.thread_time() - before


def _tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


@dataclass(slots=True)
class Sent:
    """What was sent, and when each event's request was answered with 200."""

    answered_at: dict[bytes, float] = field(default_factory=dict)
    """Unix seconds by the event's key."""
    refused: int = 0


def send(batches: Sequence[Batch], *, door: str, credentials: Sequence[Credential], rate: float | None = None) -> Sent:
    """Send requests over several connections at once; with `rate`, so many requests a second over all of them.

    Where there are several credentials, they take turns.
    """
    sent, begin = Sent(), time.monotonic()
    lock = threading.Lock()
    waiting = iter(list(enumerate(batches)))

    def work() -> None:
        with httpx.Client(base_url=door, timeout=120.0) as client:
            while True:
                with lock:
                    number, batch = next(waiting, (-1, None))
                if batch is None:
                    return
                if rate is not None:
                    time.sleep(max(0.0, begin + number / rate - time.monotonic()))
                _post(client, batch, credentials[number % len(credentials)], sent)

    with ThreadPoolExecutor(SENDERS) as pool:
        for future in [pool.submit(work) for _ in range(SENDERS)]:
            future.result()
    return sent


def _post(client: httpx.Client, batch: Batch, credential: Credential, sent: Sent) -> None:
    auth = (credential.key, credential.secret)
    headers = {"Content-Type": "application/json", "X-Experience-API-Version": "1.0.3"}
    while (answer := client.post(PATH, content=batch.body, headers=headers, auth=auth)).status_code in (429, 503):
        sent.refused += 1
        time.sleep(float(answer.headers.get("Retry-After", "1")))
    answer.raise_for_status()
    now = time.time()
    for key in batch.keys:
        sent.answered_at[key] = now


def wait_until_applied(url: str, *, seconds: float) -> None:
    """Return when no event waits any more.

    Raises:
        TimeoutError: some still wait after `seconds`.
    """
    deadline = time.monotonic() + seconds
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        # By the index of what waits: the table may have been analysed while all of it did.
        connection.execute("SET enable_seqscan = off")
        question = "SELECT EXISTS (SELECT FROM souschef.inbox WHERE state = 'pending')"
        while connection.execute(question).fetchone() == (True,):
            if time.monotonic() > deadline:
                raise TimeoutError(f"events still wait after {seconds:.0f} s")
            time.sleep(POLL_SECONDS)


def latencies(url: str, sent: Sent) -> list[float]:
    """Return the seconds from each event's 200 to the commit that made its effect visible, sorted."""
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        rows = connection.execute(
            "SELECT key, extract(epoch FROM pg_xact_commit_timestamp(xmin))::double precision FROM souschef.inbox"
        ).fetchall()
    return sorted(at - sent.answered_at[key] for key, at in rows if key in sent.answered_at)
