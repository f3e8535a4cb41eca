"""A whole system with servers of its own that a test may break: start, burst, quiet, compare.

    with running_system(lease=3) as system:
        events = system.events(400, seed=7)
        with system.burst(events) as lms:
            lms.answered(100)          # in the middle of the burst
            system.kill_worker()
        system.quiet(seconds=45)
        counts = compare(events)

`tests.chaos.accounting` says what is counted, and how.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from pydantic import SecretStr

from config import settings as configuration
from config.settings import Settings, settings
from models import clock, engine
from models.access import sources
from models.access.sources import Credential
from tests.chaos.accounting import Events, ask, pending, wait_until
from tests.chaos.brokers import Broker, BrokerName, started
from tests.chaos.lms import Lms
from tests.chaos.sizes import LEASE_SECONDS, SWEEP_SECONDS
from tests.tasks.fault_simulator import BEGIN, history
from workers.cli.demo import replay
from workers.local import supervisor
from workers.local.embedded import servers
from workers.local.embedded.process import server_port
from workers.local.processes import Process
from workers.local.watchdog import await_answers

BURST_SECONDS = 240
"""The longest that an LMS tries after the end of a test's block."""
ITEMS = ["3.NF.A.1 q01", "3.OA.A.1 q01", "3.OA.B.5 q01", "3.OA.C.7 q01", "4.NF.A.1 q01"]


@dataclass(slots=True)
class ChaosSystem:
    """Servers, processes, a loaded school and its LMS."""

    data_dir: Path
    running: supervisor.RunningSystem
    credential: Credential
    broker: Broker

    def events(self, wanted: int, *, seed: int) -> Events:
        """Return a history of all students of the school: answers, regrades and likes, under ids of this seed."""
        events = history(random.Random(seed), students=self.students(), items=ITEMS, events_wanted=wanted)
        ids = ("id", "replaces")
        return [each | {name: f"{each[name]}-{seed}" for name in ids if name in each} for each in events]

    def students(self) -> list[str]:
        """Return the refs of the school's students."""
        return [ref for (ref,) in ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY ref")]

    @contextmanager
    def burst(
        self,
        events: Events,
        *,
        clients: int = 8,
        seed: int = 0,
        api_url: str | None = None,
        pause: float = 0.0,
        largest: int = 9,
        seconds: float = BURST_SECONDS,
    ) -> Iterator[Lms]:
        """Let the LMS send while the block runs; `seconds` after its end every event has been accepted.

        Requests hold one to `largest` events; each client waits for `pause` seconds after each request.
        """
        lms = Lms(api_url or self.running.api_url, self.credential, pause=pause)
        lms.start(events, clients=clients, seed=seed, largest=largest)
        try:
            yield lms
        except BaseException:
            lms.give_up()
            raise
        finally:
            lms.join(seconds=seconds)

    def send(self, events: Events, **options: Any) -> Lms:
        """Send events and return when they are accepted."""
        with self.burst(events, **options) as lms:
            pass
        return lms

    def quiet(self, *, seconds: float) -> float:
        """Wait until nothing is pending; return after how long."""
        return wait_until(lambda: pending() == 0, seconds=seconds, what="nothing pending")

    def kill_worker(self) -> None:
        """Kill -9 the worker and its pool at once; the supervisor starts another."""
        with contextlib.suppress(ProcessLookupError, IndexError):
            os.killpg(self.running.worker_pids[0], signal.SIGKILL)

    @contextmanager
    def second(self, name: str, **environment: str) -> Iterator[Process]:
        """Run another process of a kind, which nothing restarts; only it gets the variables in `environment`."""
        like = self.running.processes[0]
        settings_of_test = like.settings.model_copy(update={"web_port": server_port(0)})
        process = Process(name, settings_of_test, settings_of_test.environment() | environment)
        process.start()
        try:
            await_answers([process])
            yield process
        finally:
            process.kill()

    def end_at_once(self) -> None:
        """Kill all processes: the test has seen what it is about, and need not wait for a clean stop."""
        for process in self.running.processes:
            process.kill()

    def log_of(self, name: str) -> str:
        """Return what a process has logged."""
        return (self.data_dir / "logs" / f"{name}.log").read_text(errors="replace")

    def stop_database(self) -> None:
        """Stop PostgreSQL as `pg_ctl -m immediate` does: nobody is waited for, nothing is written back."""
        main = int((self.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(main, signal.SIGQUIT)
        psutil.wait_procs([psutil.Process(main)] if psutil.pid_exists(main) else [], timeout=10)

    def start_database(self) -> None:
        """Start it again; it recovers from its log."""
        servers.start(self.data_dir, broker=False)


@contextmanager
def running_system(
    *,
    lease: float = LEASE_SECONDS,
    sweep: float = SWEEP_SECONDS,
    processes: Sequence[str] = ("worker", "api"),
    broker: BrokerName = "valkey",
    broker_url: Callable[[str], str] = str,
    database_url: Callable[[str], str] = str,
    data_dir: Path | None = None,
    supervised: bool = False,
) -> Iterator[ChaosSystem]:
    """Run a system in a folder of its own; `broker_url` and `database_url` may put something in between.

    The supervisor gets the addresses, so what a test stops stays stopped until the test starts it; where it is
    `supervised` it starts the servers, and restarts them.
    """
    folder = Path(tempfile.mkdtemp(prefix="souschef-chaos-"))
    data_dir = data_dir or folder / "data"
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(servers.stop, data_dir)
        database_server, broker_process = servers.start(data_dir, broker=False), started(broker, data_dir)
        stack.callback(broker_process.end)
        direct = {"database_url": database_server.database_url, "broker_url": broker_process.url}
        settings_of_test = Settings(data_dir=data_dir, lease_seconds=lease, sweep_seconds=sweep)
        if supervised:
            servers.stop(data_dir)
        else:
            between = {
                "database_url": SecretStr(database_url(direct["database_url"])),
                "broker_url": SecretStr(broker_url(direct["broker_url"])),
            }
            settings_of_test = settings_of_test.model_copy(update=between)
        with supervisor.running(settings_of_test, processes=processes, free_ports=True) as running:
            # This process asks the servers themselves, whatever stands between them and the others.
            os.environ |= {f"SOUSCHEF_{name.upper()}": url for name, url in direct.items()}
            configuration.settings.cache_clear()
            system = ChaosSystem(data_dir, running, _load(), broker_process)
            yield system
            system.end_at_once()


def _load() -> Credential:
    """Load the example school at a day of its semester, with a source of Souschef's own format."""
    replay.load(replay.quiet_console())
    with engine.transaction() as session:
        # A frozen worker must not hold the students of a first decision: here they have theirs by their first event.
        session.connection().exec_driver_sql("DELETE FROM souschef.learner_state")
        clock.set_to(session, BEGIN)
        return sources.add(session, "own", format="canonical", secret_key=settings().secret_key_bytes())
