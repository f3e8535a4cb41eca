"""One id that leads from a request at a door, through the broker and a worker's log, to the rows that came of it.

Both ids stand in every log line of the request and of the task, for structlog's context holds them. Nothing that a
person wrote may become one: an id is hexadecimal, a name or an address is not.
"""

import re
import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final

from structlog import contextvars

_SANE: Final = re.compile(r"[0-9a-f]{16,32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
REQUESTS_A_RING: Final = 24
"""So many ids of 36 characters are shown whole by Flower, which cuts a task's arguments after 1,024."""


def taken(given: str) -> str:
    """Return the sender's id of a request where it is sane, in small letters: a UUID or 16 to 32 digits; else a new."""
    small = given.strip().lower()
    return small if _SANE.fullmatch(small) else uuid.uuid4().hex


def of_request(request_id: str) -> AbstractContextManager[None]:
    """Have all within the block belong to a request."""
    return contextvars.bound_contextvars(request_id=request_id)


def of_task(name: str, task_id: str | None, requests: Sequence[str]) -> AbstractContextManager[None]:
    """Have all within the block belong to a task, and to the requests that rang for it."""
    rung = {"rung_by": list(requests)} if requests else {}
    return contextvars.bound_contextvars(task=name, task_id=task_id, **rung)


def request_id() -> str | None:
    """Return the id of the request that is being answered, None outside of any."""
    return _bound("request_id")


def task_id() -> str | None:
    """Return the id of the task that is running, None outside of any."""
    return _bound("task_id")


def _bound(name: str) -> str | None:
    found = contextvars.get_contextvars().get(name)
    return found if isinstance(found, str) else None
