"""Real servers for the tests: embedded ones on private ports, or those that SOUSCHEF_*_URL name."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from sqlalchemy.engine import make_url

from config import settings as configuration
from models import database, migrate
from workers import embedded
from workers.embedded import Servers

SET_DATABASE = os.environ.get("SOUSCHEF_DATABASE_URL")
SET_BROKER = os.environ.get("SOUSCHEF_BROKER_URL")
SECRET_KEY = "a key of the tests, long enough for them"


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
            embedded.running(folder / "data", database=not SET_DATABASE, broker=not SET_BROKER, durable=False) as found,
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
    migrate.upgrade(beside(servers.database_url, name))
    yield name
    administer(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(servers: Servers, template: str) -> Iterator[str]:
    """The address of a fresh, migrated database that is gone after the test."""
    yield from fresh(servers, template)


def fresh(servers: Servers, template: str) -> Iterator[str]:
    """Yield the address of a copy of a database, and drop it afterwards."""
    name = f"souschef_test_{secrets.token_hex(4)}"
    administer(servers.database_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield beside(servers.database_url, name)
    database.close()
    administer(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_settings(
    database_url: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[configuration.Settings]:
    """Settings that point to a fresh database, to the broker, and to a data folder of the test's own."""
    monkeypatch.setenv("SOUSCHEF_DATABASE_URL", database_url)
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", servers.broker_url)
    monkeypatch.setenv("SOUSCHEF_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("SOUSCHEF_SECRET_KEY", SECRET_KEY)
    configuration.settings.cache_clear()
    yield configuration.settings()
    database.close()
    configuration.settings.cache_clear()


@pytest.fixture(name="database")
def a_database(database_settings: configuration.Settings) -> str:
    """The address of a fresh, migrated database, which this process's settings point to."""
    return database_settings.database_url_text()
