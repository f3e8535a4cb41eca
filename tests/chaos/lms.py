"""An LMS that sends by many clients at once, and sends again what was not answered with a 2xx: at least once."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from queue import Empty, SimpleQueue
from typing import Any

import httpx

from models.access.sources import Credential
from tests.tasks.fault_simulator import requests

PAUSE_SECONDS = 0.2
"""Before a request is sent again."""


class Lms:
    """Clients of one school, with the answers that they got."""

    def __init__(self, api_url: str, credential: Credential, *, pause: float = 0.0, timeout: float = 30.0) -> None:
        self.api_url = api_url
        self.credential = credential
        self.pause = pause
        self.timeout = timeout
        self.statuses: Counter[int | str] = Counter()
        self.seconds: list[float] = []
        """How long each answer took."""
        self.accepted = 0
        self._queue: SimpleQueue[list[dict[str, Any]]] = SimpleQueue()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, events: list[dict[str, Any]], *, clients: int, seed: int, largest: int = 9) -> None:
        """Deal the events out to requests, in no order, and begin to send."""
        for request in requests(random.Random(seed), events, largest=largest):
            self._queue.put(request)
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def answered(self, events: int, *, seconds: float = 60.0) -> None:
        """Wait until so many events have been accepted."""
        deadline = time.monotonic() + seconds
        while self.accepted < events:
            assert time.monotonic() < deadline, f"{self.accepted} of {events} accepted: {self.statuses}"
            time.sleep(0.002)

    def join(self, *, seconds: float) -> None:
        """Return when every event has been accepted, or the sending was given up."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        late = any(thread.is_alive() for thread in self._threads)
        self.give_up()
        assert not late, f"after {seconds} s not all events are accepted: {self.statuses}"

    def give_up(self) -> None:
        """Send nothing any more."""
        self._over.set()

    def _run(self) -> None:
        pair = (self.credential.key, self.credential.secret)
        with httpx.Client(base_url=self.api_url, auth=pair, timeout=self.timeout) as client:
            while not self._over.is_set():
                try:
                    request = self._queue.get_nowait()
                except Empty:
                    return
                while not self._over.is_set() and not self._take(client, request):
                    time.sleep(PAUSE_SECONDS)
                time.sleep(self.pause)

    def _take(self, client: httpx.Client, request: list[dict[str, Any]]) -> bool:
        began = time.monotonic()
        try:
            status: int | str = client.post("/events", json=request).status_code
        except httpx.HTTPError as error:
            status = type(error).__name__
        with self._lock:
            self.seconds.append(time.monotonic() - began)
            self.statuses[status] += 1
            if status == 200:
                self.accepted += len(request)
        return status == 200
