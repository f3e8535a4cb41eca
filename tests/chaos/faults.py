"""What the soak does to a running system, one fault after the other; none of them may lose or double an event."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import psutil
import psycopg
from celery import Celery

from config.celery import QUEUE, app
from config.settings import settings
from tests.chaos.accounting import ask
from tests.chaos.system import ChaosSystem

CUT = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
          WHERE application_name LIKE 'souschef %' AND pid <> pg_backend_pid()"""
COMMANDS = {
    "shutdown": {},
    "cancel_consumer": {"queue": QUEUE},
    "pool_shrink": {"n": 9},
    "rate_limit": {"task_name": "sweep", "rate_limit": "1/h"},
    "time_limit": {"task_name": "sweep", "hard": 0.01, "soft": 0.01},
    "revoke": {"task_id": "1", "terminate": True},
}
"""What a stranger with the broker's address may send to all workers."""
LARGE_BODY = b"[" + b"0," * 5_000_000 + b"0]"
"""10 MB that would become ten times as much in memory."""
Fault = Callable[[ChaosSystem, random.Random], None]


def one_of_the_workers(system: ChaosSystem, dice: random.Random) -> psutil.Process | None:
    """Return the worker's main process or one of its pool; None where it is just being started."""
    pids = system.running.worker_pids
    return psutil.Process(dice.choice(pids)) if pids else None


def kill_one(system: ChaosSystem, dice: random.Random) -> None:
    """Kill -9 one process of the worker."""
    if (found := one_of_the_workers(system, dice)) is not None:
        found.kill()


def kill_all(system: ChaosSystem, _: random.Random) -> None:
    """Kill -9 the worker and its pool."""
    system.kill_worker()


def freeze_one(system: ChaosSystem, dice: random.Random) -> None:
    """Freeze one process of the worker, at times past its lease."""
    if (found := one_of_the_workers(system, dice)) is not None:
        found.suspend()
        time.sleep(dice.uniform(1, 8))
        if found.is_running():
            found.resume()


def end_worker(system: ChaosSystem, _: random.Random) -> None:
    """SIGTERM the worker."""
    if pids := system.running.worker_pids:
        os.kill(pids[0], signal.SIGTERM)


def kill_api(system: ChaosSystem, _: random.Random) -> None:
    """Kill -9 the API."""
    popen = system.running.process("api").popen
    if popen is not None and popen.poll() is None:
        popen.kill()


def flush(system: ChaosSystem, _: random.Random) -> None:
    """Empty the broker."""
    system.broker.flush()


def restart_broker(system: ChaosSystem, dice: random.Random) -> None:
    """Stop the broker, and start it empty."""
    system.broker.stop()
    time.sleep(dice.uniform(0, 5))
    system.broker.start()


def restart_database(system: ChaosSystem, dice: random.Random) -> None:
    """Stop the database as hard as it goes, and start it."""
    system.stop_database()
    time.sleep(dice.uniform(0, 3))
    system.start_database()


def cut_database(_: ChaosSystem, __: random.Random) -> None:
    """End all of our connections to the database."""
    ask(CUT)


def freeze_api(system: ChaosSystem, dice: random.Random) -> None:
    """Freeze the API, at times for longer than the supervisor waits for its answer."""
    popen = system.running.process("api").popen
    if popen is not None and popen.poll() is None:
        process = psutil.Process(popen.pid)
        process.suspend()
        time.sleep(dice.uniform(1, 15))
        if process.is_running():
            process.resume()


def command_workers(system: ChaosSystem, dice: random.Random) -> None:
    """Send every worker a command that would end, deafen or slow it."""
    command = dice.choice(list(COMMANDS))
    with Celery("anybody", broker=system.broker.url) as anybody:
        anybody.conf.update(broker_transport_options=app.conf.broker_transport_options)
        anybody.control.broadcast(command, arguments=COMMANDS[command])


def hold_rows(_: ChaosSystem, dice: random.Random) -> None:
    """Hold the rows of some students, as a person does who forgets an open transaction."""
    plain = settings().database_url_text().replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(plain) as holder:
        holder.execute("SELECT FROM souschef.learner_state ORDER BY random() LIMIT 5 FOR UPDATE")
        time.sleep(dice.uniform(1, 12))


def send_large_bodies(system: ChaosSystem, _: random.Random) -> None:
    """Let 16 clients send a body each that would fill the memory."""
    pair = (system.credential.key, system.credential.secret)

    def send(_: int) -> None:
        with contextlib.suppress(httpx.HTTPError):
            address, head = f"{system.running.api_url}/events", {"Content-Type": "application/json"}
            answer = httpx.post(address, content=LARGE_BODY, headers=head, auth=pair, timeout=30)
            assert answer.status_code in {413, 429, 503}, answer.text

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(send, range(16)))


def open_half_heads(system: ChaosSystem, _: random.Random) -> None:
    """Open 200 connections that send half a head and nothing more, and leave them for 5 s."""
    where = urlsplit(system.running.api_url)
    with contextlib.ExitStack() as lines:
        for _number in range(200):
            with contextlib.suppress(OSError):
                line = lines.enter_context(socket.create_connection((where.hostname, where.port), timeout=1))
                line.sendall(b"POST /events HTTP/1.1\r\nHost: api\r\nX-")
        time.sleep(5)


FAULTS: tuple[Fault, ...] = (
    kill_one,
    kill_all,
    freeze_one,
    end_worker,
    kill_api,
    flush,
    restart_broker,
    restart_database,
    cut_database,
    freeze_api,
    command_workers,
    hold_rows,
    send_large_bodies,
    open_half_heads,
)
