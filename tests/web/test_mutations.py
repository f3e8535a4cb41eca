"""P18, P19: spoiled requests of every sender get an answer that is documented, never a 5xx; forged ones leave nothing.

`make mutations` sends 10,000 and writes docs/results/mutations.md; MUTATIONS=n and MUTATIONS_SEED=n choose others.
"""

import base64
import gzip
import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from tests.web import mutations
from tests.web.conftest import AddSource, RunningApi
from tests.web.mutations import KINDS, Request
from tests.web.senders import SENDERS, body
from web import openapi

Rows: TypeAlias = Callable[[], list[tuple[str, str, bytes]]]
COUNT = int(os.environ.get("MUTATIONS", "200"))
SEED = int(os.environ.get("MUTATIONS_SEED", "18"))
ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "results" / "mutations.md"
MOST_BYTES = 20_000
"""What a recorded request is cut to: its first events."""
pytestmark = pytest.mark.timeout(900)


def documented_problems() -> set[tuple[int, str]]:
    """(status, code) of every problem below 500 that the OpenAPI page names, and what is nowhere."""
    problems = {status: codes for status, codes in openapi._PROBLEMS.items() if status < 500}
    documented = {(status, code.strip()) for status, codes in problems.items() for code in codes.split(",")}
    return documented | {(404, "not_found")}


def recorded() -> list[dict[str, Any]]:
    """What real Moodles, sensors and clients have sent, one short request of each recording."""
    found = []
    for path in sorted((ROOT / "tests" / "samples").glob("*.jsonl.gz")):
        with gzip.open(path, "rt") as lines:
            request = json.loads(next(lines))
        document = json.loads(request["body"])
        while isinstance(document, list) and len(document) > 1 and len(json.dumps(document)) > MOST_BYTES:
            document = document[: len(document) // 2]
        found.append({**request, "document": document})
    return found


def requests_of(add_source: AddSource) -> list[Request]:
    """A good request of each sender, recorded or as our own tests write it."""
    found = []

    def add(name: str, format_: str, path: str, document: Any, surveys: tuple[str, ...] = ()) -> None:
        credential = add_source(name, format_, surveys=surveys)
        pair = base64.b64encode(f"{credential.key}:{credential.secret}".encode()).decode()
        headers = {"Content-Type": "application/json", "Authorization": f"Basic {pair}"}
        found.append(Request("POST", path, headers, body(document), credential.secret, credential.key))

    for name, sender in SENDERS.items():
        add(name, sender.format, sender.path, sender.wrap(sender.events()[:6])[0], sender.surveys)
    for number, request in enumerate(recorded()):
        format_ = "caliper" if request["path"].startswith("/caliper") else "moodle"
        add(f"recorded {number}", format_, request["path"].split("?")[0], request["document"], ("FB-LIKE",))
    return found


def sent(client: httpx.Client, request: Request) -> tuple[int, str]:
    """(status, code) of the answer; a request that HTTP itself cannot carry is not sent."""
    headers = {name.encode(): value.encode("utf-8", "replace") for name, value in request.headers.items()}
    try:
        answer = client.request(request.method, request.path, headers=headers, content=request.body)
    except (httpx.InvalidURL, httpx.LocalProtocolError):
        return 0, "not sent"
    if answer.status_code < 300 or request.method == "HEAD":
        return answer.status_code, ""
    if answer.headers["content-type"].startswith("text/plain"):
        return answer.status_code, answer.text
    assert answer.headers["x-request-id"]
    return answer.status_code, str(answer.json()["code"])


@pytest.mark.shows("P18", "P19")
def test_p18_p19_no_mutation_gets_what_is_not_documented(
    api: RunningApi, add_source: AddSource, inbox_rows: Rows
) -> None:
    dice, began = random.Random(SEED), time.monotonic()
    good = requests_of(add_source)
    answers: dict[str, Counter[tuple[int, str]]] = {kind: Counter() for kind in KINDS}
    wrong: list[tuple[str, int, tuple[int, str]]] = []
    with httpx.Client(base_url=api.url, timeout=30) as client:
        for kind, mutate in KINDS.items():
            for number in range(COUNT // len(KINDS)):
                answer = sent(client, mutate(dice, dice.choice(good)))
                answers[kind][answer] += 1
                if not _right(kind, answer):
                    wrong.append((kind, number, answer))
            if kind == "forged":
                assert inbox_rows() == []
        unspoiled = [sent(client, request) for request in good]
    assert wrong == [], f"seed {SEED}"
    # Requests that are not spoiled are taken, or all of this would prove nothing.
    assert {status for status, _ in unspoiled} == {200}
    assert inbox_rows() != []
    if os.environ.get("RECORD"):
        RESULTS.write_text(page(answers, seconds=time.monotonic() - began))


def _right(kind: str, answer: tuple[int, str]) -> bool:
    if kind == "forged":
        return answer == (401, "auth_failed")
    if answer == (405, ""):  # to HEAD, which gets no body
        return True
    return (
        answer[0] in {0, 200, 204}
        or answer in documented_problems()
        or answer == (400, "Invalid HTTP request received.")
    )


def page(answers: dict[str, Counter[tuple[int, str]]], *, seconds: float) -> str:
    """Return what was answered, as a page."""
    rows = sorted({answer for counts in answers.values() for answer in counts})
    lines = [
        "# What spoiled requests get",
        "",
        f"`make mutations MUTATIONS={COUNT}`: so many spoiled requests with seed {SEED}, in {seconds:.0f} s.",
        "They are made from a good",
        "one of each sender, recorded ones among them; tests/web/mutations.py says how. None got a 5xx, or an answer",
        "that the OpenAPI page does not name. All forged ones were refused, and left nothing in the inbox.",
        "",
        "| Answer | " + " | ".join(answers) + " |",
        "| --- |" + " ---: |" * len(answers),
    ]
    for status, code in rows:
        name = code if status == 0 else f"{status} {code}".strip()
        lines.append(f"| {name} | " + " | ".join(f"{counts[status, code]:,}" for counts in answers.values()) + " |")
    return "\n".join([*lines, ""])


def test_an_answer_that_is_not_documented_is_noticed() -> None:
    """The controls: a 5xx, a code of no page, a forged request that is taken."""
    assert not _right("bytes", (500, "internal"))
    assert not _right("structure", (503, "unavailable"))
    assert not _right("structure", (400, "teapot"))
    assert not _right("forged", (200, ""))
    assert mutations.KINDS.keys() == {"forged", "structure", "bytes", "headers"}
