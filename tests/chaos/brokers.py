"""The brokers that a test breaks: an embedded Valkey, and a private RabbitMQ where the machine has one."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import psutil
import pytest
import redis
from amqp import Connection  # type: ignore[import-untyped] # ships no types

from tests.chaos.accounting import wait_until
from tests.chaos.sizes import sized
from workers.local.embedded import servers
from workers.local.embedded.process import die_with_parent, server_port

QUEUE = "souschef"
BrokerName = Literal["valkey", "rabbitmq"]


class Broker(Protocol):
    """What a test does to a broker, and sees of it."""

    name: BrokerName
    url: str

    def start(self) -> None:
        """Start it, empty, at its old address."""

    def stop(self) -> None:
        """End it at once: what was in it is gone."""

    def flush(self) -> None:
        """Lose every message that waits."""

    def pause(self, seconds: float) -> None:
        """Let it answer nobody for so long."""

    def cut(self) -> None:
        """End the lines of all its clients."""

    def heard(self) -> bool:
        """Tell whether a worker waits for a message."""

    def mark(self) -> int:
        """Return what `handed_over` compares with."""

    def handed_over(self, mark: int) -> bool:
        """Wait for a message since the mark; return whether the worker's socket has it and the queue does not."""

    def end(self) -> None:
        """Stop it for good."""


class Valkey:
    """The embedded one. Its flush takes the messages that a worker has not acknowledged too."""

    name: BrokerName = "valkey"

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.url = servers.start(data_dir, database=False, durable=False).broker_url

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        servers.start(self.data_dir, database=False, durable=False)

    def stop(self) -> None:
        with self.client() as client, contextlib.suppress(redis.ConnectionError):
            client.execute_command("SHUTDOWN", "NOSAVE")
        wait_until(lambda: not _in(self.data_dir / "valkey"), seconds=10, what="the broker gone")

    def flush(self) -> None:
        with self.client() as client:
            client.flushall()

    def pause(self, seconds: float) -> None:
        with self.client() as client:
            client.execute_command("CLIENT", "PAUSE", str(int(1000 * seconds)), "ALL")

    def cut(self) -> None:
        with self.client() as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    def heard(self) -> bool:
        with self.client() as client:
            return any(each["cmd"] == "brpop" for each in cast("Any", client.client_list()))

    def mark(self) -> int:
        """Return how many messages have ever been put into a queue."""
        with self.client() as client:
            return int(client.info("commandstats").get("cmdstat_lpush", {}).get("calls", 0))

    def handed_over(self, mark: int) -> bool:
        """See `Broker`; a BRPOP lasts for a second, so at times nobody waits any more."""
        wait_until(lambda: self.mark() > mark, seconds=5, what="the message")
        with self.client() as client:
            return bool(client.llen(f"souschef:{QUEUE}") == 0)

    def end(self) -> None:
        """Do nothing: the caller stops the embedded servers."""


class RabbitMQ:
    """A node of its own, with its own name, ports, cookie and data. Its flush deletes the queue with all it holds."""

    name: BrokerName = "rabbitmq"

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "rabbitmq"
        self.folder.mkdir()
        self.programs = _programs()
        port, line, names = (server_port(0) for _ in range(3))
        self.url = f"amqp://guest:guest@127.0.0.1:{port}//"
        self.port = port
        where = {"MNESIA_BASE": "data", "LOG_BASE": "log", "PID_FILE": "pid", "ENABLED_PLUGINS_FILE": "plugins"}
        where |= {"CONFIG_FILE": "none", "ADVANCED_CONFIG_FILE": "none", "CONF_ENV_FILE": "none"}
        (self.folder / "plugins").write_text("[].")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("RABBITMQ_")}
        self.environment |= {f"RABBITMQ_{name}": str(self.folder / file) for name, file in where.items()}
        self.environment |= {
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": f"souschef{port}@localhost",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(line),
            "ERL_EPMD_PORT": str(names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        self.popen: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with (self.folder / "out").open("ab") as out:
            self.popen = subprocess.Popen(
                die_with_parent([self.programs / "rabbitmq-server"]),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._answers, seconds=60, what="RabbitMQ there")

    def stop(self) -> None:
        self._kill()
        shutil.rmtree(self.folder / "data")

    def flush(self) -> None:
        with self._line() as line:
            line.channel().queue_delete(QUEUE)

    def pause(self, seconds: float) -> None:
        assert self.popen is not None
        os.killpg(self.popen.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.killpg(self.popen.pid, signal.SIGCONT)

    def cut(self) -> None:
        self._control("close_all_connections", "cut by a test")

    def heard(self) -> bool:
        with self._line() as line, contextlib.suppress(line.channel_errors):
            return bool(line.channel().queue_declare(QUEUE, passive=True).consumer_count)
        return False

    def mark(self) -> int:
        return 0

    def handed_over(self, mark: int) -> bool:
        wait_until(lambda: sum(self._message_counts()) > mark, seconds=30, what="the message")
        return self._message_counts() == (0, 1)

    def end(self) -> None:
        """Stop the node, and the daemon of names that it has started."""
        self._kill()
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.environ().get("HOME") == str(self.folder):
                    process.kill()

    def _message_counts(self) -> tuple[int, int]:
        """Return how many messages wait, and how many are on their way; updated every five seconds."""
        listing = self._control("list_queues", "name", "messages_ready", "messages_unacknowledged")
        rows = [line.split("\t") for line in listing.splitlines()]
        return next(((int(ready), int(away)) for name, ready, away in rows if name == QUEUE), (0, 0))

    def _control(self, *words: str) -> str:
        command: list[str | Path] = [self.programs / "rabbitmqctl", "--silent", *words]
        ran = subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True)
        return ran.stdout

    def _line(self) -> Connection:
        return Connection(f"127.0.0.1:{self.port}", connect_timeout=3)

    def _answers(self) -> bool:
        try:
            with self._line():
                return True
        except OSError:
            return False

    def _kill(self) -> None:
        if self.popen is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait()


BROKERS = pytest.mark.parametrize("broker", sized(["valkey", "rabbitmq"], ["valkey"]))


def started(name: BrokerName, data_dir: Path) -> Broker:
    """Start a broker for a data folder."""
    return Valkey(data_dir) if name == "valkey" else RabbitMQ(data_dir)


def _programs() -> Path:
    """Return where RabbitMQ's own programs are: those on the PATH are a wrapper that changes the user."""
    found = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin"))
    if found:
        return found[-1]
    program = shutil.which("rabbitmq-server")
    if program is None:
        pytest.skip("this machine has no RabbitMQ")
    return Path(program).resolve().parent


def _in(folder: Path) -> list[int]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if Path(process.cwd()) == folder.resolve() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found
