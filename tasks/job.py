"""The decorator that registers a function as a Celery task."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from config import telemetry, tracing
from config.celery import TASKS, app
from config.errors import OperatorError
from config.redaction import format_without_message
from tasks.broker import REQUEST_IDS_KWARG

P = ParamSpec("P")
R = TypeVar("R")

log = structlog.get_logger(__name__)


class TaskError(Exception):
    """A task failed; the text holds the types and stack locations of the failure, without its message."""


def job(name: str, *, minutes: float | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a function as the task `name`, which is permanent, and return the function unchanged.

    `minutes` lifts the time limit of a long task. The broker delivers a long task a second time while it runs, so it
    must hold a lock and let the second delivery return. All other options are in `config.celery`, because Celery
    accepts a misspelt option silently. Keyword arguments that the function does not have are dropped, so that an old
    worker accepts a message of a newer version.

    Raises:
        ValueError: `name` is not in `TASKS`, so no queue would receive it.
    """
    if name not in TASKS:
        raise ValueError(f"{name!r} is not in TASKS, so nothing would route it.")

    def register(function: Callable[P, R]) -> Callable[P, R]:
        parameters = inspect.signature(function).parameters

        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            requests = kwargs.get(REQUEST_IDS_KWARG)
            for unknown in kwargs.keys() - parameters.keys():
                del kwargs[unknown]
            with (
                tracing.task_context(name, _current_task_id(), requests if isinstance(requests, list) else []),
                telemetry.span(name, kind="CONSUMER", parent=_current_parent()),
            ):
                return _redact_exceptions(partial(function, *args, **kwargs))

        run.__name__, run.__doc__, run.__module__ = function.__name__, function.__doc__, function.__module__
        limits = {} if minutes is None else {"soft_time_limit": 60.0 * minutes, "time_limit": 60.0 * minutes + 30.0}
        app.task(name=name, typing=False, **limits)(run)
        return function

    return register


def _current_task_id() -> str | None:
    task = app.current_task
    return None if task is None else task.request.id


def _current_parent() -> str | None:
    """Return the trace that the message carries, as a header; None for a message of an older version."""
    task = app.current_task
    found = None if task is None else task.request.get(telemetry.HEADER)
    return found if isinstance(found, str) else None


def _redact_exceptions(work: Callable[[], R]) -> R:
    """Run a task; replace an exception's message, which Celery would write into its log and Flower would show."""
    try:
        return work()
    except (OperatorError, SoftTimeLimitExceeded):
        raise
    except Exception as error:
        log.exception("task_failed")
        raise TaskError(format_without_message(error)) from None
