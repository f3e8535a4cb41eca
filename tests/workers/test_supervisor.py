"""Everything on one machine: it starts, is kept running, and leaves nothing behind."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from socket import create_server

import httpx
import psutil
import psycopg
import pytest

from config import settings as configuration
from config.errors import BrokerUnreachable, Exit, NotStarted, PortTaken
from config.servers import read_state
from config.settings import Settings
from models.database import DatabaseUnreachable
from tests.conftest import administer, beside
from workers import embedded
from workers.private_server import port_for
from workers.supervisor import running
from workers.surroundings import AlreadyRunning, PortUnusable

pytestmark = pytest.mark.flow
ROOT = Path(__file__).parents[2]
DROP = "DROP DATABASE souschef WITH (FORCE)"


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of its own, no address set; afterwards nothing runs in it."""
    for name in list(os.environ):
        if name.startswith("SOUSCHEF_"):
            monkeypatch.delenv(name)
    path = Path(tempfile.mkdtemp(prefix="souschef-kitchen-"))
    monkeypatch.setenv("SOUSCHEF_DATA_DIR", str(path / "data"))
    configuration.settings.cache_clear()
    yield path / "data"
    embedded.stop(path / "data")
    configuration.settings.cache_clear()
    rmtree(path)


def until(true: Callable[[], bool], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def descendants() -> set[psutil.Process]:
    """What runs below this process; what has ended and waits to be reaped does not run."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE:
                found.add(child)
    return found


def test_everything_answers_is_restarted_when_it_falls_and_leaves_nothing(folder: Path) -> None:
    before = descendants()
    with running(free_ports=True, fresh_database="souschef_tried") as kitchen:
        assert httpx.get(f"{kitchen.door_url}/ready").json() == {"status": "ok", "database": "ok"}
        assert kitchen.database_url.endswith("/souschef_tried")
        assert configuration.settings().database_url_text() == kitchen.database_url
        assert len(kitchen.worker_pids) >= 2  # the main process and at least one of the pool
        # A worker that is killed comes back, and so does a database that is killed.
        worker, main = kitchen.process("worker"), kitchen.worker_pids[0]
        os.kill(main, signal.SIGKILL)
        postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        until(lambda: worker.starts == 2 and worker.answers())
        assert kitchen.worker_pids[0] != main

        def ready() -> bool:
            return httpx.get(f"{kitchen.door_url}/ready").status_code == 200

        until(ready)
        with psycopg.connect(kitchen.database_url.replace("+psycopg", "")) as connection:
            found = connection.execute("SELECT count(*) FROM souschef.migration").fetchone()
        assert found == (1,)
        started = time.monotonic()
    assert time.monotonic() - started < 40
    until(lambda: descendants() <= before)
    assert "SOUSCHEF_DATABASE_URL" not in os.environ


@pytest.mark.usefixtures("folder")
def test_a_second_one_in_the_same_folder_is_refused() -> None:
    with running(processes=()), pytest.raises(AlreadyRunning, match="souschef stop"), running(processes=()):
        pass
    with running(processes=()):  # the lock went with its holder
        pass


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("process", "setting"), [("door", "SOUSCHEF_WEB_PORT"), ("flower", "SOUSCHEF_FLOWER_PORT")])
def test_a_taken_port_is_one_sentence_and_its_mend(process: str, setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv(setting, str(port))
        configuration.settings.cache_clear()
        with pytest.raises(PortTaken, match=f"Port {port}.*{setting}") as refused, running(processes=[process]):
            pass
    assert refused.value.exit_code == Exit.PORT_TAKEN == 3


@pytest.mark.usefixtures("folder")
def test_a_database_that_does_not_answer_is_said_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUSCHEF_DATABASE_URL", "postgresql://cook:pepper@127.0.0.1:1/kitchen")
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", "redis://127.0.0.1:1/0")
    configuration.settings.cache_clear()
    with pytest.raises(DatabaseUnreachable, match="SOUSCHEF_DATABASE_URL") as refused, running(processes=()):
        pass
    assert "pepper" not in str(refused.value)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("url", ["redis://:pepper@127.0.0.1:1/0", "amqp://cook:pepper@127.0.0.1:1//"])
def test_a_broker_that_does_not_answer_is_said_without_its_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", url)
    configuration.settings.cache_clear()
    started = time.monotonic()
    with pytest.raises(BrokerUnreachable, match="SOUSCHEF_BROKER_URL") as refused, running(processes=()):
        pass
    assert time.monotonic() - started < 20
    assert refused.value.exit_code == Exit.BROKER_UNREACHABLE == 6
    assert "pepper" not in str(refused.value)


@pytest.mark.usefixtures("folder")
def test_a_process_that_does_not_start_is_told_with_the_end_of_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that is for documentation only is no machine's own; what has started is stopped again."""
    before = descendants()
    monkeypatch.setenv("SOUSCHEF_WEB_HOST", "203.0.113.1")
    configuration.settings.cache_clear()
    with (
        pytest.raises(NotStarted, match=r"(?s)The door ended.*door\.log.*203\.0\.113\.1") as failed,
        running(processes=["door", "beat"], free_ports=True),
    ):
        pass
    assert failed.value.exit_code == Exit.NOT_STARTED == 8
    assert descendants() <= before


@pytest.mark.usefixtures("folder")
def test_an_address_that_is_not_ours_is_said_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUSCHEF_WEB_HOST", "203.0.113.1")
    configuration.settings.cache_clear()
    with pytest.raises(PortUnusable, match=r"The door cannot listen on 203.*WEB_HOST or"), running(processes=["door"]):
        pass


def begin_up(folder: Path) -> subprocess.Popen[str]:
    ports = {"SOUSCHEF_WEB_PORT": str(port_for(0)), "SOUSCHEF_FLOWER_PORT": str(port_for(0))}
    process = subprocess.Popen(
        [ROOT / "bin" / "souschef", "up"],
        env={**os.environ, **ports, "SOUSCHEF_DATA_DIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "Everything is up" in line:
            break
    return process


@pytest.mark.parametrize("ending", ["SIGINT", "souschef stop"])
def test_up_ends_in_order_and_leaves_nothing(ending: str, folder: Path) -> None:
    process = begin_up(folder)
    family = psutil.Process(process.pid).children(recursive=True)
    assert {"postgres", "valkey-server"} <= {member.name() for member in family}
    if ending == "souschef stop":
        subprocess.run([ROOT / "bin" / "souschef", "stop"], check=True, stdout=subprocess.DEVNULL)
    else:
        process.send_signal(signal.SIGINT)
    assert process.wait(timeout=40) == 0
    assert process.communicate()[1].strip().endswith("Everything is stopped.")
    assert [member for member in family if member.is_running()] == []


def test_servers_alone_stay_while_their_database_is_made_anew(folder: Path) -> None:
    """Who restores drops it as soon as the address is there, which is before all is up.

    Mutant: `migrate.reach` there finds no database, and ends the servers in the middle of the restore.
    """
    process = subprocess.Popen(
        [ROOT / "bin" / "souschef", "up", "--servers"],
        env={**os.environ, "SOUSCHEF_DATA_DIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: (read_state(folder) or {}).get("database_url") is not None, seconds=60)
        administer(beside((read_state(folder) or {})["database_url"], "postgres"), DROP)
        assert process.stderr is not None
        assert any("Everything is up" in line for line in process.stderr)
        assert process.poll() is None
    finally:
        process.terminate()
        process.communicate()


def test_a_killed_supervisor_leaves_nothing_behind_for_ever(folder: Path) -> None:
    """The processes and the servers get a signal from the kernel, and a new start finds everything in order."""
    process = begin_up(folder)
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(family, timeout=40)
    assert alive == []
    with running(processes=()) as kitchen, psycopg.connect(kitchen.database_url.replace("+psycopg", "")):
        pass


def test_settings_are_those_that_were_given_not_those_of_the_environment(folder: Path) -> None:
    other = folder.parent / "other"
    with running(Settings(data_dir=other), processes=()) as kitchen:
        assert kitchen.data_dir == configuration.settings().data_dir == other
    assert configuration.settings().data_dir == folder
