"""Replay recorded requests to a door, as their sender would, under a source's own credential."""

import base64
import gzip
import hashlib
import hmac
import random
import re
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from config.errors import Mendable
from models.sources import Credential

SENDERS_OWN = frozenset({"host", "authorization", "content-length", "connection", "expect", "typeform-signature"})
"""Headers that belong to the recorded connection or credential, not to the request."""
SIGNED_FORMATS = frozenset({"typeform"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH = re.compile(r"/(?![/\\])[!-~]*")
_VALUE = re.compile(r"[ -~\t]*")
RETRY_STATUSES = frozenset({429, 503})


class RecordingUnreadable(Mendable):
    """A recording is not JSON lines of requests."""

    exit_code = 2


class DoorUnreachable(Mendable):
    """No door answers at the address."""


@dataclass(frozen=True, slots=True)
class Request:
    """One recorded request."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a replay."""

    requests: int
    statuses: dict[int, int]
    seconds: float


def read(path: Path) -> list[Request]:
    """Return the requests of a recording: JSON lines with method, path, headers, body; `.gz` too.

    Raises:
        RecordingUnreadable: a line is no such request; the message names it.
    """
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise RecordingUnreadable(f"{path} cannot be read: {why}.", "Name a .jsonl or .jsonl.gz file.") from None
    requests = []
    for number, line in enumerate(raw.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            requests.append(_request(orjson.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise RecordingUnreadable(
                f"{path}, line {number} is not a recorded request.",
                'Each line is {"method": ..., "path": ..., "headers": [[name, value], ...], "body": "..."}.',
            ) from None
    return requests


def _request(found: dict[str, Any]) -> Request:
    """Return a recorded request.

    Raises:
        ValueError: its path would lead to another host, and the credential with it; or HTTP has no such request.
    """
    headers = tuple((str(name), str(value)) for name, value in found.get("headers", ()))
    method, path = found["method"], found["path"]
    sound = _TOKEN.fullmatch(method) and _PATH.fullmatch(path)
    if not (sound and all(_TOKEN.fullmatch(name) and _VALUE.fullmatch(value) for name, value in headers)):
        raise ValueError(path)
    return Request(method, path, headers, found.get("body", "").encode())


def arranged(requests: Sequence[Request], *, shuffle: int | None = None, duplicate: float = 0.0) -> list[Request]:
    """Return the requests shuffled by a seed, and a share of them (0 to 1) twice."""
    dice = random.Random(0 if shuffle is None else shuffle)
    again = [request for request in requests if dice.random() < duplicate]
    found = [*requests, *again]
    if shuffle is not None:
        dice.shuffle(found)
    return found


def send(
    requests: Sequence[Request],
    *,
    door: str,
    credential: Credential,
    rate: float | None = None,
    progress: Callable[[Request, int], None] = lambda _request, _status: None,
) -> Sent:
    """Send requests one after another; wait and try again where the door says that it is full.

    Args:
        requests: what to send, in this order.
        door: the base address.
        credential: whose requests these are.
        rate: at most so many requests a second.
        progress: called with each request and its status.

    Raises:
        DoorUnreachable: nothing answers.
    """
    statuses: Counter[int] = Counter()
    started = time.monotonic()
    with httpx.Client(base_url=door, timeout=60.0) as client:
        for number, request in enumerate(requests):
            if rate is not None:
                time.sleep(max(0.0, started + number / rate - time.monotonic()))
            status = _send_one(client, request, credential)
            statuses[status] += 1
            progress(request, status)
    return Sent(len(requests), dict(statuses), time.monotonic() - started)


def _send_one(client: httpx.Client, request: Request, credential: Credential) -> int:
    headers = [(name, value) for name, value in request.headers if name.lower() not in SENDERS_OWN]
    headers += _credentials(request, credential)
    for pause in (*_pauses(), None):
        try:
            answer = client.request(request.method, request.path, headers=headers, content=request.body)
        except httpx.TransportError as error:
            raise DoorUnreachable(
                f"No door answers at {client.base_url}: {error}.",
                "Start it with `souschef up`, or name it with --door.",
            ) from None
        if answer.status_code not in RETRY_STATUSES or pause is None:
            return answer.status_code
        time.sleep(min(float(answer.headers.get("Retry-After", pause)), 30.0))
    raise AssertionError("the last pause is None, which returns")


def _credentials(request: Request, credential: Credential) -> list[tuple[str, str]]:
    if credential.format in SIGNED_FORMATS:
        digest = hmac.new(credential.secret.encode(), request.body, hashlib.sha256).digest()
        return [("Typeform-Signature", "sha256=" + base64.b64encode(digest).decode())]
    pair = base64.b64encode(f"{credential.key}:{credential.secret}".encode()).decode()
    return [("Authorization", f"Basic {pair}")]


def _pauses() -> Iterator[float]:
    yield from (0.5, 1.0, 2.0, 4.0, 8.0)
