"""Real servers for the tests: embedded ones on private ports, or those that SOUSCHEF_*_URL name."""

import os
import resource
import secrets
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from sqlalchemy.engine import make_url

from config import settings as configuration
from models import admin, engine
from tests.promises import names_shown
from workers.local.embedded import servers as embedded_servers
from workers.local.embedded.servers import Servers

SET_DATABASE = os.environ.get("SOUSCHEF_DATABASE_URL")
SET_BROKER = os.environ.get("SOUSCHEF_BROKER_URL")
SECRET_KEY = "a key of the tests, long enough for them"
MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, where the machine has one
MEMORY_BYTES = 2 * 1024**3
"""Left free there by all that the tests write at once."""
BEGAN = time.monotonic()


def pytest_configure() -> None:
    """Keep databases and temporary folders in memory, where there is room: a copied database costs a tenth there."""
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES:
        os.environ["TMPDIR"] = str(MEMORY)  # for child processes, the other workers of the run among them
        tempfile.tempdir = None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the files whose tests may take longest, so that none of them is the last to run alone.

    Each test has an id of its own: of two with the same id, a run by files would leave out one, and not say so.
    """
    for item in items:
        _, bracket, label = item.name.partition("[")
        if bracket and not item.nodeid.endswith("]"):  # schemathesis names an operation, and pytest's id leaves it out
            item._id = replace(item.id, params=label.removesuffix("]"))  # no public way
    twice = [found for found, count in Counter(item.nodeid for item in items).items() if count > 1]
    if twice:
        raise pytest.UsageError(f"These tests have one id: {', '.join(twice)}.")
    longest: Counter[Path] = Counter()
    for item in items:
        marker = item.get_closest_marker("timeout")
        limit = float(marker.args[0] if marker and marker.args else config.getini("timeout"))
        longest[item.path] = max(longest[item.path], round(limit))
    items.sort(key=lambda item: -longest[item.path])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end of a make target how long it took and what it covers."""
    if "SUITE" not in os.environ:
        return
    minutes, seconds = divmod(round(time.monotonic() - BEGAN), 60)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(each.ru_utime + each.ru_stime for each in used)
    ran = sum(len(terminalreporter.stats.get(outcome, [])) for outcome in ("passed", "failed"))
    name = os.environ["SUITE"]
    terminalreporter.section(name)
    terminalreporter.write_line(f"{ran:,} tests in {minutes} min {seconds:02} s, {cpu:,.0f} CPU seconds")
    terminalreporter.write_line(f"promises and laws that it shows: {' '.join(names_shown(name))}")
    terminalreporter.write_line("what is shown where: docs/results/tests.md")


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """A PostgreSQL and a broker for this run alone, or where the environment names servers, those."""
    if SET_DATABASE and SET_BROKER:
        with broker_of_our_own(SET_BROKER) as broker:
            yield Servers(configuration.Settings().database_url_text(), broker)
        return
    folder = Path(tempfile.mkdtemp(prefix="souschef-tests-"))
    try:
        with (
            embedded_servers.running(
                folder / "data", database=not SET_DATABASE, broker=not SET_BROKER, durable=False
            ) as found,
            broker_of_our_own(SET_BROKER or found.broker_url) as broker,
        ):
            yield Servers(
                configuration.Settings().database_url_text() if SET_DATABASE else found.database_url,
                broker,
                found.data_dir,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def broker_of_our_own(url: str) -> Iterator[str]:
    """An empty database of a Redis for this run alone, emptied afterwards; another broker as it is."""
    if not url.startswith("redis"):
        yield url
        return
    for number in range(15, -1, -1):
        address = urlsplit(url)._replace(path=f"/{number}").geturl()
        with redis.Redis.from_url(address) as client:
            if client.dbsize() == 0 and client.set("souschef-tests", "taken", nx=True, ex=86_400):
                break
    else:
        pytest.fail(f"All 16 databases of the broker at {urlsplit(url).hostname} hold something; empty one.")
    yield address
    with redis.Redis.from_url(address) as client:
        client.flushdb()


def administer(url: str, statement: str) -> None:
    """Run one statement that no transaction may hold, beside the database of the URL."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(statement.encode())


def beside(url: str, name: str) -> str:
    """Return the address of another database of the same server."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def template(servers: Servers) -> Iterator[str]:
    """The name of a migrated, empty database to copy."""
    name = f"souschef_template_{secrets.token_hex(4)}"
    administer(servers.database_url, f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    admin.upgrade(beside(servers.database_url, name))
    yield name
    administer(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def own_database(servers: Servers, template: str) -> Iterator[str]:
    """The address of a fresh, migrated database that is gone after the test."""
    yield from fresh(servers, template)


def fresh(servers: Servers, template: str) -> Iterator[str]:
    """Yield the address of a copy of a database, and drop it afterwards."""
    name = f"souschef_test_{secrets.token_hex(4)}"
    administer(servers.database_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield beside(servers.database_url, name)
    engine.close()
    administer(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_settings(
    own_database: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[configuration.Settings]:
    """Settings that point to a fresh database, to the broker, and to a data folder of the test's own."""
    monkeypatch.setenv("SOUSCHEF_DATABASE_URL", own_database)
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", servers.broker_url)
    monkeypatch.setenv("SOUSCHEF_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("SOUSCHEF_SECRET_KEY", SECRET_KEY)
    configuration.settings.cache_clear()
    yield configuration.settings()
    engine.close()
    configuration.settings.cache_clear()


@pytest.fixture
def database_url(database_settings: configuration.Settings) -> str:
    """The address of a fresh, migrated database, which this process's settings point to."""
    return database_settings.database_url_text()
