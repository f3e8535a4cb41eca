"""Run everything on one machine: embedded servers if no address is set, migrations, and the processes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from pydantic import SecretStr

from config import local_servers
from config import settings as configuration
from config.settings import PREFIX, Settings
from workers import heartbeat, preflight
from workers.local.embedded import servers as embedded_servers
from workers.local.processes import PROCESS_NAMES, LogCallback, Process
from workers.local.shutdown import SignalHandlers, stop
from workers.local.watchdog import Watchdog, await_answers

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class RunningSystem:
    """The running processes and their addresses."""

    api_url: str
    flower_url: str
    flower_user: str
    flower_password: str
    database_url: str
    broker_url: str
    data_dir: Path
    processes: tuple[Process, ...]

    def process(self, name: str) -> Process:
        """Return the process called `name`.

        Raises:
            KeyError: no such process was started.
        """
        return {process.name: process for process in self.processes}[name]

    @property
    def worker_pids(self) -> list[int]:
        """The ids of the worker's main process, then of its pool processes."""
        popen = self.process("worker").popen
        if popen is None or popen.poll() is not None:
            return []
        return [popen.pid, *(child.pid for child in psutil.Process(popen.pid).children(recursive=True))]


@contextmanager
def running(
    settings: Settings | None = None,
    *,
    processes: Sequence[str] = PROCESS_NAMES,
    fresh_database: str | None = None,
    free_ports: bool = False,
    console: Console | None = None,
    log_callback: LogCallback | None = None,
) -> Iterator[RunningSystem]:
    """Run everything within the block, with this process's settings pointing to it; stop it afterwards.

    `fresh_database` names a database that is created again, beside the one that is set. `free_ports` uses any free
    ports for API and Flower. `console` shows the progress of the start; `log_callback` gets every log line. SIGTERM
    ends the block as Ctrl-C does, but lets running tasks finish; Ctrl-C, then or later, speeds the stop up.

    Raises:
        OperatorError: a port is taken, the database or the broker does not answer, or a process does not start.
    """
    settings = settings or configuration.settings()
    with ExitStack() as stack:
        signals = stack.enter_context(SignalHandlers())
        with console.status("Starting PostgreSQL, Valkey and the processes") if console else nullcontext():
            embedded_servers.prepare_data_dir(settings.data_dir)
            stack.enter_context(preflight.exclusive_data_dir(settings.data_dir))
            settings = preflight.with_free_ports(settings, processes=processes, any_port=free_ports)
            settings, servers = _with_servers(settings, stack, signals=signals)
            if fresh_database is not None:
                settings = _with_fresh_database(settings, fresh_database)
            embedded_database = servers is not None and bool(servers.database_url)
            stack.enter_context(_announce_demo(settings, demo=bool(fresh_database) and embedded_database))
            stack.enter_context(settings_override(settings))
            migrate = bool(processes) or fresh_database is not None
            _prepare(settings, migrate=migrate, embedded_database=embedded_database)
            system = _running_system(settings, processes, log_callback=log_callback)
            watchdog = Watchdog(system.processes, servers=servers)
            stack.callback(watchdog.end, signals.hurry)
            stack.callback(stop, system.processes, signals=signals)
            stack.callback(watchdog.pause)
            for process in system.processes:
                process.start()
            await_answers(system.processes)
            watchdog.start()
        yield system


def _with_servers(
    settings: Settings, stack: ExitStack, *, signals: SignalHandlers
) -> tuple[Settings, embedded_servers.Servers | None]:
    """Start an embedded server for each address that is not set, and fill in its address."""
    database, broker = settings.database_url is None, settings.broker_url is None
    if not database and not broker:
        return settings, None
    servers = embedded_servers.start(settings.data_dir, database=database, broker=broker)
    stack.callback(servers.stop, hurry=signals.hurry)
    urls = {"database_url": servers.database_url, "broker_url": servers.broker_url}
    return settings.model_copy(update={name: SecretStr(url) for name, url in urls.items() if url}), servers


def _with_fresh_database(settings: Settings, name: str) -> Settings:
    from models import admin

    url = admin.recreate(settings.database_url_text(), name=name)
    return settings.model_copy(update={"database_url": SecretStr(url)})


def _prepare(settings: Settings, *, migrate: bool, embedded_database: bool) -> None:
    """Apply the migrations, check the broker, and create the files that the processes share.

    Without `migrate` only the servers run, for a restore that creates the database again: it gets no migrations. An
    embedded database has already answered and is not checked again, because the restore may have dropped it by now.
    """
    from models import admin

    url = settings.database_url_text()
    if migrate:
        admin.upgrade(url)
    elif not embedded_database:
        admin.check_connection(url)
    preflight.check_broker(settings.broker_url_text())
    heartbeat.prepare(settings.data_dir)
    settings.secret_key_bytes()


@contextmanager
def _announce_demo(settings: Settings, *, demo: bool) -> Iterator[None]:
    """Point commands in other terminals to the demo's database while it runs, if they use its embedded server."""
    local_servers.announce_demo(settings.data_dir, settings.database_url_text() if demo else None)
    try:
        yield
    finally:
        local_servers.announce_demo(settings.data_dir, None)


@contextmanager
def settings_override(settings: Settings) -> Iterator[None]:
    """Make `settings` the settings of this process and of those that it starts, within the block."""
    from models import engine

    before = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    os.environ.update(settings.environment())
    configuration.settings.cache_clear()
    try:
        yield
    finally:
        engine.close()
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            del os.environ[name]
        os.environ.update(before)
        configuration.settings.cache_clear()


def _running_system(settings: Settings, processes: Sequence[str], *, log_callback: LogCallback | None) -> RunningSystem:
    prefix = settings.flower_url_prefix.strip("/")
    flower = f"http://{preflight.client_host(settings.flower_host)}:{settings.flower_port}"
    return RunningSystem(
        api_url=f"http://{preflight.client_host(settings.web_host)}:{settings.web_port}",
        flower_url=f"{flower}/{prefix}" if prefix else flower,
        flower_user=settings.flower_user,
        flower_password=settings.flower_password_text(),
        database_url=settings.database_url_text(),
        broker_url=settings.broker_url_text(),
        data_dir=settings.data_dir,
        processes=tuple(
            Process(name, settings, settings.environment(), log_callback) for name in PROCESS_NAMES if name in processes
        ),
    )
