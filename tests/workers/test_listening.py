"""A worker that no message reaches has no heartbeat, and ends; one that waits for its broker does neither."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from config.celery import QUEUE, app
from config.settings import Settings
from tasks import broker
from workers import heartbeat, listening
from workers.listening import DEAF_SECONDS, END_SECONDS, Listening
from workers.local.embedded import servers as embedded_servers

ROOT = Path(__file__).parents[2]
HASTY = """
import time
from celery.worker.control import control_command
from importlib import import_module
from workers import listening, remote_control

app = import_module("workers.app").app
remote_control.ALLOWED |= {"cancel_consumer", "hang"}
remote_control.CHECK_SECONDS = float(__import__("os").environ.get("CHECK_SECONDS", "600"))
listening.TICK_SECONDS, listening.DEAF_SECONDS, listening.END_SECONDS, listening.KILL_SECONDS = 2.0, 3.0, 6.0, 10.0


@control_command()
def hang(state):
    "What an endless loop in the event loop would do."
    time.sleep(600)
"""
"""The worker of `workers.app`, in a hurry, and with a command that makes its event loop hang."""


class Clock:
    """A clock for the listener alone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(listening, "time", SimpleNamespace(monotonic=lambda: self.now))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def consumer(*, consumes: bool = True) -> Any:
    """A consumer that listens to our queue, or to none; its timer never runs by itself."""
    tasks = SimpleNamespace(consuming_from=lambda queue: consumes and queue == QUEUE)
    return SimpleNamespace(task_consumer=tasks, timer=SimpleNamespace(call_repeatedly=lambda *_: None))


def deaf_after(each: Listening, clock: Clock, seconds: float, *, ticks: bool = True) -> float:
    """Let time go on in the sweeper's steps of ten seconds; return for how long the worker is deaf then."""
    deaf = each.deaf_seconds()
    for _ in range(round(seconds / 10)):
        clock.now += 10
        if ticks:
            each.tick()
        deaf = each.deaf_seconds()
    return deaf


@pytest.mark.parametrize(
    ("waiting", "consumes", "ticks", "symptom"),
    [
        (0, True, True, None),
        (0, False, True, "no_consumer"),
        (0, True, False, "event_loop_hangs"),
        (3, True, True, "messages_not_taken"),
        (None, False, False, None),  # the broker does not answer: every worker waits for it
    ],
)
def test_what_makes_a_worker_deaf(
    clock: Clock,
    waiting: int | None,
    consumes: bool,  # noqa: FBT001 - a parameter of the test
    ticks: bool,  # noqa: FBT001 - see above
    symptom: str | None,
) -> None:
    each = Listening(lambda: waiting)
    each.attach(consumer(consumes=consumes))
    with capture_logs() as lines:
        deaf = deaf_after(each, clock, 200, ticks=ticks)
    assert [line["symptom"] for line in lines] == ([symptom] if symptom else [])  # once, not every ten seconds
    assert (deaf > END_SECONDS) is (symptom is not None)


def test_another_symptom_is_logged_too(clock: Clock) -> None:
    each = Listening(lambda: 0)
    each.attach(consumer(consumes=False))
    with capture_logs() as lines:
        deaf_after(each, clock, 50)
        assert deaf_after(each, clock, 50, ticks=False) > DEAF_SECONDS  # counted from the first one on
    assert [line["symptom"] for line in lines] == ["no_consumer", "event_loop_hangs"]


def test_a_message_or_the_broker_s_end_makes_it_hear_again(clock: Clock) -> None:
    length: int | None = 2
    each = Listening(lambda: length)
    each.attach(consumer())
    assert deaf_after(each, clock, 100) > DEAF_SECONDS
    assert each.check() is False
    each.received(request=None)
    assert each.deaf_seconds() == 0
    assert deaf_after(each, clock, 100) > DEAF_SECONDS
    length = None
    assert each.check() is True


@pytest.fixture
def worker(
    database_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Start a real worker at the broker of that address; it is ended afterwards."""
    (tmp_path / "hasty.py").write_text(HASTY)
    heartbeat.prepare(database_settings.data_dir)
    monkeypatch.setattr(heartbeat, "DEAD_SECONDS", 3.0)
    started: list[subprocess.Popen[bytes]] = []

    def start(broker_url: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
            "SOUSCHEF_BROKER_URL": broker_url,
            "SOUSCHEF_SWEEP_SECONDS": "0.3",
            "SOUSCHEF_WORKER_CONCURRENCY": "1",
        }
        with (tmp_path / "worker.log").open("wb") as log:
            celery = str(Path(sys.executable).parent / "celery")
            command = [celery, "-A", "hasty", "worker", "--hostname", "deaf@%h"]
            popen = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
        started.append(popen)
        until(lambda: heartbeat.age_seconds("worker", database_settings.data_dir) is not None)
        if broker_url == database_settings.broker_url_text():
            until(lambda: bool(app.control.ping(timeout=0.5)))  # what is sent to nobody yet is lost
        return popen

    yield start
    for popen in started:
        if popen.poll() is None:
            os.killpg(popen.pid, 9)
        popen.wait(30)


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def is_well(settings: Settings) -> bool:
    """Return what the health check of the containers says, which allows a minute."""
    age = heartbeat.age_seconds("worker", settings.data_dir)
    return age is not None and age < heartbeat.DEAD_SECONDS


@pytest.mark.flow
@pytest.mark.full
@pytest.mark.parametrize(
    ("command", "symptom", "ended"), [("cancel_consumer", "no_consumer", 0), ("hang", "event_loop_hangs", -9)]
)
def test_a_real_worker_that_lost_its_consumer_or_hangs_is_seen_and_ends(
    worker: Callable[[str], subprocess.Popen[bytes]],
    database_settings: Settings,
    tmp_path: Path,
    command: str,
    symptom: str,
    ended: int,
) -> None:
    """It lives and sweeps all the time; before this was watched, its heartbeat went on for ever."""
    popen = worker(database_settings.broker_url_text())
    assert is_well(database_settings)
    arguments = {"queue": QUEUE} if command == "cancel_consumer" else {}
    app.control.broadcast(command, arguments=arguments)
    until(lambda: not is_well(database_settings))
    assert popen.poll() is None, "it was seen before it ended"
    assert popen.wait(30) == ended
    log = (tmp_path / "worker.log").read_text()
    assert symptom in log
    assert "worker_deaf_ends" in log


@pytest.mark.flow
@pytest.mark.full
def test_a_real_worker_that_lost_its_consumer_consumes_again(
    worker: Callable[[str], subprocess.Popen[bytes]],
    database_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As it does after ten seconds, long before it is deaf for a minute; here in 0.3 s, before 1 s."""
    monkeypatch.setenv("CHECK_SECONDS", "0.3")
    popen = worker(database_settings.broker_url_text())
    app.control.broadcast("cancel_consumer", arguments={"queue": QUEUE})
    until(lambda: "consumer_lost" in (tmp_path / "worker.log").read_text())
    assert broker.enqueue("sweep")
    until(lambda: broker.queue_length() == 0)
    time.sleep(1)
    assert popen.poll() is None
    assert is_well(database_settings)


@pytest.mark.flow
@pytest.mark.full
def test_a_real_worker_without_a_broker_stays_well(
    worker: Callable[[str], subprocess.Popen[bytes]], database_settings: Settings, tmp_path: Path
) -> None:
    """A new one would wait for the same broker; and after it is back, it hears."""
    servers = embedded_servers.start(tmp_path / "own", database=False)
    popen = worker(servers.broker_url)
    try:
        servers.stop()
        time.sleep(8)  # more than the hasty worker allows itself deaf
        assert is_well(database_settings)
        assert popen.poll() is None
        assert "worker_hears_nothing" not in (tmp_path / "worker.log").read_text()
    finally:
        servers.stop()


@pytest.mark.usefixtures("database_settings")
def test_the_queue_s_length_is_asked_of_the_real_broker() -> None:
    """An empty queue is 0, which is not the same as a broker that is gone (`tests/tasks/test_broker.py`)."""
    before = broker.queue_length()
    assert before is not None
    assert broker.enqueue("sweep")
    assert broker.queue_length() == before + 1
