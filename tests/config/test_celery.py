"""The Celery app: what it is set to, and a doorbell that troubles nobody."""

import base64
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import create_server
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import redis
from structlog.testing import capture_logs

import config.celery
from config import settings as configuration
from config.bell import Bells
from config.celery import TASKS, TaskBroke, app, job, tell, wake
from config.celery import configuration as celery_settings
from workers import embedded
from workers.embedded import Servers

ROOT = Path(__file__).parents[2]


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """Celery's settings for the broker that is the test's parameter; nothing of it stays behind."""
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", request.param)
    configuration.settings.cache_clear()
    yield celery_settings()
    configuration.settings.cache_clear()


@pytest.mark.parametrize("found", ["redis://127.0.0.1:1/0", "amqp://guest@127.0.0.1:1//"], indirect=True)
def test_a_message_is_json_acknowledged_late_and_nothing_waits_for_its_result(found: dict[str, Any]) -> None:
    assert (found["accept_content"], found["task_serializer"]) == (["json"], "json")
    assert found["task_acks_late"]
    assert found["task_reject_on_worker_lost"]
    assert found["result_backend"] is None
    assert found["task_soft_time_limit"] < found["task_time_limit"]
    assert set(found["task_routes"]) == set(TASKS)
    assert [queue.name for queue in found["task_queues"]] == ["souschef"]


@pytest.mark.parametrize("found", ["amqp://guest@127.0.0.1:1//"], indirect=True)
def test_rabbitmq_gets_quorum_queues(found: dict[str, Any]) -> None:
    assert found["task_default_queue_type"] == "quorum"
    assert found["task_queues"][0].queue_arguments == {"x-queue-type": "quorum"}
    assert "visibility_timeout" not in found["broker_transport_options"]


@pytest.mark.parametrize("found", ["redis://127.0.0.1:1/0"], indirect=True)
def test_redis_brings_a_lost_message_back_before_the_next_lease_ends(found: dict[str, Any]) -> None:
    options = found["broker_transport_options"]
    # Twice the task limit of 30 s: shorter, a message would come back while its task still runs.
    assert options["visibility_timeout"] == 60 >= 2 * found["task_time_limit"]
    assert options["global_keyprefix"] == "souschef:"


@pytest.mark.parametrize("found", ["redis://127.0.0.1:1/0"], indirect=True)
def test_celery_knows_every_setting_that_we_give_it(found: dict[str, Any]) -> None:
    """A misspelt name would be taken in silence."""
    from celery.app.defaults import NAMESPACES, flatten

    known = {name for name, _ in flatten(NAMESPACES)}
    assert found.keys() - known == set()
    assert {"worker_prefech_multiplier"} - known  # the mutant: such a name is found out


def test_nothing_is_eager_anywhere() -> None:
    mentions = [
        path
        for folder in ("config", "tasks", "workers", "web", "models")
        for path in (ROOT / folder).rglob("*.py")
        if "task_always_eager=" in path.read_text() or 'task_always_eager"' in path.read_text()
    ]
    assert mentions == []


def test_importing_the_app_opens_and_reads_nothing(tmp_path: Path) -> None:
    """Even with a setting that would be refused, and no broker anywhere."""
    script = "import config.celery as c, sys; assert not c.app.configured; assert 'sqlalchemy' not in sys.modules"
    environment = {"PYTHONPATH": str(ROOT), "SOUSCHEF_NONSENSE": "x", "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True)


def test_a_task_must_be_routed() -> None:
    with pytest.raises(ValueError, match="assesment_completed"):
        job("assesment_completed")


def test_an_old_worker_takes_a_new_versions_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keywords that it does not know are dropped; those that it knows arrive, keyword-only ones too."""
    registered: dict[str, Any] = {}

    def task(name: str, **_: object) -> Callable[[Any], Any]:
        return lambda function: registered.setdefault(name, function)

    monkeypatch.setattr(app, "task", task)

    @job("sweep")
    def sweep(ids: list[int], *, again: bool = False) -> tuple[list[int], bool]:
        return ids, again

    assert registered["sweep"]([1, 2], again=True, since_version_9="x") == ([1, 2], True)
    assert registered["sweep"](ids=[3]) == ([3], False)
    assert sweep([4]) == ([4], False)  # the function itself came back
    with pytest.raises(TaskBroke, match="TypeError"):
        registered["sweep"](since_version_9="x")  # what it needs must still be there


def fresh_app(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put an app in place that has not read its settings yet."""
    made = config.celery.Celery("souschef")
    made.add_defaults(celery_settings)
    monkeypatch.setattr(config.celery, "_bells", Bells(lambda: made))


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("found", ["redis://127.0.0.1:1/0", "amqp://guest@127.0.0.1:1//"], indirect=True)
def test_a_bell_without_a_broker_is_unheard_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh_app(monkeypatch)
    started = time.monotonic()
    with capture_logs() as told:
        assert wake("sweep") is False
    assert [line["error"] for line in told] == ["OperationalError"]  # what is wrong, and not what came of that
    first = time.monotonic() - started
    started = time.monotonic()
    assert wake("assessment_completed", [1, 2]) is False  # the breaker: nobody tries
    assert time.monotonic() - started < 0.01
    assert first < 1.0


def test_a_bell_without_any_setting_is_unheard_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SOUSCHEF_BROKER_URL", raising=False)
    monkeypatch.setenv("SOUSCHEF_DATA_DIR", str(tmp_path))
    configuration.settings.cache_clear()
    fresh_app(monkeypatch)
    assert wake("sweep") is False
    configuration.settings.cache_clear()


def test_a_bell_rings_where_the_settings_point_now(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one process after the other: first at nobody, then at a broker, as after a restart with another address."""
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", "redis://127.0.0.1:1/0")
    configuration.settings.cache_clear()
    fresh_app(monkeypatch)
    assert wake("sweep") is False
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", servers.broker_url)
    configuration.settings.cache_clear()
    monkeypatch.setattr("config.bell.BREAKER_SECONDS", 0.0)
    with redis.Redis.from_url(servers.broker_url) as client:
        client.delete("souschef:souschef")  # what other tests rang for
        until(lambda: wake("assessment_completed", [1, 2]))
        [message] = [json.loads(raw) for raw in client.lrange("souschef:souschef", 0, -1)]
        client.delete("souschef:souschef")
    assert message["headers"]["task"] == "assessment_completed"
    assert json.loads(base64.b64decode(message["body"]))[0] == [[1, 2]]
    configuration.settings.cache_clear()


def test_a_bell_whose_broker_went_lets_go_of_its_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five restarts: nothing stays open to a broker that is gone, whatever else this process holds."""
    monkeypatch.setattr("config.bell.BREAKER_SECONDS", 0.0)
    fresh_app(monkeypatch)
    for _ in range(5):
        with embedded.running(tmp_path, database=False, durable=False) as found:
            monkeypatch.setenv("SOUSCHEF_BROKER_URL", found.broker_url)
            configuration.settings.cache_clear()
            until(lambda: wake("sweep"))
            assert sockets_to(found.broker_url)
        assert wake("sweep") is False
        assert sockets_to(found.broker_url) == 0
    configuration.settings.cache_clear()


def sockets_to(url: str) -> int:
    """Count what this process holds open to the port of an address."""
    port = urlsplit(url).port
    return sum(1 for socket in psutil.Process().net_connections() if socket.raddr and socket.raddr.port == port)


def until(true: Callable[[], bool], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def test_a_frozen_broker_holds_a_bell_up_for_seconds_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes the connection and never answers: the socket's timeout ends it."""
    with create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("SOUSCHEF_BROKER_URL", f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        configuration.settings.cache_clear()
        fresh_app(monkeypatch)
        started = time.monotonic()
        assert wake("sweep") is False
        assert time.monotonic() - started < 5.0
    configuration.settings.cache_clear()


def test_progress_of_nothing_that_runs_is_told_to_nobody() -> None:
    assert tell({"applied": 1}) is False


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("found", ["redis://127.0.0.1:1/0", "amqp://guest@127.0.0.1:1//"], indirect=True)
def test_progress_without_a_broker_costs_a_task_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a worker would: the task is said to run."""
    fresh_app(monkeypatch)
    request = SimpleNamespace(hostname="celery@here", id="0" * 32)
    monkeypatch.setattr(type(app), "current_task", SimpleNamespace(request=request))
    started = time.monotonic()
    assert tell({"applied": 1}) is False
    first = time.monotonic() - started
    started = time.monotonic()
    assert tell({"applied": 2}) is False  # the breaker: nobody tries
    assert time.monotonic() - started < 0.01
    assert first < 1.0
