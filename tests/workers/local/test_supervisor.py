"""Everything on one machine: it starts, is kept running, and leaves nothing behind."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from socket import create_server, socket

import httpx
import psutil
import psycopg
import pytest
import redis

from config import settings as configuration
from config.errors import BrokerUnreachableError, Exit, PortTakenError, ProcessNotStartedError
from config.local_servers import read_state
from config.settings import Settings
from models import admin
from models.engine import DatabaseUnreachableError
from tests.conftest import administer, beside
from tests.parameters import first_of
from workers.local import watchdog
from workers.local.embedded import servers
from workers.local.embedded.process import processes_in, server_port
from workers.local.supervisor import running
from workers.preflight import AlreadyRunningError, UnusablePortError

pytestmark = [pytest.mark.flow, pytest.mark.timeout(400)]
ROOT = Path(__file__).parents[3]
DROP = "DROP DATABASE souschef WITH (FORCE)"


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of its own, no address set; afterwards nothing runs in it."""
    for name in list(os.environ):
        if name.startswith("SOUSCHEF_"):
            monkeypatch.delenv(name)
    path = Path(tempfile.mkdtemp(prefix="souschef-system-"))
    monkeypatch.setenv("SOUSCHEF_DATA_DIR", str(path / "data"))
    configuration.settings.cache_clear()
    yield path / "data"
    servers.stop(path / "data")
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


@pytest.mark.full
def test_a_process_that_hangs_is_started_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopped process still exists, and its port still accepts connections."""
    monkeypatch.setattr(watchdog, "PROBE_SECONDS", 0.5)
    monkeypatch.setattr(watchdog, "HUNG_SECONDS", 8.0)
    with running(processes=("api",), free_ports=True) as system:
        api = system.process("api")
        assert api.popen is not None
        time.sleep(3)  # it has answered once by now, and may be waited for
        os.kill(api.popen.pid, signal.SIGSTOP)
        until(lambda: api.starts == 2 and api.answers(), seconds=150)


@pytest.mark.full
def test_processes_follow_a_server_that_comes_back_on_another_port(folder: Path) -> None:
    with running(processes=("api",), free_ports=True) as system:
        old, api = system.broker_url, system.process("api")
        with taken(int(old.rsplit(":", 1)[1].split("/")[0]), folder):
            until(lambda: api.starts == 2 and api.answers(), seconds=90)
        assert api.popen is not None
        new = (read_state(folder) or {})["broker_url"]
        assert new != old
        assert psutil.Process(api.popen.pid).environ()["SOUSCHEF_BROKER_URL"] == new
        assert configuration.settings().broker_url_text() == new
        with redis.Redis.from_url(new) as client:
            assert client.ping()


@contextmanager
def taken(port: int, folder: Path) -> Iterator[None]:
    """Kill the broker and hold its port without listening, as an outgoing connection of the machine may."""
    with socket() as holder:
        while True:
            for process in processes_in(folder / "valkey", name="valkey-server"):
                process.kill()
            with suppress(OSError):
                holder.bind(("127.0.0.1", port))
                yield
                return
            time.sleep(0.01)


@pytest.mark.full
def test_everything_answers_is_restarted_when_it_exits_and_leaves_nothing(folder: Path) -> None:
    before = descendants()
    with running(free_ports=True, fresh_database="souschef_tried") as system:
        assert httpx.get(f"{system.api_url}/ready").json() == {"status": "ok", "database": "ok"}
        assert system.database_url.endswith("/souschef_tried")
        assert configuration.settings().database_url_text() == system.database_url
        assert len(system.worker_pids) >= 2  # the main process and at least one of the pool
        # A worker that is killed comes back, and so does a database that is killed.
        worker, main = system.process("worker"), system.worker_pids[0]
        os.kill(main, signal.SIGKILL)
        postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        until(lambda: worker.starts == 2 and worker.answers())
        assert system.worker_pids[0] != main

        def ready() -> bool:
            return httpx.get(f"{system.api_url}/ready").status_code == 200

        until(ready)
        with psycopg.connect(system.database_url.replace("+psycopg", "")) as connection:
            found = connection.execute("SELECT count(*) FROM souschef.migration").fetchone()
        assert found == (1,)
        started = time.monotonic()
    assert time.monotonic() - started < 40
    until(lambda: descendants() <= before)
    assert "SOUSCHEF_DATABASE_URL" not in os.environ


@pytest.mark.usefixtures("folder")
def test_a_fresh_database_has_its_tables_also_where_no_process_is_started() -> None:
    """As `make explanations` runs the example school, in one process."""
    with running(processes=(), fresh_database="souschef_tried") as system:
        admin.check(system.database_url)


@pytest.mark.usefixtures("folder")
def test_a_second_one_in_the_same_folder_is_refused() -> None:
    with running(processes=()), pytest.raises(AlreadyRunningError, match="souschef stop"), running(processes=()):
        pass
    with running(processes=()):  # the lock went with its holder
        pass


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("process", "setting"), [("api", "SOUSCHEF_WEB_PORT"), ("flower", "SOUSCHEF_FLOWER_PORT")])
def test_a_taken_port_is_one_sentence_with_a_hint(process: str, setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv(setting, str(port))
        configuration.settings.cache_clear()
        with pytest.raises(PortTakenError, match=f"Port {port}.*{setting}") as refused, running(processes=[process]):
            pass
    assert int(refused.value.exit_code) == int(Exit.PORT_TAKEN) == 3


@pytest.mark.usefixtures("folder")
def test_a_database_that_does_not_answer_is_said_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUSCHEF_DATABASE_URL", "postgresql://cook:pepper@127.0.0.1:1/school")
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", "redis://127.0.0.1:1/0")
    configuration.settings.cache_clear()
    with pytest.raises(DatabaseUnreachableError, match="SOUSCHEF_DATABASE_URL") as refused, running(processes=()):
        pass
    assert "pepper" not in str(refused.value)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("url", first_of(["redis://:pepper@127.0.0.1:1/0", "amqp://cook:pepper@127.0.0.1:1//"]))
def test_a_broker_that_does_not_answer_is_said_without_its_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", url)
    configuration.settings.cache_clear()
    started = time.monotonic()
    with pytest.raises(BrokerUnreachableError, match="SOUSCHEF_BROKER_URL") as refused, running(processes=()):
        pass
    assert time.monotonic() - started < 20
    assert int(refused.value.exit_code) == int(Exit.BROKER_UNREACHABLE) == 6
    assert "pepper" not in str(refused.value)


@pytest.mark.usefixtures("folder")
@pytest.mark.full
def test_a_process_that_does_not_start_is_reported_with_the_end_of_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that is for documentation only is no machine's own; what has started is stopped again."""
    before = descendants()
    monkeypatch.setenv("SOUSCHEF_WEB_HOST", "203.0.113.1")
    configuration.settings.cache_clear()
    with (
        pytest.raises(ProcessNotStartedError, match=r"(?s)The process api ended.*api\.log.*203\.0\.113\.1") as failed,
        running(processes=["api", "beat"], free_ports=True),
    ):
        pass
    assert int(failed.value.exit_code) == int(Exit.NOT_STARTED) == 8
    assert descendants() <= before


@pytest.mark.usefixtures("folder")
def test_an_address_that_is_not_ours_is_said_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUSCHEF_WEB_HOST", "203.0.113.1")
    configuration.settings.cache_clear()
    with (
        pytest.raises(UnusablePortError, match=r"The API cannot listen on 203.*WEB_HOST or"),
        running(processes=["api"]),
    ):
        pass


def begin_up(folder: Path) -> subprocess.Popen[str]:
    ports = {"SOUSCHEF_WEB_PORT": str(server_port(0)), "SOUSCHEF_FLOWER_PORT": str(server_port(0))}
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
@pytest.mark.full
def test_up_ends_in_order_and_leaves_nothing(ending: str, folder: Path) -> None:
    process = begin_up(folder)
    family = psutil.Process(process.pid).children(recursive=True)
    assert {"postgres", "valkey-server"} <= {member.name() for member in family}
    if ending == "souschef stop":
        subprocess.run([ROOT / "bin" / "souschef", "stop"], check=True, stdout=subprocess.DEVNULL)
    else:
        process.send_signal(signal.SIGINT)
    assert process.wait(timeout=40) == (130 if ending == "SIGINT" else 0)
    assert process.communicate()[1].strip().endswith("Everything is stopped.")
    until(
        lambda: not any(member.is_running() and member.status() != psutil.STATUS_ZOMBIE for member in family), seconds=1
    )


@pytest.mark.full
def test_servers_stay_up_while_their_database_is_created_again(folder: Path) -> None:
    """A restore drops it as soon as the address is there, which is before everything is up.

    Mutant: `admin.check_connection` there finds no database, and stops the servers in the middle of the restore.
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


@pytest.mark.full
def test_a_killed_supervisor_leaves_nothing_behind_for_ever(folder: Path) -> None:
    """The processes and the servers get a signal from the kernel, and a new start finds everything in order."""
    process = begin_up(folder)
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(family, timeout=40)
    assert alive == []
    with running(processes=()) as system, psycopg.connect(system.database_url.replace("+psycopg", "")):
        pass


@pytest.mark.full
def test_settings_are_those_that_were_given_not_those_of_the_environment(folder: Path) -> None:
    other = folder.parent / "other"
    with running(Settings(data_dir=other), processes=()) as system:
        assert system.data_dir == configuration.settings().data_dir == other
    assert configuration.settings().data_dir == folder
