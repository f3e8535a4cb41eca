"""Everything on one machine: servers where none are set, the database's shape, and the processes, kept running."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from pydantic import SecretStr

from config import settings as configuration
from config.settings import PREFIX, Settings
from workers import embedded, liveness, surroundings
from workers.processes import NAMES, Process, Say
from workers.shutdown import Interrupts, stop
from workers.watch import Watch, await_answers

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Kitchen:
    """What runs, and where it answers."""

    door_url: str
    flower_url: str
    flower_user: str
    flower_password: str
    database_url: str
    broker_url: str
    data_dir: Path
    processes: tuple[Process, ...]

    def process(self, name: str) -> Process:
        """Return one of the processes by its name.

        Raises:
            KeyError: it is not among those that were asked for.
        """
        return {process.name: process for process in self.processes}[name]

    @property
    def worker_pids(self) -> list[int]:
        """The worker's main process first, then its pool."""
        popen = self.process("worker").popen
        if popen is None or popen.poll() is not None:
            return []
        return [popen.pid, *(child.pid for child in psutil.Process(popen.pid).children(recursive=True))]


@contextmanager
def running(
    chosen: Settings | None = None,
    *,
    processes: Sequence[str] = NAMES,
    fresh_database: str | None = None,
    free_ports: bool = False,
    console: Console | None = None,
    say: Say | None = None,
) -> Iterator[Kitchen]:
    """Have everything running within the block, and this process's settings point to it; stop all of it afterwards.

    `fresh_database` names a database that is made anew, beside the one that is set. `free_ports` takes any ports for
    door and Flower. `console` is told what is waited for; `say` gets every log line. SIGTERM ends the block as Ctrl-C
    does; a second one hurries the stopping.

    Raises:
        Mendable: a port is taken, the database or the broker does not answer, or a process does not come up.
    """
    chosen = chosen or configuration.settings()
    with ExitStack() as stack:
        interrupts = stack.enter_context(Interrupts())
        with console.status("Starting PostgreSQL, Valkey and the processes") if console else nullcontext():
            embedded.prepared(chosen.data_dir)
            stack.enter_context(surroundings.sole_supervisor(chosen.data_dir))
            chosen = surroundings.with_ports(chosen, processes=processes, free=free_ports)
            chosen, servers = _with_servers(chosen, stack)
            if fresh_database is not None:
                chosen = _with_fresh_database(chosen, fresh_database)
            stack.enter_context(_in_force(chosen))
            embedded_database = servers is not None and bool(servers.database_url)
            _prepare(chosen, migrating=bool(processes), answered=embedded_database)
            kitchen = _kitchen(chosen, processes, say=say)
            watching = Watch(kitchen.processes, servers=servers)
            stack.callback(watching.end)
            stack.callback(stop, kitchen.processes, interrupts=interrupts)
            stack.callback(watching.look_away)
            for process in kitchen.processes:
                process.start()
            await_answers(kitchen.processes)
            watching.start()
        yield kitchen


def _with_servers(chosen: Settings, stack: ExitStack) -> tuple[Settings, embedded.Servers | None]:
    """Start embedded servers for the addresses that are not set, and fill these in."""
    database, broker = chosen.database_url is None, chosen.broker_url is None
    if not database and not broker:
        return chosen, None
    servers = stack.enter_context(embedded.running(chosen.data_dir, database=database, broker=broker))
    found = {"database_url": servers.database_url, "broker_url": servers.broker_url}
    return chosen.model_copy(update={name: SecretStr(url) for name, url in found.items() if url}), servers


def _with_fresh_database(chosen: Settings, name: str) -> Settings:
    from models import databases

    url = databases.recreate(chosen.database_url_text(), name=name)
    return chosen.model_copy(update={"database_url": SecretStr(url)})


def _prepare(chosen: Settings, *, migrating: bool, answered: bool) -> None:
    """Bring the database to the newest shape, look whether the broker answers, and make what the processes share.

    Servers alone are started for a restore, which makes the database anew: it is left alone then. One that has
    `answered` is not even looked at again: who restores may have begun, and it may be gone.
    """
    from models import migrate

    url = chosen.database_url_text()
    if migrating:
        migrate.upgrade(url)
    elif not answered:
        migrate.reach(url)
    surroundings.check_broker(chosen.broker_url_text())
    liveness.prepare(chosen.data_dir)
    chosen.secret_key_bytes()


@contextmanager
def _in_force(chosen: Settings) -> Iterator[None]:
    """Let this process, and those that it starts, read `chosen` as their settings."""
    from models import database

    before = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    os.environ.update(chosen.environment())
    configuration.settings.cache_clear()
    try:
        yield
    finally:
        database.close()
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            del os.environ[name]
        os.environ.update(before)
        configuration.settings.cache_clear()


def _kitchen(chosen: Settings, processes: Sequence[str], *, say: Say | None) -> Kitchen:
    prefix = chosen.flower_url_prefix.strip("/")
    flower = f"http://{surroundings.reachable(chosen.flower_host)}:{chosen.flower_port}"
    return Kitchen(
        door_url=f"http://{surroundings.reachable(chosen.web_host)}:{chosen.web_port}",
        flower_url=f"{flower}/{prefix}" if prefix else flower,
        flower_user=chosen.flower_user,
        flower_password=chosen.flower_password_text(),
        database_url=chosen.database_url_text(),
        broker_url=chosen.broker_url_text(),
        data_dir=chosen.data_dir,
        processes=tuple(Process(name, chosen, chosen.environment(), say) for name in NAMES if name in processes),
    )
