"""The embedded servers: they start, are found again, stop, and come back after everything was killed."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from multiprocessing.pool import ThreadPool
from pathlib import Path
from shutil import rmtree
from socket import create_server

import psutil
import psycopg
import pytest
import redis

from config import local_servers
from config.errors import DataDirReadOnlyError
from workers.local.embedded import postgres, servers, valkey
from workers.local.embedded.process import SERVER_PORTS, load_identity, processes_in
from workers.local.embedded.servers import Servers

ROOT = Path(__file__).parents[4]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder with nothing in it, and afterwards nothing running in it."""
    path = Path(tempfile.mkdtemp(prefix="souschef-embedded-"))
    yield path / "data"
    servers.stop(path / "data")
    rmtree(path)


def start(folder: Path) -> Servers:
    return servers.start(folder, durable=False)


def answer(found: Servers) -> tuple[str, bool]:
    """Ask both servers something."""
    with psycopg.connect(found.database_url.replace("+psycopg", "")) as connection:
        row = connection.execute("SELECT current_database()").fetchone()
    with redis.Redis.from_url(found.broker_url) as client:
        return row[0] if row else "", bool(client.ping())


def everything_in(folder: Path) -> list[psutil.Process]:
    return [
        *processes_in(folder / "postgres", name="postgres"),
        *processes_in(folder / "valkey", name="valkey-server"),
    ]


def kill_everything_in(folder: Path) -> None:
    killed = everything_in(folder)
    for process in killed:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(killed, timeout=10)


def test_they_start_answer_are_used_again_and_stop(folder: Path) -> None:
    first = start(folder)
    assert answer(first) == ("souschef", True)
    assert first.started == ("postgres", "valkey")
    second = start(folder)
    assert (second.started, second.database_url, second.broker_url) == ((), first.database_url, first.broker_url)
    second.stop()  # it has started nothing, so it stops nothing
    assert answer(first) == ("souschef", True)
    first.stop()
    assert everything_in(folder) == []
    assert local_servers.read_state(folder) is None


def test_after_a_stop_the_data_and_the_addresses_are_the_same(folder: Path) -> None:
    found = start(folder)
    with psycopg.connect(found.database_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE spice (jar text)")
        connection.execute("INSERT INTO spice VALUES ('salt')")
    found.stop()
    again = start(folder)
    assert (again.database_url, again.broker_url) == (found.database_url, found.broker_url)
    with psycopg.connect(again.database_url.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT jar FROM spice").fetchall() == [("salt",)]


def test_they_come_back_after_everything_was_killed(folder: Path) -> None:
    """The lock file of PostgreSQL and our own state file are stale; the addresses are the same."""
    found = start(folder)
    kill_everything_in(folder)
    assert (folder / "postgres" / "postmaster.pid").exists()
    assert local_servers.read_state(folder) is not None
    again = start(folder)
    assert answer(again) == ("souschef", True)
    assert again.database_url == found.database_url


@pytest.mark.full
def test_orphans_of_a_killed_postmaster_do_not_hinder(folder: Path) -> None:
    """The main process is killed while a backend is at work: its children may outlive it for a while."""
    found = start(folder)
    with psycopg.connect(found.database_url.replace("+psycopg", "")):
        main = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(main, signal.SIGKILL)
        assert answer(start(folder)) == ("souschef", True)


@pytest.mark.full
def test_a_lock_file_that_names_another_living_process_is_stale(folder: Path) -> None:
    """After a restart of the machine any program may have the number: here it is the test's own."""
    start(folder)
    kill_everything_in(folder)
    lock = folder / "postgres" / "postmaster.pid"
    lines = lock.read_text().splitlines()
    lock.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert answer(start(folder)) == ("souschef", True)


@pytest.mark.full
def test_a_frozen_server_is_replaced(folder: Path) -> None:
    found = start(folder)
    [process] = processes_in(folder / "valkey", name="valkey-server")
    process.send_signal(signal.SIGSTOP)
    again = start(folder)
    assert again.started == ("valkey",)
    assert answer(again) == ("souschef", True)
    assert again.database_url == found.database_url


@pytest.mark.full
def test_a_port_that_somebody_took_meanwhile_is_exchanged(folder: Path) -> None:
    found = start(folder)
    found.stop()
    with create_server(("127.0.0.1", load_identity(folder).valkey_port)):
        again = start(folder)
        assert again.broker_url != found.broker_url
        assert answer(again) == ("souschef", True)


@pytest.mark.full
def test_an_interrupted_initialisation_starts_again(folder: Path) -> None:
    (folder / "postgres.new").mkdir(parents=True)
    (folder / "postgres.new" / "PG_VERSION").write_text("18\n")
    assert answer(start(folder)) == ("souschef", True)


def test_two_starters_at_once_start_one_of_each(folder: Path) -> None:
    """In two processes, because the lock is between processes."""
    script = (
        "import sys, pathlib; from workers.local.embedded import servers; "
        "found = servers.start(pathlib.Path(sys.argv[1]), durable=False); "
        "print(len(found.started), found.broker_url, flush=True); sys.stdin.read()"
    )

    def begin(_: int) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", script, folder], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    with ThreadPool(2) as pool:
        starters = pool.map(begin, range(2))
    outputs = [(process.stdout.readline().split() if process.stdout else []) for process in starters]
    for process in starters:
        process.communicate()
    assert sorted(words[0] for words in outputs) == ["0", "2"]
    assert outputs[0][1] == outputs[1][1]


def test_they_end_with_the_process_that_started_them(folder: Path) -> None:
    """Even where it is killed, which leaves it no time to stop anything."""
    script = (
        "import os, signal, sys, pathlib; from workers.local.embedded import servers; "
        "servers.start(pathlib.Path(sys.argv[1]), durable=False); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", script, folder], cwd=ROOT, check=False).returncode == -signal.SIGKILL
    _, alive = psutil.wait_procs(everything_in(folder), timeout=20)
    assert alive == []


def test_nobody_else_may_read_a_password_or_the_data(folder: Path) -> None:
    found = start(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("servers.json", "servers.identity.json", "valkey/valkey.conf"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    secret = load_identity(folder)
    commands = [" ".join(process.cmdline()) for process in everything_in(folder)]
    assert not any(word in line for line in commands for word in (secret.postgres_password, secret.valkey_password))
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(found.database_url.replace("+psycopg", "").replace(secret.postgres_password, "guessed"))
    with (
        redis.Redis.from_url(found.broker_url.replace(secret.valkey_password, "guessed")) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_they_listen_on_loopback_alone_and_evict_nothing(folder: Path) -> None:
    found = start(folder)
    listening = {
        connection.laddr.ip
        for process in everything_in(folder)
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}
    with redis.Redis.from_url(found.broker_url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


@pytest.mark.full
def test_a_durable_start_flushes_to_the_disk(folder: Path) -> None:
    found = servers.start(folder)
    with psycopg.connect(found.database_url.replace("+psycopg", "")) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    with redis.Redis.from_url(found.broker_url) as client:
        assert client.config_get("append*") | {"appendonly": "yes", "appendfsync": "everysec"} == client.config_get(
            "append*"
        )


def test_a_folder_that_cannot_be_written_is_said() -> None:
    with pytest.raises(DataDirReadOnlyError) as refused:
        servers.start(Path("/proc/souschef"))  # not even root can write there
    assert "SOUSCHEF_DATA_DIR" in refused.value.hint


def test_only_what_is_asked_for_is_started(folder: Path) -> None:
    with servers.running(folder, database=False, durable=False) as found:
        assert (found.started, found.database_url) == (("valkey",), "")
        assert postgres.answers(load_identity(folder)) is False
        assert valkey.answers(load_identity(folder)) is True
    assert everything_in(folder) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a home that nobody else may enter")
@pytest.mark.full
def test_root_may_keep_its_data_where_nobody_else_may_pass() -> None:
    """PostgreSQL runs as nobody; nothing above its folder is opened to others."""
    path = Path(tempfile.mkdtemp(prefix="souschef-root-"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    try:
        with servers.running(path / "deep" / "data", durable=False) as found:
            assert answer(found) == ("souschef", True)
            owners = {process.username() for process in processes_in(found.data_dir / "postgres", name="postgres")}
            assert owners == {"nobody"}
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    finally:
        rmtree(path)


@pytest.mark.full
def test_a_database_without_a_free_connection_runs_on_while_the_broker_is_started_again(folder: Path) -> None:
    found = start(folder)
    postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
    with ExitStack() as connections:
        with suppress(psycopg.OperationalError):
            while True:
                connections.enter_context(psycopg.connect(found.database_url.replace("+psycopg", "")))
        for process in processes_in(folder / "valkey", name="valkey-server"):
            process.kill()
        assert start(folder).started == (valkey.NAME,)
    assert psutil.Process(postmaster).is_running()
    assert answer(found) == ("souschef", True)


@pytest.mark.full
def test_servers_get_ports_that_no_outgoing_connection_takes(folder: Path) -> None:
    start(folder)
    identity = load_identity(folder)
    assert {identity.postgres_port, identity.valkey_port} <= set(SERVER_PORTS)


@pytest.mark.full
def test_no_server_may_leave_a_core_file(folder: Path) -> None:
    start(folder)
    for process in everything_in(folder):
        limits = Path(f"/proc/{process.pid}/limits").read_text().splitlines()
        assert [line.split()[4:6] for line in limits if line.startswith("Max core file size")] == [["0", "0"]]
