"""The Celery app: all that is known of Celery, and the doorbell.

The broker is only a doorbell. What must not be lost stands in the database; a message carries ids, may be lost, doubled
or late, and every task may run twice.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import structlog
from celery import Celery
from celery.schedules import crontab
from kombu import Queue

from config.settings import settings

P = ParamSpec("P")
R = TypeVar("R")

log = structlog.get_logger(__name__)

QUEUE = "souschef"
TASK_MODULES = ("tasks.events", "tasks.refresh", "tasks.maintenance")
BREAKER_SECONDS = 2.0
"""After a ring that failed, nobody rings for this long: the sweep rings later, and no caller waits for a dead broker."""


def configuration() -> dict[str, Any]:
    """Return Celery's settings, each with its reason."""
    url = settings().broker_url_text()
    redis = url.startswith("redis")
    return {
        "broker_url": url,
        # Acknowledged after the work, so that a killed worker's message comes back. The rest is not left to the broker:
        # attempts are counted in PostgreSQL before the work, else a message that kills its worker would loop for ever.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        # A drain hands over after 10 s, so 20 s and 30 s are only for what has gone wrong.
        "task_soft_time_limit": 20,
        "task_time_limit": 30,
        "broker_transport_options": _redis_options() if redis else {"confirm_publish": True},
        # The shortest visibility timeout of all connections wins, so every process has the same one.
        "visibility_timeout": 60,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_connection_timeout": 3,
        "broker_pool_limit": 4,
        # A broken connection to a doorbell is no reason to stop work that is half done.
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        # One message at a time: a message drains all that waits, so hoarded ones would find nothing.
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": redis,
        # RabbitMQ: quorum queues survive a node; classic mirrored ones are gone in version 4.
        "task_default_queue_type": "classic" if redis else "quorum",
        "worker_detect_quorum_queues": not redis,
        "task_default_queue": QUEUE,
        "task_queues": [Queue(QUEUE, queue_arguments={} if redis else {"x-queue-type": "quorum"})],
        "task_routes": {"*": {"queue": QUEUE}},
        "task_create_missing_queues": False,
        # Nothing waits for a result; Flower reads a task's return value from its event.
        "result_backend": None,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "event_serializer": "json",
        # A worker lives for so many tasks or so much memory (KiB), so that a slow leak is never an incident.
        "worker_max_tasks_per_child": 500,
        "worker_max_memory_per_child": 400_000,
        "worker_concurrency": settings().worker_concurrency,
        # SIGTERM: finish what runs, hand back the rest; the supervisor waits 40 s.
        "worker_soft_shutdown_timeout": 25,
        "worker_enable_soft_shutdown_on_idle": False,
        # Events feed Flower. There are few tasks, each a batch, so they cost little.
        "worker_send_task_events": True,
        "task_send_sent_event": True,
        "task_track_started": True,
        # Our own log format stays in force in the workers.
        "worker_hijack_root_logger": False,
        "enable_utc": True,
        "timezone": "UTC",
        "beat_schedule_filename": str(settings().data_dir / "beat-schedule"),
        "beat_schedule": {
            # A ring older than its period is noise: it expires.
            "sweep": {"task": "sweep", "schedule": 30.0, "options": {"expires": 30}},
            "nightly": {"task": "nightly", "schedule": crontab(hour="3", minute="10"), "options": {"expires": 3600}},
        },
    }


def _redis_options() -> dict[str, Any]:
    return {
        "visibility_timeout": 60,
        # Looked at every 10 s instead of about every 100 s: a killed worker's message comes back soon.
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "socket_timeout": 10,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 10,
        # Every key begins so, for an ACL and for sharing a server.
        "global_keyprefix": "souschef:",
    }


app = Celery("souschef", include=list(TASK_MODULES))
app.add_defaults(configuration)  # Called at the first use: importing this module opens and reads nothing.


def job(name: str, *, minutes: float | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a function as the task `name`; the name is permanent. `minutes` lifts the limits for a long job.

    Keyword arguments that the function does not know are dropped, so that an old worker takes a new version's message.
    The function itself comes back, typed as it was: a misspelt argument is a type error.
    """

    def register(function: Callable[P, R]) -> Callable[P, R]:
        known = function.__code__.co_varnames[: function.__code__.co_argcount]

        def run(*args: Any, **kwargs: Any) -> R:  # noqa: ANN401 - whatever a message carries
            return function(*args, **{key: value for key, value in kwargs.items() if key in known})  # type: ignore[arg-type]

        run.__name__, run.__doc__, run.__module__ = function.__name__, function.__doc__, function.__module__
        limits = {} if minutes is None else {"soft_time_limit": minutes * 60, "time_limit": minutes * 60 + 10}
        app.task(name=name, typing=False, **limits)(run)
        return function

    return register


_silent_until = 0.0


def wake(task: str, ids: Sequence[int]) -> bool:
    """Ring for a task; return whether the bell was heard. Never raises and never waits long: the sweep rings again."""
    global _silent_until  # noqa: PLW0603 - the breaker is one a process
    if time.monotonic() < _silent_until:
        return False
    try:
        app.send_task(task, args=[list(ids)] if task != "sweep" else [], retry=False)
    except Exception as error:  # noqa: BLE001 - whatever a broker's client raises, the event is safe in the inbox
        _silent_until = time.monotonic() + BREAKER_SECONDS
        log.warning("doorbell_unheard", task=task, error=type(error).__name__)
        return False
    return True
