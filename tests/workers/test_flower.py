"""The real Flower, started as its users know it: who may look, and what can be seen."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree

import httpx
import psutil
import pytest

from config import settings as configuration
from tasks.broker import enqueue
from tests.parameters import first_of
from workers.local.supervisor import RunningSystem, running

pytestmark = pytest.mark.flow


def until(true: Callable[[], bool], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def system() -> Iterator[RunningSystem]:
    """Flower and a worker, in a data folder of their own, behind a prefix as a proxy would have it."""
    folder = Path(tempfile.mkdtemp(prefix="souschef-flower-"))
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("SOUSCHEF_", "FLOWER_"))]:
            patch.delenv(name)
        patch.setenv("SOUSCHEF_DATA_DIR", str(folder / "data"))
        patch.setenv("SOUSCHEF_FLOWER_URL_PREFIX", "/flower")
        configuration.settings.cache_clear()
        with running(processes=["worker", "flower"], free_ports=True) as found:
            yield found
    configuration.settings.cache_clear()
    rmtree(folder)


@pytest.fixture
def visitor(system: RunningSystem) -> Iterator[httpx.Client]:
    """Somebody who knows the password."""
    with httpx.Client(base_url=system.flower_url, auth=(system.flower_user, system.flower_password)) as client:
        yield client


@pytest.mark.parametrize("page", first_of(["/", "/workers", "/tasks", "/broker", "/api/workers", "/api/tasks"]))
def test_nobody_looks_without_the_password(system: RunningSystem, visitor: httpx.Client, page: str) -> None:
    assert httpx.get(f"{system.flower_url}{page}").status_code == 401
    assert httpx.get(f"{system.flower_url}{page}", auth=(system.flower_user, "guessed")).status_code == 401
    assert visitor.get(page, follow_redirects=True).status_code == 200


def test_a_password_is_generated_and_readable_by_its_owner_only(system: RunningSystem) -> None:
    password_file = system.data_dir / "flower.password"
    assert password_file.read_text().strip() == system.flower_password
    assert len(system.flower_password) >= 32
    assert password_file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "deed",
    first_of(
        [
            "/api/worker/shutdown/{worker}",
            "/api/worker/pool/restart/{worker}",
            "/api/worker/pool/grow/{worker}",
            "/api/task/apply/sweep",
            "/api/task/async-apply/sweep",
            "/api/task/send-task/sweep",
            "/api/task/revoke/some-id",
        ]
    ),
)
def test_who_may_look_may_change_nothing(system: RunningSystem, visitor: httpx.Client, deed: str) -> None:
    [worker] = visitor.get("/api/workers", params={"refresh": 1}).json()
    before = system.worker_pids[0]
    refused = visitor.post(deed.format(worker=worker), json={"args": []})
    assert refused.status_code == 403
    assert system.worker_pids[0] == before
    assert system.process("worker").running


def test_it_listens_on_loopback_alone(system: RunningSystem) -> None:
    popen = system.process("flower").popen
    assert popen is not None
    listening = {
        connection.laddr.ip
        for connection in psutil.Process(popen.pid).net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


@pytest.mark.full
def test_a_tasks_result_shows_though_no_result_is_stored(visitor: httpx.Client) -> None:
    """It travels in the task's event: there is no result backend."""
    until(lambda: enqueue("sweep"))  # after a failure in an earlier test the broker client waits for two seconds
    until(lambda: any(task["state"] == "SUCCESS" for task in visitor.get("/api/tasks").json().values()))
    [done] = [task for task in visitor.get("/api/tasks").json().values() if task["state"] == "SUCCESS"]
    assert (done["name"], done["result"]) == ("sweep", "{'notified': 0}")
    assert (done["args"], done["kwargs"]) == ("()", "{}")
