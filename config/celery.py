"""The Celery app: all that is known of Celery, and the doorbell.

The broker is only a doorbell. What must not be lost stands in the database; a message carries ids, may be lost, doubled
or late, and every task may run twice. `task_always_eager` is used nowhere, not even in tests: it skips the broker, the
acknowledgement and the process boundary, which are what goes wrong.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

import structlog
from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded
from celery.schedules import crontab
from kombu.entity import Queue

from config import trace
from config.bell import Bells
from config.errors import Mendable
from config.settings import settings
from config.told import kind_and_place

P = ParamSpec("P")
R = TypeVar("R")

log = structlog.get_logger(__name__)

QUEUE: Final = "souschef"
TASKS: Final = (
    "assessment_completed",
    "survey_submitted",
    "choice_made",
    "order_given",
    "refresh_assignments",
    "sweep",
    "nightly",
)
"""Permanent names: messages of an old version name them, and operators know them from Flower."""
REQUESTS: Final = "requests"
"""The keyword under which a message names the requests that rang; every task drops what it does not know."""
TASK_LIMIT_SECONDS: Final = 30
"""No lease may be shorter, or a second worker begins what the first has not ended."""
TASK_MODULES: Final = ("tasks.events", "tasks.refresh", "tasks.maintenance")


class TaskBroke(Exception):  # noqa: N818 - it is told as what happened
    """A task broke; the text is the kind and place of what broke it."""


def configuration() -> dict[str, Any]:
    """Return Celery's settings, each with its reason.

    Raises:
        NoServers: no broker is set and no embedded one is running.
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
        # Acknowledged after the work, so that a killed worker's message comes back. The rest is not left to the broker:
        # attempts are counted in PostgreSQL before the work, else a message that kills its worker would loop for ever.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        # A drain hands over after 10 s, so 20 s and 30 s are only for what has gone wrong.
        "task_soft_time_limit": 20,
        "task_time_limit": TASK_LIMIT_SECONDS,
        # One message at a time: a message drains all that waits, so hoarded ones would find nothing.
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": redis,  # only Redis knows it; RabbitMQ has its own prefetch of one
    }


def _connection(*, redis: bool) -> dict[str, Any]:
    return {
        "broker_transport_options": _redis_options() if redis else {"confirm_publish": True},
        # A worker waits for its broker for as long as it takes: it is not what is broken.
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_connection_timeout": 3,
        # Flower asks the workers in eight threads at once, each of which holds one connection and wants a second: with
        # few of them it stands still for ever. They are opened as they are needed.
        "broker_pool_limit": 40,
        # A broken connection to a doorbell is no reason to stop work that is half done.
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }


def _redis_options() -> dict[str, Any]:
    return {
        # The shortest of all connections wins, so every process has this one. Twice the task limit.
        "visibility_timeout": 60,
        # Looked at every 10 s instead of about every 100 s: a killed worker's message comes back soon.
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        # A frozen Redis is noticed within 10 s, an absent one within 3 s.
        "socket_timeout": 10,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 10,
        # Every key begins so, for an access rule and for sharing a server.
        "global_keyprefix": "souschef:",
    }


def _queues(*, redis: bool) -> dict[str, Any]:
    # A quorum queue survives a node and does not lose a message between server and worker. It drops one that came back
    # 20 times; that is a lost ring, which the sweep mends.
    kind = "classic" if redis else "quorum"
    arguments = {} if redis else {"x-queue-type": kind}
    queue = Queue(QUEUE, routing_key=QUEUE, queue_arguments=arguments)  # type: ignore[no-untyped-call] # kombu's own
    return {
        "task_default_queue": QUEUE,
        "task_default_queue_type": kind,
        "worker_detect_quorum_queues": not redis,
        "task_queues": [queue],
        "task_routes": {name: {"queue": QUEUE} for name in TASKS},
        # A misspelt queue is an error, not a queue that nobody reads.
        "task_create_missing_queues": False,
    }


def _contents() -> dict[str, Any]:
    return {
        # JSON alone: a message must not be able to name code.
        "task_serializer": "json",
        "event_serializer": "json",
        "accept_content": ["json"],
        # Nothing waits for a result; Flower reads a task's return value from its event.
        "result_backend": None,
        "task_ignore_result": True,
        # Events feed Flower. There are few tasks, each a batch, so they cost little.
        "worker_send_task_events": True,
        "task_send_sent_event": True,
        "task_track_started": True,
        "enable_utc": True,
        "timezone": "UTC",
    }


def _worker() -> dict[str, Any]:
    return {
        "worker_concurrency": settings().worker_concurrency,
        # A child lives for so many tasks or so much memory (KiB), so that a slow leak is never an incident.
        "worker_max_tasks_per_child": 500,
        "worker_max_memory_per_child": 300_000,
        # SIGTERM finishes what runs; a second signal gives it 25 s more, then hands back. The supervisor waits 40 s.
        "worker_soft_shutdown_timeout": 25,
        "worker_enable_soft_shutdown_on_idle": False,
        # Our own log format stays in force in the workers.
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
    }


def _schedule() -> dict[str, Any]:
    return {
        "beat_schedule_filename": str(settings().data_dir / "beat-schedule"),
        "beat_schedule": {
            # A ring older than its period is noise: it expires.
            "sweep": {"task": "sweep", "schedule": 30.0, "options": {"expires": 30}},
            "nightly": {"task": "nightly", "schedule": crontab(hour="3", minute="10"), "options": {"expires": 3600}},
        },
    }


app = Celery("souschef", include=list(TASK_MODULES))
app.add_defaults(configuration)  # Called at the first use: importing this module opens and reads nothing.


def job(name: str, *, minutes: float | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a function as the task `name`; the name is permanent.

    A task that takes long may run for so many `minutes`. The broker delivers it a second time meanwhile, so it must
    hold a lock and let the second one go. The function itself comes back, typed as it was, so a misspelt argument is a
    type error; all other options are those of `configuration`, for Celery would take a misspelt one in silence. Keyword
    arguments that the function does not know are dropped, so that an old worker takes a new version's message.
    """
    if name not in TASKS:
        raise ValueError(f"{name!r} is not in TASKS, so nothing would route it.")

    def register(function: Callable[P, R]) -> Callable[P, R]:
        known = inspect.signature(function).parameters

        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            requests = kwargs.get(REQUESTS)
            for unknown in kwargs.keys() - known.keys():
                del kwargs[unknown]
            with trace.of_task(name, _running_id(), requests if isinstance(requests, list) else []):
                return _wordless(partial(function, *args, **kwargs))

        run.__name__, run.__doc__, run.__module__ = function.__name__, function.__doc__, function.__module__
        limits = {} if minutes is None else {"soft_time_limit": 60.0 * minutes, "time_limit": 60.0 * minutes + 30.0}
        app.task(name=name, typing=False, **limits)(run)
        return function

    return register


def _running_id() -> str | None:
    found = app.current_task
    return None if found is None else found.request.id


def _wordless(work: Callable[[], R]) -> R:
    """Run a task; what breaks it is told without its words, which Celery would write into its log and into Flower."""
    try:
        return work()
    except (Mendable, SoftTimeLimitExceeded):
        raise
    except Exception as error:
        log.exception("task_broke")
        raise TaskBroke(kind_and_place(error)) from None


_bells = Bells(lambda: app)


def wake(task: str, ids: Sequence[int] | None = None, requests: Sequence[str] = ()) -> bool:
    """Ring for a task, with ids where it takes some; return whether the bell was heard.

    The ids of the `requests` that ring go along, where Flower shows and finds them.

    Never raises and never waits for long: what is not heard is rung for by the sweep.
    """
    try:
        return _bells.here().ring(
            task, [] if ids is None else [list(ids)], {REQUESTS: list(requests)} if requests else None
        )
    except Exception as error:  # noqa: BLE001 - whatever a broker's client raises, the event is safe in the inbox
        log.warning("doorbell_unheard", task=task, error=type(error).__name__)
        return False


def tell(done: Mapping[str, int | str]) -> bool:
    """Let Flower show, as the running task's result so far, what it has done; return whether it was heard.

    Celery's own `update_state` never reaches Flower, an event does. Never raises, like `wake`.
    """
    running = app.current_task
    if running is None or running.request.hostname is None:
        return False
    try:
        return _bells.here().tell(
            "task-progress", hostname=running.request.hostname, uuid=running.request.id, result=str(dict(done))
        )
    except Exception as error:  # noqa: BLE001 - see `wake`
        log.warning("progress_unheard", error=type(error).__name__)
        return False


def broker_answers() -> bool:
    """Ask the broker whether it is there; it is waited for a second at most."""
    patience = 1.0
    options: dict[str, Any] = {"max_retries": 0, "interval_start": 0, "interval_step": 0, "interval_max": 0}
    if settings().broker_url_text().startswith("redis"):
        options |= {"socket_timeout": patience, "socket_connect_timeout": patience}
    try:
        url = settings().broker_url_text()
        with app.connection_for_read(url, connect_timeout=patience, transport_options=options) as connection:
            connection.ensure_connection(max_retries=1, timeout=patience)
            connection.default_channel.close()
    except Exception:  # noqa: BLE001 - whatever a broker's client raises, it does not answer
        return False
    return True
