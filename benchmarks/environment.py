"""Where pipelines are compared: one server, one loaded district that each run gets a copy of, and meters."""

from __future__ import annotations

import math
import tempfile
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

from benchmarks.traffic import Batch, synthetic_district
from config.settings import Settings, settings
from lms.files.bundle import Bundle
from models import admin, engine
from models.access import sources
from models.access.sources import Credential
from models.imports import load as imports
from workers.local.embedded import servers as embedded_servers
from workers.local.supervisor import running, settings_override

TEMPLATE = "town"
SENDERS = 4
"""Connections that send at once, as several of Moodle's cron processes do."""
AFTER_THE_TERM = "2026-12-01 12:00Z"
POLL_SECONDS = 0.1
"""How often to ask whether all is applied: the question costs the server too, and is counted with its work."""
AUTOVACUUM_TIMEOUT_SECONDS = 600.0
PATH = "/xapi/statements"
LOOP = 20_000
"""Turns of the fixed loop that measures the machine's pace: about a millisecond, twice a second."""


@dataclass(frozen=True, slots=True)
class BenchmarkEnvironment:
    """A server with a loaded district, and the credential of its Moodle."""

    settings: Settings
    credential: Credential
    postmaster: int

    def copy(self, name: str) -> Settings:
        """Return settings with a fresh copy of the district's database."""
        plain = make_url(self.settings.database_url_text()).set(drivername="postgresql")
        with psycopg.connect(
            plain.set(database="postgres").render_as_string(hide_password=False), autocommit=True
        ) as c:
            c.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            c.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        url = make_url(self.settings.database_url_text()).set(database=name).render_as_string(hide_password=False)
        return self.settings.model_copy(update={"database_url": SecretStr(url)})


def plain_url(url: str, name: str | None = None) -> str:
    """Return a database's address as psycopg reads it; with `name`, of that database on the same server."""
    found = make_url(url).set(drivername="postgresql")
    return (found if name is None else found.set(database=name)).render_as_string(hide_password=False)


@contextmanager
def running_environment(folder: Path, *, classes: int) -> Iterator[BenchmarkEnvironment]:
    """Run PostgreSQL and Valkey, with a district of so many classes loaded.

    The server keeps the time of each commit, which is when an event's effect could be seen.
    """
    embedded_servers.start(folder, broker=False)
    servers = embedded_servers.start(folder)
    with psycopg.connect(
        make_url(servers.database_url).set(drivername="postgresql").render_as_string(False), autocommit=True
    ) as c:
        c.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    embedded_servers.stop(folder)
    servers = embedded_servers.start(folder)
    try:
        at = make_url(servers.database_url).set(database=TEMPLATE).render_as_string(hide_password=False)
        settings = Settings(
            database_url=SecretStr(at), broker_url=SecretStr(servers.broker_url), data_dir=folder, log_level="WARNING"
        )
        yield _loaded(settings, classes=classes)
    finally:
        embedded_servers.stop(folder)


def _loaded(settings: Settings, *, classes: int) -> BenchmarkEnvironment:
    (credentials,) = load(settings, [synthetic_district(classes)])
    with settings_override(settings), engine.transaction() as session:
        pid = session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one()
        postmaster = psutil.Process(pid).ppid()
    return BenchmarkEnvironment(settings, credentials, postmaster)


def load(settings: Settings, bundles: Sequence[Bundle]) -> list[Credential]:
    """Make the database of the settings, load a school of each bundle, and return their Moodles' credentials."""
    here = make_url(settings.database_url_text())
    server = here.set(database="postgres").render_as_string(hide_password=False)
    admin.recreate(server, name=here.database or TEMPLATE)
    admin.upgrade(settings.database_url_text())
    credentials = []
    with settings_override(settings):
        for bundle in bundles:
            school = next(iter(bundle.schools))
            with engine.transaction() as session:
                imports.load(session, school, bundle)
                key = settings.secret_key_bytes()
                credentials.append(
                    sources.add(session, "moodle", format="moodle", secret_key=key, school=school, surveys=[])
                )
        with engine.transaction() as session:
            ahead = text("INSERT INTO souschef.clock_offset VALUES (true, CAST(:moment AS timestamptz) - now())")
            session.connection().execute(ahead, {"moment": AFTER_THE_TERM})
    vacuum_and_checkpoint(settings.database_url_text())
    return credentials


def vacuum_and_checkpoint(url: str) -> None:
    """Vacuum, analyse and checkpoint, so that the server does not do it during the measurement.

    Raises:
        TimeoutError: its autovacuum is still at work after `AUTOVACUUM_TIMEOUT_SECONDS`.
    """
    deadline = time.monotonic() + AUTOVACUUM_TIMEOUT_SECONDS
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
        question = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'autovacuum worker')"
        while connection.execute(question).fetchone() == (True,):
            if time.monotonic() > deadline:
                raise TimeoutError(f"autovacuum is still at work after {AUTOVACUUM_TIMEOUT_SECONDS:.0f} s")
            time.sleep(1.0)


@dataclass(slots=True)
class Meter:
    """CPU seconds and memory of the processes of a run, by what they are for."""

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
        """Start the loop's average again."""
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


def send(
    batches: Sequence[Batch],
    *,
    api_url: str,
    credentials: Sequence[Credential],
    rate: float | None = None,
    senders: int = SENDERS,
) -> Sent:
    """Send requests over several connections at once; with `rate`, so many requests a second over all of them.

    Where there are several credentials, they take turns.
    """
    sent, begin = Sent(), time.monotonic()
    lock = threading.Lock()
    waiting = iter(list(enumerate(batches)))

    def work() -> None:
        with httpx.Client(base_url=api_url, timeout=120.0) as client:
            while True:
                with lock:
                    number, batch = next(waiting, (-1, None))
                if batch is None:
                    return
                if rate is not None:
                    time.sleep(max(0.0, begin + number / rate - time.monotonic()))
                _post(client, batch, credentials[number % len(credentials)], sent)

    with ThreadPoolExecutor(senders) as pool:
        for future in [pool.submit(work) for _ in range(senders)]:
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


@contextmanager
def empty_database(name: str) -> Iterator[None]:
    """Have this process's settings point to an empty, migrated database of servers of its own, without a worker."""
    with tempfile.TemporaryDirectory(prefix="souschef-") as folder:
        own = settings().model_copy(update={"data_dir": Path(folder), "database_url": None, "broker_url": None})
        with running(own, processes=(), fresh_database=name):
            yield
