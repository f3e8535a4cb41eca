"""Ids that link an API request, its message to the broker, the task and the rows that it wrote.

structlog's context holds them, so every log line of the request and the task has them. Ids are hexadecimal, so that no
name or address of a person can become one.
"""

import re
import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final

from structlog import contextvars

_VALID: Final = re.compile(r"[0-9a-f]{16,32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MAX_REQUEST_IDS: Final = 24
"""Flower shows this many ids of 36 characters; it cuts a task's arguments after 1,024 characters."""


def normalize_request_id(text: str) -> str:
    """Return the sender's request id in lower case if it is a UUID or 16 to 32 hexadecimal digits; else a new id."""
    lower = text.strip().lower()
    return lower if _VALID.fullmatch(lower) else uuid.uuid4().hex


def request_context(request_id: str) -> AbstractContextManager[None]:
    """Add the request's id to all log lines of the block."""
    return contextvars.bound_contextvars(request_id=request_id)


def task_context(name: str, task_id: str | None, requests: Sequence[str]) -> AbstractContextManager[None]:
    """Add the task's name and id, and the ids of the requests that caused it, to all log lines of the block."""
    causes = {"notified_by": list(requests)} if requests else {}
    return contextvars.bound_contextvars(task=name, task_id=task_id, **causes)


def request_id() -> str | None:
    """Return the id of the current request; None outside of a request."""
    return _bound("request_id")


def task_id() -> str | None:
    """Return the id of the running task; None outside of a task."""
    return _bound("task_id")


def _bound(name: str) -> str | None:
    value = contextvars.get_contextvars().get(name)
    return value if isinstance(value, str) else None
