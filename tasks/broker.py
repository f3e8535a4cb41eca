"""Send messages to the broker without ever waiting long for it: short timeouts, and a pause after each failure."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

import structlog
from celery import Celery

from config import telemetry
from config.celery import QUEUE, app
from config.settings import settings

log = structlog.get_logger(__name__)
T = TypeVar("T")

BREAKER_SECONDS: Final = 2.0
"""After a failure nothing is sent for this long: no caller waits for a dead broker, and the sweep sends later."""
CONNECT_TIMEOUT_SECONDS: Final = 2.0
PING_TIMEOUT_SECONDS: Final = 1.0
REQUEST_IDS_KWARG: Final = "requests"
"""The keyword argument of a message with the ids of the requests that caused it."""


def enqueue(task: str, ids: Sequence[int] | None = None, requests: Sequence[str] = ()) -> bool:
    """Send a task with its ids, if it takes some; return whether the broker accepted it.

    The ids of the `requests` that caused it are sent too, so that Flower shows them. Never raises and never waits long:
    the sweep enqueues again what was not sent.
    """
    try:
        return current_client().send_task(
            task, [] if ids is None else [list(ids)], {REQUEST_IDS_KWARG: list(requests)} if requests else None
        )
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the event is safe in the inbox
        log.warning("enqueue_failed", task=task, error=type(error).__name__)
        return False


def ping_broker() -> bool:
    """Return whether the broker answers within `PING_TIMEOUT_SECONDS`."""
    return _ask(lambda _: True) or False


def queue_length() -> int | None:
    """Return how many messages wait in our queue; None if the broker does not answer."""
    redis = settings().broker_url_text().startswith("redis")  # where an empty queue does not exist
    return _ask(lambda channel: int(channel.queue_declare(queue=QUEUE, passive=not redis).message_count))


def _ask(question: Callable[[Any], T]) -> T | None:
    """Ask the broker over a connection of its own; return None if it does not answer."""
    try:
        url = settings().broker_url_text()
        options = _without_retries(url, timeout=PING_TIMEOUT_SECONDS)
        with app.connection_for_read(
            url, connect_timeout=PING_TIMEOUT_SECONDS, transport_options=options
        ) as connection:
            connection.ensure_connection(max_retries=1, timeout=PING_TIMEOUT_SECONDS)
            with connection.default_channel as channel:
                return question(channel)
    except Exception:  # noqa: BLE001 - whatever the broker's client raises, it does not answer
        return None


def current_client() -> BrokerClient:
    """Return the broker client of this process."""
    return _clients.current()


class BrokerClient:
    """One connection to the broker, used by one thread at a time."""

    def __init__(self, app: Callable[[], Celery]) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._connection: Any = None
        self._url = ""
        self._retry_after = 0.0

    def send_task(self, task: str, args: list[Any], kwargs: dict[str, Any] | None = None) -> bool:
        """Send a task; return False at once within `BREAKER_SECONDS` after a failure.

        Raises:
            Exception: whatever the broker's client raises.
        """
        parent = telemetry.traceparent()
        headers = {} if parent is None else {"headers": {telemetry.HEADER: parent}}
        return self._with_connection(
            lambda connection: self._app().send_task(
                task, args=args, kwargs=kwargs or {}, connection=connection, retry=False, **headers
            )
        )

    def send_event(self, event: str, *, hostname: str, **fields: Any) -> bool:  # noqa: ANN401 - an event's fields are free
        """Send a worker's event to Flower; return False at once within `BREAKER_SECONDS` after a failure.

        Raises:
            Exception: whatever the broker's client raises.
        """

        def send(connection: Any) -> None:  # noqa: ANN401 - kombu ships no types
            events = self._app().events
            with events.Dispatcher(connection, hostname=hostname, buffer_while_offline=False) as dispatcher:
                dispatcher.send(event, **fields)

        return self._with_connection(send)

    def _with_connection(self, send: Callable[[Any], object]) -> bool:
        if time.monotonic() < self._retry_after or not self._lock.acquire(timeout=2 * CONNECT_TIMEOUT_SECONDS):
            return False
        try:
            if time.monotonic() < self._retry_after:  # another thread failed while this one waited for the lock
                return False
            send(self._connect())
        except Exception:
            self._retry_after = time.monotonic() + BREAKER_SECONDS
            self._drop()
            raise
        finally:
            self._lock.release()
        return True

    def _connect(self) -> Any:  # noqa: ANN401 - kombu ships no types
        url = settings().broker_url_text()
        if url != self._url:  # the settings were read again
            self._drop()
        if self._connection is None:
            app = self._app()
            options = {**app.conf.broker_transport_options, **_without_retries(url, timeout=CONNECT_TIMEOUT_SECONDS)}
            self._connection = app.connection_for_write(
                url, connect_timeout=CONNECT_TIMEOUT_SECONDS, transport_options=options
            )
            self._url = url
        return self._connection

    def _drop(self) -> None:
        """Drop a broken connection; closing RabbitMQ's would wait for an answer, so only the reference goes."""
        connection, self._connection = self._connection, None
        if connection is not None and self._url.startswith("redis"):
            with suppress(Exception):  # closing a broken connection may fail
                connection.collect()


class PerProcessBrokerClient:
    """A broker client for each process: two processes that shared a connection would mix up their messages."""

    def __init__(self, app: Callable[[], Celery]) -> None:
        self._app = app
        self._clients: dict[int, BrokerClient] = {}

    def current(self) -> BrokerClient:
        """Return the client of this process."""
        return self._clients.setdefault(os.getpid(), BrokerClient(self._app))


def _without_retries(url: str, *, timeout: float) -> dict[str, Any]:
    """Return transport options that fail at the first error; only Redis has socket timeouts."""
    options: dict[str, Any] = {"max_retries": 0, "interval_start": 0, "interval_step": 0, "interval_max": 0}
    if url.startswith("redis"):
        options |= {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    return options


_clients = PerProcessBrokerClient(lambda: app)
