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
from config.celery import wake
from workers.supervisor import Kitchen, running

pytestmark = pytest.mark.flow


def until(true: Callable[[], bool], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def kitchen() -> Iterator[Kitchen]:
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
def visitor(kitchen: Kitchen) -> Iterator[httpx.Client]:
    """Somebody who knows the password."""
    with httpx.Client(base_url=kitchen.flower_url, auth=(kitchen.flower_user, kitchen.flower_password)) as client:
        yield client


@pytest.mark.parametrize("page", ["/", "/workers", "/tasks", "/broker", "/api/workers", "/api/tasks"])
def test_nobody_looks_without_the_password(kitchen: Kitchen, visitor: httpx.Client, page: str) -> None:
    assert httpx.get(f"{kitchen.flower_url}{page}").status_code == 401
    assert httpx.get(f"{kitchen.flower_url}{page}", auth=(kitchen.flower_user, "guessed")).status_code == 401
    assert visitor.get(page, follow_redirects=True).status_code == 200


def test_a_password_was_made_and_is_kept_for_its_owner_alone(kitchen: Kitchen) -> None:
    kept = kitchen.data_dir / "flower.password"
    assert kept.read_text().strip() == kitchen.flower_password
    assert len(kitchen.flower_password) >= 32
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "deed",
    [
        "/api/worker/shutdown/{worker}",
        "/api/worker/pool/restart/{worker}",
        "/api/worker/pool/grow/{worker}",
        "/api/task/apply/sweep",
        "/api/task/async-apply/sweep",
        "/api/task/send-task/sweep",
        "/api/task/revoke/some-id",
    ],
)
def test_who_may_look_may_change_nothing(kitchen: Kitchen, visitor: httpx.Client, deed: str) -> None:
    [worker] = visitor.get("/api/workers", params={"refresh": 1}).json()
    before = kitchen.worker_pids[0]
    refused = visitor.post(deed.format(worker=worker), json={"args": []})
    assert refused.status_code == 403
    assert kitchen.worker_pids[0] == before
    assert kitchen.process("worker").running


def test_it_listens_on_loopback_alone(kitchen: Kitchen) -> None:
    popen = kitchen.process("flower").popen
    assert popen is not None
    listening = {
        connection.laddr.ip
        for connection in psutil.Process(popen.pid).net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_a_tasks_result_shows_though_no_result_is_stored(visitor: httpx.Client) -> None:
    """It travels in the task's event: there is no result backend."""
    until(lambda: wake("sweep"))  # a bell that an earlier test broke rests for two seconds
    until(lambda: any(task["state"] == "SUCCESS" for task in visitor.get("/api/tasks").json().values()))
    [done] = [task for task in visitor.get("/api/tasks").json().values() if task["state"] == "SUCCESS"]
    assert (done["name"], done["result"]) == ("sweep", "{'rung': 0}")
    assert (done["args"], done["kwargs"]) == ("()", "{}")
