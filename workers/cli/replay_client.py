"""Send recorded requests to the API as their sender would, with a source's credential."""

import base64
import gzip
import hashlib
import hmac
import random
import re
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from config.errors import OperatorError
from models.access.sources import Credential

SENDER_HEADERS = frozenset({"host", "authorization", "content-length", "connection", "expect", "typeform-signature"})
"""Headers of the recorded connection or credential, which are not sent again."""
SIGNED_FORMATS = frozenset({"typeform"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH = re.compile(r"/(?![/\\])[!-~]*")
_VALUE = re.compile(r"[ -~\t]*")
RETRY_STATUSES = frozenset({429, 503})
RETRY_DELAYS_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)


class UnreadableRecordingError(OperatorError):
    """A recording does not consist of JSON lines of requests."""

    exit_code = 2


class ApiUnreachableError(OperatorError):
    """No API answers at the address."""


@dataclass(frozen=True, slots=True)
class Request:
    """One recorded request."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class SendResult:
    """The statuses and the duration of a replay."""

    requests: int
    statuses: dict[int, int]
    seconds: float


def read(path: Path) -> list[Request]:
    """Return the requests of a recording: JSON lines with method, path, headers, body; `.gz` too.

    Raises:
        UnreadableRecordingError: a line is not such a request; the message has its number.
    """
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise UnreadableRecordingError(
            f"{path} cannot be read: {reason}.", "Name a .jsonl or .jsonl.gz file."
        ) from None
    requests = []
    for number, line in enumerate(raw.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            requests.append(_parse_request(orjson.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UnreadableRecordingError(
                f"{path}, line {number} is not a recorded request.",
                'Each line is {"method": ..., "path": ..., "headers": [[name, value], ...], "body": "..."}.',
            ) from None
    return requests


def _parse_request(document: dict[str, Any]) -> Request:
    """Return a recorded request.

    Raises:
        ValueError: the path would send the credential to another host, or the request is not valid HTTP.
    """
    headers = tuple((str(name), str(value)) for name, value in document.get("headers", ()))
    method, path = document["method"], document["path"]
    valid = _TOKEN.fullmatch(method) and _PATH.fullmatch(path)
    if not (valid and all(_TOKEN.fullmatch(name) and _VALUE.fullmatch(value) for name, value in headers)):
        raise ValueError(path)
    return Request(method, path, headers, document.get("body", "").encode())


def arrange(requests: Sequence[Request], *, shuffle: int | None = None, duplicate: float = 0.0) -> list[Request]:
    """Return the requests, shuffled with the seed `shuffle`, and the share `duplicate` (0 to 1) of them twice."""
    dice = random.Random(0 if shuffle is None else shuffle)
    duplicates = [request for request in requests if dice.random() < duplicate]
    arranged = [*requests, *duplicates]
    if shuffle is not None:
        dice.shuffle(arranged)
    return arranged


def send(
    requests: Sequence[Request],
    *,
    api_url: str,
    credential: Credential,
    rate: float | None = None,
    progress: Callable[[Request, int], None] = lambda _request, _status: None,
) -> SendResult:
    """Send requests one after another; wait and send again if the API is overloaded (429 or 503).

    Args:
        requests: the requests, in the order to send.
        api_url: the base address of the API.
        credential: the credential of the source whose requests these are.
        rate: the most requests a second.
        progress: called with each request and its status.

    Raises:
        ApiUnreachableError: no API answers.
    """
    statuses: Counter[int] = Counter()
    started = time.monotonic()
    with httpx.Client(base_url=api_url, timeout=60.0) as client:
        for number, request in enumerate(requests):
            if rate is not None:
                time.sleep(max(0.0, started + number / rate - time.monotonic()))
            status = _send_one(client, request, credential)
            statuses[status] += 1
            progress(request, status)
    return SendResult(len(requests), dict(statuses), time.monotonic() - started)


def _send_one(client: httpx.Client, request: Request, credential: Credential) -> int:
    headers = [(name, value) for name, value in request.headers if name.lower() not in SENDER_HEADERS]
    headers += credential_headers(request, credential)
    for delay in (*RETRY_DELAYS_SECONDS, None):
        try:
            response = client.request(request.method, request.path, headers=headers, content=request.body)
        except httpx.TransportError as error:
            raise ApiUnreachableError(
                f"No API answers at {client.base_url}: {error}.",
                "Start it with `souschef up`, or give its address with --api.",
            ) from None
        if response.status_code not in RETRY_STATUSES or delay is None:
            return response.status_code
        time.sleep(min(float(response.headers.get("Retry-After", delay)), 30.0))
    raise AssertionError("the last delay is None, which returns")


def credential_headers(request: Request, credential: Credential) -> list[tuple[str, str]]:
    """Return the headers by which a source proves who it is."""
    if credential.format in SIGNED_FORMATS:
        digest = hmac.new(credential.secret.encode(), request.body, hashlib.sha256).digest()
        return [("Typeform-Signature", "sha256=" + base64.b64encode(digest).decode())]
    pair = base64.b64encode(f"{credential.key}:{credential.secret}".encode()).decode()
    return [("Authorization", f"Basic {pair}")]
