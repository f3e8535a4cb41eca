"""More clients than the API takes at once, each sending again as soon as it is answered, cheaply enough to be many."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from models.access.sources import Credential
from tests.tasks.fault_simulator import requests


@dataclass(slots=True)
class Load:
    """What the clients were answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    without_retry_after: int = 0
    """Refusals that did not say when to come again."""
    longest: float = 0.0
    cut: int = 0
    """Connections that were closed while somebody waited, as one that was silent for too long is."""
    accepted: list[dict[str, object]] = field(default_factory=list)
    """Events of requests that were answered with 200."""


def overload(
    api_url: str, credential: Credential, events: list[dict[str, object]], *, clients: int, seconds: float
) -> Load:
    """Send events, one to nine a request, until the time is over or all have been accepted."""
    return asyncio.run(_overload(api_url, credential, events, clients=clients, seconds=seconds))


async def _overload(
    api_url: str, credential: Credential, events: list[dict[str, object]], *, clients: int, seconds: float
) -> Load:
    load, until = Load(), time.monotonic() + seconds
    waiting = requests(random.Random(clients), events)
    where = urlsplit(api_url)
    pair = base64.b64encode(f"{credential.key}:{credential.secret}".encode()).decode()
    head = f"POST /events HTTP/1.1\r\nHost: api\r\nAuthorization: Basic {pair}\r\nContent-Type: application/json\r\n"

    async def client() -> None:
        batches: list[list[dict[str, object]]] = []
        while (batches or waiting) and time.monotonic() < until:
            try:
                await talk(batches)
            except (OSError, asyncio.IncompleteReadError):
                load.cut += 1

    async def talk(batches: list[list[dict[str, object]]]) -> None:
        """Send on one connection until it is closed or the time is over; `batches` holds what is under way."""
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        with contextlib.closing(writer):
            while (batches or waiting) and time.monotonic() < until:
                batches[:] = batches or [waiting.pop()]
                body = json.dumps(batches[0]).encode()
                began = time.monotonic()
                writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                status, headers = await _answer(reader)
                load.statuses[status] += 1
                load.longest = max(load.longest, time.monotonic() - began)
                if status == 200:
                    load.accepted += batches.pop()
                else:
                    load.without_retry_after += "retry-after" not in headers
                    waiting.append(batches.pop())

    await asyncio.gather(*(client() for _ in range(clients)))
    await asyncio.sleep(0.1)  # the closed connections are let go
    return load


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    top = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in top[1:] if line)}
    await reader.readexactly(int(headers["content-length"]))
    return int(top[0].split()[1]), headers
