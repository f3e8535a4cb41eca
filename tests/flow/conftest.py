"""A system of its own in which one student has canaries for names."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config import settings as configuration
from config.settings import Settings
from models import engine
from models.imports import load
from tests.conftest import administer
from tests.flow.canary import Listener, school_of_canaries
from workers.cli import import_files
from workers.local.embedded import servers
from workers.local.embedded.servers import Servers
from workers.local.supervisor import RunningSystem, running

HARSH = (
    "log_statement = 'all'",
    "log_min_duration_statement = 0",
    "log_parameter_max_length_on_error = -1",
)


@pytest.fixture
def own_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    """A talkative PostgreSQL and a broker for this test alone."""
    with servers.running(tmp_path / "data", durable=False) as found:
        for line in HARSH:
            administer(found.database_url, f"ALTER SYSTEM SET {line}")
        administer(found.database_url, "SELECT pg_reload_conf()")
        for name in ("DATABASE_URL", "BROKER_URL"):
            monkeypatch.setenv(f"SOUSCHEF_{name}", getattr(found, name.lower()))
        monkeypatch.setenv("SOUSCHEF_DATA_DIR", str(found.data_dir))
        configuration.settings.cache_clear()
        yield found
        engine.close()
    configuration.settings.cache_clear()


@pytest.fixture
def listener(own_servers: Servers) -> Listener:
    return Listener(own_servers.broker_url)


@pytest.fixture
def canary_system(own_servers: Servers, listener: Listener, tmp_path: Path) -> Iterator[RunningSystem]:
    """All four processes, and the example school, in which one student has canaries for names."""
    assert listener
    settings = Settings(data_dir=own_servers.data_dir)
    with running(settings, free_ports=True) as found:
        with engine.transaction() as session:
            load.load(session, None, import_files.read(school_of_canaries(tmp_path / "school")))
        yield found
