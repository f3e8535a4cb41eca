"""The parts of a deployment on several hosts; ours are started by the commands of `deploy/systemd`."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

from tests.chaos.accounting import wait_until
from tests.hosts.network import ADDRESSES, Network, end
from workers.local.embedded.program_files import programs, programs_for

ROOT = Path(__file__).parents[2]
PASSWORD = "word-of-the-hosts"
"""Of servers that only this run can reach."""
SECRET_KEY = "a key of the hosts, long enough for all of them"
DATABASE = f"postgresql://souschef:{PASSWORD}@{ADDRESSES['primary']}:5432/souschef"
BROKER = f"amqp://guest:guest@{ADDRESSES['broker']}:5672//"
PROXY = f"http://{ADDRESSES['proxy']}:8484"
SERVER_USER = "nobody"
"""PostgreSQL refuses to run as root."""
POSTGRES = {
    "listen_addresses": "*",
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "log_min_error_statement": "panic",
    "wal_sender_timeout": "10s",
    "wal_receiver_timeout": "10s",
}
HAPROXY = """
global
    maxconn 400
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 6s
    timeout http-request 10s
    retries 2
    option redispatch
frontend api
    bind :8484
    default_backend hosts
backend hosts
    option httpchk GET /ready
    default-server check inter 1s fall 2 rise 1
    server api1 {api1}:8484
    server api2 {api2}:8484
"""
RABBITMQ = "loopback_users = none\nlisteners.tcp.default = 5672\n"


@dataclass(slots=True)
class Part:
    """One program on one host."""

    host: str
    command: list[str | Path]
    env: Mapping[str, str]
    answers: Callable[[], bool]
    folder: Path | None = None
    kill_signal: int = signal.SIGKILL
    heartbeat: Path | None = None
    """The file that says it runs; an older one of its own is removed before it starts."""
    popen: subprocess.Popen[bytes] | None = None

    def start(self, net: Network, logs: Path) -> None:
        """Start it and wait until it answers."""
        self.begin(net, logs)
        wait_until(self.answers, seconds=90, what=f"{self.host} answers; see {logs}/{self.host}.log")

    def begin(self, net: Network, logs: Path) -> None:
        """Start it."""
        if self.heartbeat is not None:
            self.heartbeat.unlink(missing_ok=True)
        self.popen = net.start(self.host, self.command, env=self.env, log=logs / f"{self.host}.log", folder=self.folder)

    def kill(self) -> None:
        """End it at once."""
        assert self.popen is not None
        end(self.popen, signal=self.kill_signal)
        self.popen.wait(30)

    def stop(self) -> None:
        """End it in order, as a rolling upgrade does."""
        assert self.popen is not None
        # Celery's and uvicorn's main processes end their own children.
        os.kill(self.popen.pid, signal.SIGTERM)
        self.popen.wait(60)


@dataclass(slots=True)
class Deployment:
    """Two API hosts behind HAProxy, two worker hosts, RabbitMQ, PostgreSQL and its replica."""

    net: Network
    folder: Path
    parts: dict[str, Part] = field(default_factory=dict)

    @property
    def logs(self) -> Path:
        """Where each host's log is."""
        return self.folder / "logs"

    def start(self, *names: str) -> None:
        """Start parts in this order."""
        for name in names:
            self.parts[name].start(self.net, self.logs)

    def start_together(self, *names: str) -> None:
        """Start parts without waiting until they answer."""
        for name in names:
            self.parts[name].begin(self.net, self.logs)

    def prepare(self) -> None:
        """Make the folders and files of all parts."""
        self.logs.mkdir(parents=True)
        self.folder.chmod(0o755)
        self.parts = {
            "primary": self._postgres("primary"),
            "replica": self._postgres("replica"),
            "broker": self._rabbitmq(),
            "proxy": self._haproxy(),
            **{name: self._ours(name) for name in ("api1", "api2", "worker1", "worker2")},
        }
        _make_database(self.folder / "primary")

    def copy_to_replica(self) -> None:
        """Copy the primary with PostgreSQL's own pg_basebackup, from the replica's host."""
        target = self.folder / "replica"
        address = f"postgresql://souschef:{PASSWORD}@{ADDRESSES['primary']}:5432/postgres"
        command = [programs() / "pg_basebackup", "-D", target, "-d", address, "-R", "-X", "stream", "-c", "fast"]
        subprocess.run(
            [*self.net.enter("replica"), *map(str, command), "-C", "-S", "replica"], check=True, capture_output=True
        )
        _give_to_server(target)

    def _postgres(self, name: str) -> Part:
        options = [part for key, value in POSTGRES.items() for part in ("-c", f"{key}={value}")]
        user = ["setpriv", f"--reuid={SERVER_USER}", "--clear-groups", "--"]
        command: list[str | Path] = [*user, programs_for(SERVER_USER) / "postgres", "-D", self.folder / name, *options]
        # SIGQUIT is PostgreSQL's immediate stop: it recovers from its log, as after a loss of power.
        return Part(
            name,
            command,
            _plain_environment(self.folder),
            lambda: _database_answers(name),
            folder=Path("/"),
            kill_signal=signal.SIGQUIT,
        )

    def _rabbitmq(self) -> Part:
        folder = self.folder / "rabbitmq"
        folder.mkdir()
        (folder / "rabbitmq.conf").write_text(RABBITMQ)
        (folder / "plugins").write_text("[].")
        names = {"MNESIA_BASE": "data", "LOG_BASE": "log", "PID_FILE": "pid", "ENABLED_PLUGINS_FILE": "plugins"}
        names |= {"CONFIG_FILE": "rabbitmq.conf", "ADVANCED_CONFIG_FILE": "none", "CONF_ENV_FILE": "none"}
        env = _plain_environment(folder) | {f"RABBITMQ_{key}": str(folder / file) for key, file in names.items()}
        env |= {"RABBITMQ_NODENAME": "souschef@localhost"}
        program = next(path for path in Path("/usr/lib/rabbitmq/lib").glob("*/sbin/rabbitmq-server"))
        return Part("broker", [program], env, lambda: _port_answers("broker", 5672), folder=folder)

    def _haproxy(self) -> Part:
        file = self.folder / "haproxy.cfg"
        file.write_text(HAPROXY.format(**ADDRESSES))
        haproxy = shutil.which("haproxy", path="/usr/sbin:/usr/bin") or "haproxy"
        command: list[str | Path] = [haproxy, "-db", "-f", file]
        return Part("proxy", command, _plain_environment(self.folder), lambda: _port_answers("proxy", 8484))

    def _ours(self, name: str) -> Part:
        data = self.folder / name
        data.mkdir()
        env = _plain_environment(data) | {
            "SOUSCHEF_DATABASE_URL": DATABASE,
            "SOUSCHEF_BROKER_URL": BROKER,
            "SOUSCHEF_DATA_DIR": str(data),
            "SOUSCHEF_SECRET_KEY": SECRET_KEY,
            "SOUSCHEF_WORKER_CONCURRENCY": "1",
        }
        if name.startswith("api"):
            url = f"http://{ADDRESSES[name]}:8484/health"
            return Part(name, unit_command("souschef-api.service"), env, lambda: _http_answers(url), ROOT)
        heartbeat = data / "alive" / "worker"
        command = unit_command("souschef-worker@.service", instance=name[-1])
        return Part(name, command, env, heartbeat.exists, ROOT, heartbeat=heartbeat)


def unit_command(unit: str, *, instance: str = "") -> list[str | Path]:
    """Return the command of a systemd unit of `deploy/`, as systemd would run it, on an address that others reach."""
    (line,) = re.findall(r"(?m)^ExecStart=(.+)$", (ROOT / "deploy" / "systemd" / unit).read_text())
    words = line.replace("/opt/souschef", str(ROOT)).replace("%i", instance).replace("%%", "%").split()
    return ["0.0.0.0" if word == "127.0.0.1" else word for word in words]  # noqa: S104 - within its namespace


def _make_database(target: Path) -> None:
    """Create the primary's files, open to the addresses of the hosts, by password."""
    target.mkdir()
    _give_to_server(target)
    word = target.parent / "word"
    word.write_text(PASSWORD)
    word.chmod(0o644)
    command = [programs_for(SERVER_USER) / "initdb", "-D", target, "-U", "souschef", f"--pwfile={word}"]
    options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
    user = ["setpriv", f"--reuid={SERVER_USER}", "--clear-groups", "--"]
    subprocess.run([*user, *map(str, command), *options], check=True, capture_output=True, cwd="/")
    with (target / "pg_hba.conf").open("a") as rules:
        for database in ("all", "replication"):
            rules.write(f"host {database} all 10.77.0.0/24 scram-sha-256\n")


def make_souschef_database() -> None:
    """Create our database in the new server."""
    with psycopg.connect(DATABASE.rpartition("/")[0] + "/postgres", autocommit=True) as server:
        server.execute("CREATE DATABASE souschef ENCODING 'UTF8' TEMPLATE template0")


def _give_to_server(folder: Path) -> None:
    user = pwd.getpwnam(SERVER_USER)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, -1, follow_symlinks=False)
    folder.chmod(0o700)


def _plain_environment(home: Path) -> dict[str, str]:
    ours = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**ours, "HOME": str(home), "PYTHONUNBUFFERED": "1"}


def _database_answers(host: str) -> bool:
    try:
        address = f"postgresql://souschef:{PASSWORD}@{ADDRESSES[host]}:5432/postgres"
        psycopg.connect(address, connect_timeout=2).close()
    except psycopg.OperationalError:
        time.sleep(0.2)
        return False
    return True


def _port_answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((ADDRESSES[host], port), timeout=1).close()
    except OSError:
        time.sleep(0.2)
        return False
    return True


def _http_answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
