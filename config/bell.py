"""A line to the broker for rings and for what a task tells of itself: it gives up soon, and rests after a failure."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from celery import Celery

from config.settings import settings

BREAKER_SECONDS: Final = 2.0
"""After a ring that failed nobody rings for this long: no caller waits for a dead broker, and the sweep rings later."""
PATIENCE_SECONDS: Final = 2.0
"""How long a ring waits for a broker that does not answer."""


class Bell:
    """One connection to the broker, used by one thread at a time; a fork must make its own (see `Bells`)."""

    def __init__(self, app: Callable[[], Celery]) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._connection: Any = None
        self._url = ""
        self._silent_until = 0.0

    def ring(self, task: str, arguments: list[Any], named: dict[str, Any] | None = None) -> bool:
        """Send a task; return False at once while the bell rests.

        Raises:
            Exception: whatever the broker's client raises.
        """
        return self._use(
            lambda line: self._app().send_task(task, args=arguments, kwargs=named or {}, connection=line, retry=False)
        )

    def tell(self, event: str, *, hostname: str, **fields: Any) -> bool:  # noqa: ANN401 - an event's fields are free
        """Send an event of a worker, for Flower; return False at once while the bell rests.

        Raises:
            Exception: whatever the broker's client raises.
        """

        def send(line: Any) -> None:  # noqa: ANN401 - kombu ships no types
            with self._app().events.Dispatcher(line, hostname=hostname, buffer_while_offline=False) as dispatcher:
                dispatcher.send(event, **fields)

        return self._use(send)

    def _use(self, send: Callable[[Any], object]) -> bool:
        if time.monotonic() < self._silent_until or not self._lock.acquire(timeout=2 * PATIENCE_SECONDS):
            return False
        try:
            if time.monotonic() < self._silent_until:  # somebody found out while this one waited
                return False
            send(self._connected())
        except Exception:
            self._silent_until = time.monotonic() + BREAKER_SECONDS
            self._drop()
            raise
        finally:
            self._lock.release()
        return True

    def _connected(self) -> Any:  # noqa: ANN401 - kombu ships no types
        url = settings().broker_url_text()
        if url != self._url:  # the settings were read anew
            self._drop()
        if self._connection is None:
            app = self._app()
            impatient: dict[str, Any] = {"max_retries": 0, "interval_start": 0, "interval_step": 0, "interval_max": 0}
            if url.startswith("redis"):
                impatient |= {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
            options = {**app.conf.broker_transport_options, **impatient}
            self._connection = app.connection_for_write(
                url, connect_timeout=PATIENCE_SECONDS, transport_options=options
            )
            self._url = url
        return self._connection

    def _drop(self) -> None:
        """Let go of what is broken; RabbitMQ's would wait for an answer, and goes with its last reference."""
        connection, self._connection = self._connection, None
        if connection is not None and self._url.startswith("redis"):
            with suppress(Exception):  # what it says of its own end is no news
                connection.collect()


class Bells:
    """A bell for each process: a connection that two processes shared would mix their messages up."""

    def __init__(self, app: Callable[[], Celery]) -> None:
        self._app = app
        self._bells: dict[int, Bell] = {}

    def here(self) -> Bell:
        """Return this process's bell."""
        return self._bells.setdefault(os.getpid(), Bell(self._app))
