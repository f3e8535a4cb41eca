"""The settings of the Celery app."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config import settings as configuration
from config.celery import TASKS
from config.celery import configuration as celery_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """Celery's settings for the broker that is the test's parameter."""
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

    existing = {name for name, _ in flatten(NAMESPACES)}
    assert found.keys() - existing == set()
    assert {"worker_prefech_multiplier"} - existing  # the mutant: such a name is found out


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
