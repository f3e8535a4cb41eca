"""The Celery app and its settings, each with its reason.

The broker only notifies workers. What must not be lost is in the database; a message carries ids, may be lost, doubled
or late, and every task may run twice. `task_always_eager` is used nowhere, not even in tests: it skips the broker, the
acknowledgement and the process boundary, which are what goes wrong.
"""

from typing import Any, Final

from celery import Celery
from celery.schedules import crontab
from kombu.entity import Queue

from config.settings import settings

QUEUE: Final = "souschef"
TASKS: Final = (
    "assessment_completed",
    "survey_submitted",
    "choice_made",
    "order_given",
    "refresh_assignments",
    "sweep",
    "nightly",
    "lti_scores",
)
"""Permanent names: messages of an older version carry them, and operators know them from Flower."""
TASK_LIMIT_SECONDS: Final = 30
"""No lease may be shorter, or a second worker starts what the first has not finished."""
TASK_MODULES: Final = ("tasks.events", "tasks.refresh", "tasks.sweep", "tasks.nightly", "tasks.lti_scores")


def configuration() -> dict[str, Any]:
    """Return Celery's settings, each with its reason.

    Raises:
        ServersNotConfiguredError: no broker is set and no embedded one is running.
    """
    url = settings().broker_url_text()
    redis = url.startswith("redis")
    return {
        "broker_url": url,
        **_delivery(redis=redis),
        **_connection(redis=redis),
        **_queues(redis=redis),
        **_contents(),
        **_worker(),
        **_schedule(),
    }


def _delivery(*, redis: bool) -> dict[str, Any]:
    return {
        # Acknowledged after the work, so that the broker delivers a killed worker's message again. Attempts are counted
        # in PostgreSQL before the work, because a message that kills its worker would otherwise loop for ever.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        # A drain hands over after 10 s; the limits of 20 s and 30 s are for failures only.
        "task_soft_time_limit": 20,
        "task_time_limit": TASK_LIMIT_SECONDS,
        # One message at a time: a task drains everything that waits, so prefetched messages would find nothing.
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": redis,  # Redis only; RabbitMQ has a prefetch of one itself
    }


def _connection(*, redis: bool) -> dict[str, Any]:
    return {
        "broker_transport_options": _redis_options() if redis else {"confirm_publish": True},
        # A worker waits for its broker without limit: restarting the worker would not help.
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_connection_timeout": 3,
        # Flower asks the workers in eight threads at once, and each thread needs two connections: a small pool would
        # deadlock. Connections are opened as needed.
        "broker_pool_limit": 40,
        # A lost broker connection is no reason to stop a task that is half done.
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }


def _redis_options() -> dict[str, Any]:
    return {
        # The shortest timeout of all connections applies, so every process has this one. Twice the task limit.
        "visibility_timeout": 60,
        # Checked every 10 s instead of about every 100 s, so a killed worker's message is delivered again soon.
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        # Detects a frozen Redis within 10 s, an absent one within 3 s.
        "socket_timeout": 10,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 10,
        # Prefix of every key, for access rules and for sharing a server.
        "global_keyprefix": "souschef:",
    }


def _queues(*, redis: bool) -> dict[str, Any]:
    # A quorum queue survives the loss of a node and does not lose a message between server and worker. It drops a
    # message that came back 20 times; the sweep sends a new one.
    kind = "classic" if redis else "quorum"
    arguments = {} if redis else {"x-queue-type": kind}
    queue = Queue(QUEUE, routing_key=QUEUE, queue_arguments=arguments)  # type: ignore[no-untyped-call] # kombu's own
    return {
        "task_default_queue": QUEUE,
        "task_default_queue_type": kind,
        "worker_detect_quorum_queues": not redis,
        "task_queues": [queue],
        "task_routes": {name: {"queue": QUEUE} for name in TASKS},
        # A misspelt queue name is an error, not a queue without consumers.
        "task_create_missing_queues": False,
    }


def _contents() -> dict[str, Any]:
    return {
        # JSON only: a message must not be able to execute code.
        "task_serializer": "json",
        "event_serializer": "json",
        "accept_content": ["json"],
        # Nothing waits for a result; Flower reads a task's return value from its event.
        "result_backend": None,
        "task_ignore_result": True,
        # Flower shows events. Tasks are few, each a batch, so events cost little.
        "worker_send_task_events": True,
        "task_send_sent_event": True,
        "task_track_started": True,
        "enable_utc": True,
        "timezone": "UTC",
    }


def _worker() -> dict[str, Any]:
    return {
        "worker_concurrency": settings().worker_concurrency,
        # Replace a child after this many tasks or this much memory (KiB), so that a slow leak is no incident.
        "worker_max_tasks_per_child": 500,
        "worker_max_memory_per_child": 300_000,
        # SIGTERM lets running tasks finish; a second signal gives them 25 s more. The supervisor waits 40 s.
        "worker_soft_shutdown_timeout": 25,
        "worker_enable_soft_shutdown_on_idle": False,
        # Keep our log format in the workers.
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
    }


def _schedule() -> dict[str, Any]:
    return {
        "beat_schedule_filename": str(settings().data_dir / "beat-schedule"),
        "beat_schedule": {
            # A message older than its period is useless: it expires.
            "sweep": {"task": "sweep", "schedule": 30.0, "options": {"expires": 30}},
            "nightly": {"task": "nightly", "schedule": crontab(hour="3", minute="10"), "options": {"expires": 3600}},
            "lti_scores": {
                "task": "lti_scores",
                "schedule": crontab(hour="2", minute="40"),
                "options": {"expires": 3600},
            },
        },
    }


app = Celery("souschef", include=list(TASK_MODULES))
app.add_defaults(configuration)  # Called at the first use: importing this module opens and reads nothing.
