"""Messages to the broker: sent at once, or given up soon; a caller never waits long for a broken broker."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import create_server
from types import SimpleNamespace
from urllib.parse import urlsplit

import psutil
import pytest
import redis
from celery import Celery
from structlog.testing import capture_logs

from config import settings as configuration
from config.celery import app
from config.celery import configuration as celery_settings
from tasks import broker
from tasks.broker import PerProcessBrokerClient, enqueue
from tasks.progress import report_progress
from workers.local.embedded import servers as embedded_servers
from workers.local.embedded.servers import Servers

BROKERS = ["redis://127.0.0.1:1/0", "amqp://guest@127.0.0.1:1//"]
"""Addresses where no broker listens."""


@pytest.fixture
def broker_url(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """The broker that is the test's parameter, set for the test."""
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", request.param)
    configuration.settings.cache_clear()
    yield request.param
    configuration.settings.cache_clear()


def fresh_app(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a client with an app that has not read its settings yet."""
    app = Celery("souschef")
    app.add_defaults(celery_settings)
    monkeypatch.setattr(broker, "_clients", PerProcessBrokerClient(lambda: app))


@pytest.mark.usefixtures("broker_url")
@pytest.mark.parametrize("broker_url", BROKERS, indirect=True)
def test_sending_without_a_broker_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh_app(monkeypatch)
    started = time.monotonic()
    with capture_logs() as lines:
        assert enqueue("sweep") is False
    assert [line["error"] for line in lines] == ["OperationalError"]  # the cause, and no error that followed from it
    first = time.monotonic() - started
    started = time.monotonic()
    assert enqueue("assessment_completed", [1, 2]) is False  # within BREAKER_SECONDS nothing is tried
    assert time.monotonic() - started < 0.01
    assert first < 1.0


def test_sending_without_a_broker_setting_fails_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SOUSCHEF_BROKER_URL", raising=False)
    monkeypatch.setenv("SOUSCHEF_DATA_DIR", str(tmp_path))
    configuration.settings.cache_clear()
    fresh_app(monkeypatch)
    assert enqueue("sweep") is False
    configuration.settings.cache_clear()


def test_sending_follows_the_settings_of_the_moment(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """First to an address without a broker, then to a real one, as after a restart of the broker elsewhere."""
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", "redis://127.0.0.1:1/0")
    configuration.settings.cache_clear()
    fresh_app(monkeypatch)
    assert enqueue("sweep") is False
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", servers.broker_url)
    configuration.settings.cache_clear()
    monkeypatch.setattr("tasks.broker.BREAKER_SECONDS", 0.0)
    with redis.Redis.from_url(servers.broker_url) as client:
        client.delete("souschef:souschef")  # what other tests sent
        until(lambda: enqueue("assessment_completed", [1, 2]))
        [message] = [json.loads(raw) for raw in client.lrange("souschef:souschef", 0, -1)]
        client.delete("souschef:souschef")
    assert message["headers"]["task"] == "assessment_completed"
    assert json.loads(base64.b64decode(message["body"]))[0] == [[1, 2]]
    configuration.settings.cache_clear()


def test_the_sockets_of_a_stopped_broker_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over five restarts."""
    monkeypatch.setattr("tasks.broker.BREAKER_SECONDS", 0.0)
    fresh_app(monkeypatch)
    for _ in range(5):
        with embedded_servers.running(tmp_path, database=False, durable=False) as servers:
            monkeypatch.setenv("SOUSCHEF_BROKER_URL", servers.broker_url)
            configuration.settings.cache_clear()
            until(lambda: enqueue("sweep"))
            assert sockets_to(servers.broker_url)
        assert enqueue("sweep") is False
        assert sockets_to(servers.broker_url) == 0
    configuration.settings.cache_clear()


def sockets_to(url: str) -> int:
    """Count the open sockets of this process to the port of an address."""
    port = urlsplit(url).port
    return sum(1 for socket in psutil.Process().net_connections() if socket.raddr and socket.raddr.port == port)


def until(true: Callable[[], bool], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.05)


def test_a_frozen_broker_delays_sending_for_seconds_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that accepts the connection and never answers: the socket's timeout ends it."""
    with create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("SOUSCHEF_BROKER_URL", f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        configuration.settings.cache_clear()
        fresh_app(monkeypatch)
        started = time.monotonic()
        assert enqueue("sweep") is False
        assert time.monotonic() - started < 5.0
    configuration.settings.cache_clear()


def test_progress_outside_of_a_task_is_not_sent() -> None:
    assert report_progress({"applied": 1}) is False


@pytest.mark.usefixtures("broker_url")
@pytest.mark.parametrize("broker_url", BROKERS, indirect=True)
def test_progress_without_a_broker_does_not_delay_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a worker: Celery names a running task."""
    fresh_app(monkeypatch)
    request = SimpleNamespace(hostname="celery@here", id="0" * 32)
    monkeypatch.setattr(type(app), "current_task", SimpleNamespace(request=request))
    started = time.monotonic()
    assert report_progress({"applied": 1}) is False
    first = time.monotonic() - started
    started = time.monotonic()
    assert report_progress({"applied": 2}) is False  # within BREAKER_SECONDS nothing is tried
    assert time.monotonic() - started < 0.01
    assert first < 1.0
