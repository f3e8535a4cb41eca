"""P22: a minute after `privacy erase` a student is found in no table, log, broker key or page of a running system."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import redis
from typer.testing import CliRunner

from models.access.sources import Credential
from tasks.broker import enqueue
from tests.flow.canary import (
    WORD,
    Listener,
    added,
    ask,
    broker_keys,
    everywhere,
    flower_pages,
    found_in,
    logs,
    moodle_traffic,
    surveys,
    tables,
    until,
)
from workers.cli import replay_client
from workers.cli.main import app
from workers.local.embedded.servers import Servers
from workers.local.supervisor import RunningSystem

ROOT = Path(__file__).parents[2]
STUDENT = f"{WORD}-ref"
LIMIT_SECONDS = 60
pytestmark = [pytest.mark.flow, pytest.mark.full, pytest.mark.timeout(240)]


def all_applied() -> bool:
    return ask("SELECT count(*) FROM souschef.inbox WHERE state = 'pending'") == [(0,)]


def lived(system: RunningSystem) -> Callable[[], None]:
    """Send the student's real semester through API and worker; return a way to send all of it again."""
    moodle = added("moodle", "moodle", surveys=("FB-LIKE",))
    forms = added("forms", "typeform", surveys=("interests-24",))
    own = added("own", "canonical")

    def send(*, late: bool = False) -> None:
        _send(system, "/xapi/statements", moodle_traffic(), moodle)
        asked = surveys()
        assert replay_client.send(asked, api_url=system.api_url, credential=forms).statuses == {200: len(asked)}
        fields = {"type": "item_result", "student": STUDENT, "at": "2026-10-20T09:00:00Z", "attempt": f"{WORD}-attempt"}
        wrong = {**fields, "id": f"{WORD} {late}", "subject": "nowhere", "outcome": f"{WORD}-answer"}
        _send(system, "/events", [wrong, {**wrong, "id": f"{WORD} too {late}", "outcome": 1.0}], own)
        until(all_applied, what="all applied")

    send()
    return lambda: send(late=True)


def _send(system: RunningSystem, path: str, events: object, credential: Credential) -> None:
    answer = httpx.post(system.api_url + path, json=events, auth=(credential.key, credential.secret), timeout=30)
    assert answer.status_code == 200, answer.text


def erase() -> None:
    """As an operator does it: a process of its own, beside those that run."""
    words = ["privacy", "erase", STUDENT, "--by", "J. Doe", "--reason", "request 17", "--json"]
    fields = subprocess.run([sys.executable, "-m", "workers.cli.main", *words], cwd=ROOT, capture_output=True,
                          text=True, timeout=60, check=True)  # fmt: skip
    rows = json.loads(fields.stdout)["rows"]
    assert (rows["inbox"] > 50, rows["fact"] > 50) == (True, True)


def read_out() -> dict[str, str]:
    """What an operator is shown of the student."""
    asked = (["student", STUDENT], ["privacy", "export", STUDENT], ["class"])
    return {" ".join(words): CliRunner().invoke(app, words).output for words in asked}


@pytest.mark.shows("P22", "L9")
def test_p22_who_was_erased_is_nowhere_a_minute_later(
    canary_system: RunningSystem, own_servers: Servers, listener: Listener
) -> None:
    """Their whole term comes in, is worked off, is erased, and comes in again.

    Mutant: without `tombstones.drop` in tasks/pipeline/apply_events.py
    what is new the second time leaves its body in the inbox.
    """
    send_again = lived(canary_system)
    ((number,),) = ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=STUDENT)
    enqueue("refresh_assignments", [number])
    until(lambda: "refresh_assignments" in "".join(flower_pages(canary_system).values()), what="a refresh in Flower")
    stored = tables()
    assert {"person", "alias", "inbox"} <= stored.keys()
    assert stored["inbox"] > 50
    before = read_out()
    assert len(found_in(before)) == len(before)

    began = time.monotonic()
    erase()
    send_again()
    shown = {**everywhere(canary_system, listener), "broker's keys": broker_keys(own_servers.broker_url)}
    left = tables()
    seconds = time.monotonic() - began

    assert left == {}
    assert found_in(shown) == []
    assert seconds < LIMIT_SECONDS
    assert {"worker.log", "api.log", "postgres.log", "flower.db", "Flower /tasks", "broker"} <= shown.keys()
    assert ask("SELECT count(*) > 50 FROM souschef.inbox WHERE code = 'erased' AND payload = ''") == [(True,)]
    assert found_in(read_out()) == []
    sys.stdout.write(
        f"P22: of {sum(stored.values())} rows in {len(stored)} tables 0 left, and 0 traces in {len(shown)} places of "
        f"{sum(map(len, shown.values())):,} signs, {seconds:.0f} s after\n"
    )
    _the_same_search_finds_what_is_there(canary_system, own_servers, listener)


def _the_same_search_finds_what_is_there(system: RunningSystem, servers: Servers, listener: Listener) -> None:
    """The control, on the same system: a word is put into each kind of place."""
    with (system.data_dir / "logs" / "beat.log").open("a") as log:
        log.write(f"{WORD}\n")
    with redis.Redis.from_url(servers.broker_url) as client:
        client.hset("souschef:left", "over", WORD)
    enqueue("refresh_assignments", [], [WORD])
    until(lambda: found_in(flower_pages(system)), what="the word in Flower")
    found = found_in({**logs(system), "broker": listener.text(), "broker's keys": broker_keys(servers.broker_url)})
    assert {place.partition(":")[0] for place in found} >= {"beat.log", "broker", "broker's keys"}
