"""Who may write to the broker can ask a worker and cannot make it deaf, slow or dead."""

from __future__ import annotations

import time
from typing import Any

import pytest
from celery import Celery
from celery.worker.control import Panel

from config.celery import QUEUE, app
from tests.workers.test_flower import system, until
from workers import remote_control
from workers.local.supervisor import RunningSystem

__all__ = ["system"]

CHANGES: dict[str, dict[str, Any]] = {
    "cancel_consumer": {"queue": QUEUE},
    "rate_limit": {"task_name": "sweep", "rate_limit": "1/h"},
    "time_limit": {"task_name": "sweep", "hard": 0.01, "soft": 0.01},
    "revoke": {"task_id": "1", "terminate": True},
    "pool_shrink": {"n": 9},
    "disable_events": {},
    "shutdown": {},
}


@pytest.mark.full
def test_commands_that_change_a_worker_do_nothing_and_those_that_ask_are_answered(system: RunningSystem) -> None:
    """Before: after `cancel_consumer` nothing was applied for six minutes, and the doctor said ok."""
    with Celery("anybody", broker=system.broker_url) as anybody:
        anybody.conf.update(broker_transport_options=app.conf.broker_transport_options)
        pids = system.worker_pids
        for command, arguments in CHANGES.items():
            anybody.control.broadcast(command, arguments=arguments)
        time.sleep(2)
        until(lambda: bool(anybody.control.inspect(timeout=2).active_queues()))
        queues = anybody.control.inspect(timeout=5).active_queues()
        assert [[queue["name"] for queue in each] for each in queues.values()] == [[QUEUE]]
        assert anybody.control.inspect(timeout=5).stats()
        assert system.worker_pids == pids


def test_only_what_tells_something_is_left() -> None:
    before = dict(Panel.data)
    try:
        remote_control.restrict()
        assert {"ping", "stats", "active", "registered", "hello"} <= set(Panel.data) <= remote_control.ALLOWED
        assert not {"shutdown", "cancel_consumer", "revoke", "rate_limit", "pool_grow"} & set(Panel.data)
    finally:
        Panel.data.update(before)
