"""The sweep and the night: what nobody rang for is found, and what a school has learned is put in force once."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
import redis

from config import settings as configuration
from config import trace
from lms.facts import EventKind
from models import database, inbox, maintenance
from models.inbox import Incoming
from tasks.maintenance import nightly, sweep_once
from tasks.refresh import refresh_assignments
from workers.embedded import Servers

Ask = Callable[..., list[tuple[Any, ...]]]
pytestmark = pytest.mark.timeout(120)


def everybody(ask: Ask) -> list[int]:
    return [row[0] for row in ask("SELECT id FROM souschef.person WHERE role = 'student' ORDER BY id")]


def test_a_night_publishes_what_was_learned_and_the_next_one_nothing_new(school: Any, ask: Ask) -> None:
    """After the night every state is folded anew with the snapshot, and is a pure function of facts and snapshot."""
    refs = [row[0] for row in ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY ref")]
    for n, student in enumerate(refs[:6]):
        school.deliver(*school.answers(student, "4.NF.A.1 q01", "0011"[n % 3 :]))
    first = nightly()
    assert (first["schools"], first["snapshots"], first["marked"]) == (1, 1, 6)
    refresh_assignments(everybody(ask))
    assert ask("SELECT DISTINCT snapshot_version FROM souschef.learner_state") == [(1,)]
    states = ask("SELECT student_id, state FROM souschef.learner_state ORDER BY 1")
    second = nightly()
    assert "snapshots" not in second
    refresh_assignments(everybody(ask))
    assert ask("SELECT student_id, state FROM souschef.learner_state ORDER BY 1") == states


def test_two_nights_at_once_are_one(school: Any, ask: Ask) -> None:
    with database.transaction() as holder:
        assert maintenance.try_lock(holder, "nightly")
        assert nightly() == {"skipped": "another is running"}


def test_an_event_that_nobody_rang_for_is_rung_for(school: Any, ask: Ask) -> None:
    """A door that dies between commit and ring: due for 5 s, then the sweep rings."""
    with database.transaction() as session:
        inbox.record(session, school.sender, [Incoming(EventKind.CHOICE, bytes(16), "s", "{}")])
    assert sweep_once() == 0
    ask("UPDATE souschef.clock_offset SET ahead = ahead + interval '6 seconds' RETURNING single")
    assert sweep_once() == 1


def test_the_sweeps_ring_names_the_requests_whose_own_was_lost(
    school: Any, ask: Ask, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that Flower finds them; a ring has room for 24, and every event of the 30 requests is rung for."""
    for number in range(30):
        with trace.of_request(f"{number:032x}"), database.transaction() as session:
            inbox.record(session, school.sender, [Incoming(EventKind.CHOICE, number.to_bytes(16), "s", "{}")])
    ask("UPDATE souschef.clock_offset SET ahead = ahead + interval '6 seconds' RETURNING single")
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", servers.broker_url)
    configuration.settings.cache_clear()
    with redis.Redis.from_url(servers.broker_url) as client:
        client.delete("souschef:souschef")  # what other tests rang for
        assert sweep_once() == 30
        [message] = [json.loads(raw) for raw in client.lrange("souschef:souschef", 0, -1)]
        client.delete("souschef:souschef")
    (ids,), named, _ = json.loads(base64.b64decode(message["body"]))
    assert (message["headers"]["task"], len(ids)) == ("choice_made", 30)
    requests = named["requests"]
    assert len(requests) == len(set(requests)) == 24
    assert set(requests) <= {f"{number:032x}" for number in range(30)}


def test_old_payloads_are_pruned_and_a_resend_is_still_a_duplicate(school: Any, ask: Ask) -> None:
    (told,) = school.answers("riverside-s413", "4.NF.A.1 q01", "1")
    school.deliver(told)
    assert nightly().get("pruned", 0) == 0
    ask("UPDATE souschef.clock_offset SET ahead = ahead + interval '15 days' RETURNING single")
    assert nightly()["pruned"] == 1
    assert ask("SELECT payload FROM souschef.inbox") == [("",)]
    assert school.deliver(told) == {}
