"""A 2xx means committed, whatever kills the API; and its logs hold nothing that was sent."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from tests.web.conftest import AddSource

Rows: TypeAlias = Callable[[], list[tuple[str, str, bytes]]]
ROOT = Path(__file__).resolve().parents[2]
CLIENTS, ROUNDS = 16, 5


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def door_process(port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The API as `souschef up` runs it: a process of its own, with the settings of the test's environment."""
    command = [sys.executable, "-m", "uvicorn", "web.app:app", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True)
        try:
            deadline = time.monotonic() + 30
            while not answers(port):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, "the API did not start"
                time.sleep(0.05)
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def answers(port: int) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=2).status_code == 200
    return False


def statement(number: str) -> dict[str, Any]:
    return {
        "id": number,
        "actor": {"account": {"homePage": "https://lms.school.test", "name": number[:4]}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
        "object": {"id": "https://lms.school.test/q/1"},
        "timestamp": "2026-11-22T05:32:28Z",
    }


@pytest.mark.full
@pytest.mark.shows("P1")
def test_a_2xx_means_committed_when_the_door_is_killed_at_random(
    add_source: AddSource, inbox_rows: Rows, tmp_path: Path
) -> None:
    credential = add_source("lms", "xapi")
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    answered_ids: list[str] = []

    def send(port: int, stop: threading.Event) -> None:
        with httpx.Client(auth=(credential.key, credential.secret), timeout=5) as client:
            while not stop.is_set():
                number = str(uuid.uuid4())
                with contextlib.suppress(httpx.HTTPError):
                    answer = client.post(f"http://127.0.0.1:{port}/xapi/statements", json=statement(number))
                    if answer.status_code == 200:
                        answered_ids.extend(answer.json())

    for _ in range(ROUNDS):
        port, stop = free_port(), threading.Event()
        with door_process(port, tmp_path / "api.log") as process:
            clients = [threading.Thread(target=send, args=(port, stop)) for _ in range(CLIENTS)]
            for client in clients:
                client.start()
            time.sleep(dice.uniform(0.3, 1.2))
            os.killpg(process.pid, signal.SIGKILL)
            stop.set()
            for client in clients:
                client.join()
    stored = {json.loads(payload)["id"] for _, payload, _ in inbox_rows()}
    missing = set(answered_ids) - stored
    assert answered_ids, f"seed {seed}: nobody was answered"
    assert not missing, f"seed {seed}: {len(missing)} of {len(answered_ids)} answered with 200 are missing"


@pytest.mark.shows("P21")
@pytest.mark.full
def test_nothing_that_was_sent_stands_in_the_logs(add_source: AddSource, inbox_rows: Rows, tmp_path: Path) -> None:
    credential = add_source("lms", "xapi")
    canary = "canary-7f3a"
    port, log = free_port(), tmp_path / "api.log"
    sent = statement(str(uuid.uuid4()))
    sent["actor"]["account"]["name"] = sent["actor"]["name"] = sent["object"]["id"] = canary
    sent["result"] = {"response": canary}
    with door_process(port, log), httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        pair = (credential.key, credential.secret)
        assert client.post("/xapi/statements", json=sent, auth=pair).status_code == 200
        for body in (f'{{"{canary}":1', f'{{"{canary}":1,"{canary}":2}}', f'["{canary}\\u0000"]', f'"{canary}"'):
            answer = client.post(
                "/xapi/statements", content=body, auth=pair, headers={"Content-Type": "application/json"}
            )
            assert (answer.status_code, canary in answer.text) == (400, False)
        for wrong in ((credential.key, canary), (canary, credential.secret), (canary, canary)):
            assert client.post("/xapi/statements", json=sent, auth=wrong).status_code == 401
        assert client.post("/surveys", content=canary, headers={"Typeform-Signature": canary}).status_code in (401, 415)
    assert len(inbox_rows()) == 1
    written = log.read_text()
    assert "POST /xapi/statements" in written
    assert canary not in written
    assert credential.secret not in written


@pytest.mark.full
def test_importing_the_door_opens_and_reads_nothing(tmp_path: Path) -> None:
    # Reading the settings would refuse the unknown name; opening anything needs them.
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SOUSCHEF_NONSENSE": "1"}
    command = [sys.executable, "-c", "import web.app; print(web.app.app.title)"]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert (ran.stdout, list(tmp_path.iterdir())) == ("Souschef\n", [])
