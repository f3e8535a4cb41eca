"""Send one harmless event through the API with a source's credential, and say what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import httpx
import orjson

from lms import probe
from models.access.sources import Credential
from workers.cli import replay_client
from workers.cli.replay_client import Request

TIMEOUT_SECONDS = 20.0
REMEDIES = {
    HTTPStatus.UNAUTHORIZED: "The credential is refused: the source is revoked, or the API has another secret key.",
    HTTPStatus.FORBIDDEN: "The credential is of another format than the path takes.",
    HTTPStatus.NOT_FOUND: "No API of Souschef answers at this address: look at the proxy's path.",
    HTTPStatus.TOO_MANY_REQUESTS: "The source has sent too much: wait, and test again.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The API answers, and its database does not: see `souschef doctor`.",
}


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of the test."""

    address: str
    status: int
    answer: Any
    milliseconds: int

    @property
    def passed(self) -> bool:
        """Whether the event was taken and, being of no known type, not stored."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def sentence(self) -> str:
        """What that means."""
        if self.passed:
            return "Address, credential, format and database are right. Nothing of the test event is stored."
        remedy = REMEDIES.get(HTTPStatus(self.status)) if self.status in set(HTTPStatus) else None
        return remedy or "See the API's log for the request."


def run(credential: Credential, *, api_url: str) -> Tested:
    """Send the test event.

    Raises:
        ApiUnreachableError: nobody answers at the address.
    """
    path, event = probe.probe(credential.format, at=datetime.now(UTC).isoformat(timespec="seconds"))
    headers = (("Content-Type", "application/json"), ("X-Experience-API-Version", "1.0.3"))
    request = Request("POST", path, headers, orjson.dumps(event))
    started = time.monotonic()
    try:
        with httpx.Client(base_url=api_url, timeout=TIMEOUT_SECONDS) as client:
            answer = client.request(
                request.method,
                request.path,
                headers=[*request.headers, *replay_client.credential_headers(request, credential)],
                content=request.body,
            )
    except httpx.HTTPError as error:
        raise replay_client.ApiUnreachableError(
            f"No API answers at {api_url}: {error}.", "Start it, or name its address by --api or SOUSCHEF_WEB_URL."
        ) from None
    spent = round(1000 * (time.monotonic() - started))
    return Tested(f"{api_url}{path}", answer.status_code, _document(answer), spent)


def _document(answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    try:
        return answer.json()
    except ValueError:
        return None
