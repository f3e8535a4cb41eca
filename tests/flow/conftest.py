"""A kitchen of its own in which one student has canaries for names."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config import settings as configuration
from config.settings import Settings
from models import database, loading
from tests.conftest import administer
from tests.flow.canary import Listener, school_of_canaries
from workers import embedded, reading
from workers.embedded import Servers
from workers.supervisor import Kitchen, running

HARSH = (
    "log_statement = 'all'",
    "log_min_duration_statement = 0",
    "log_parameter_max_length_on_error = -1",
)


@pytest.fixture
def own_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    """A talkative PostgreSQL and a broker for this test alone."""
    with embedded.running(tmp_path / "data", durable=False) as found:
        for line in HARSH:
            administer(found.database_url, f"ALTER SYSTEM SET {line}")
        administer(found.database_url, "SELECT pg_reload_conf()")
        for name in ("DATABASE_URL", "BROKER_URL"):
            monkeypatch.setenv(f"SOUSCHEF_{name}", getattr(found, name.lower()))
        monkeypatch.setenv("SOUSCHEF_DATA_DIR", str(found.data_dir))
        configuration.settings.cache_clear()
        yield found
        database.close()
    configuration.settings.cache_clear()


@pytest.fixture
def listener(own_servers: Servers) -> Listener:
    return Listener(own_servers.broker_url)


@pytest.fixture
def canary_kitchen(own_servers: Servers, listener: Listener, tmp_path: Path) -> Iterator[Kitchen]:
    """All four processes, and the example school, in which one student has canaries for names."""
    assert listener
    chosen = Settings(data_dir=own_servers.data_dir)
    with running(chosen, free_ports=True) as found:
        with database.transaction() as session:
            loading.load(session, None, reading.read(school_of_canaries(tmp_path / "school")))
        yield found
