"""The xAPI door, with the bodies that Moodle and TinCan clients really sent, over real HTTP."""

import base64
import gzip
import json
import socket
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from config.settings import settings
from models import database as store
from models import sources
from web import doorbell

Rows: TypeAlias = Callable[[], list[tuple[str, str, bytes]]]
Counts: TypeAlias = Callable[[], dict[str, int]]
Served: TypeAlias = Any
"""What tests/web/conftest.py serves."""

Given: TypeAlias = Any
"""A credential of a source."""

ROOT = Path(__file__).resolve().parents[2]
PLACES = (
    ROOT / "tests" / "samples",
    ROOT / "examples",
    ROOT / "examples" / "riverside",
    ROOT.parent / "shared" / "samples",
)


def recorded(name: str) -> list[dict[str, Any]]:
    found = next((place / name for place in PLACES if (place / name).exists()), None)
    if found is None:
        pytest.skip(f"the recording {name} is in none of {', '.join(map(str, PLACES))}")
    with gzip.open(found, "rt") as lines:
        return [json.loads(line) for line in lines]


def post(served: Served, body: bytes | str, path: str = "/xapi/statements", **headers: str) -> httpx.Response:
    with served.client() as client:
        return client.post(path, content=body, headers={"Content-Type": "application/json", **headers})


def test_the_recorded_class_is_taken_as_its_sender_needs(served: Served, inbox_rows: Rows, door_counts: Counts) -> None:
    requests = recorded("moodle_class.jsonl.gz")
    for request in requests:
        # Moodle throws on anything but 200; its Host, Authorization and length are those of the recording's own sink.
        kept = {name: value for name, value in request["headers"] if name in ("Accept", "X-Experience-API-Version")}
        answer = post(served, request["body"], request["path"], **kept)
        assert answer.status_code == 200
        ids = answer.json()
        assert len(ids) == len(json.loads(request["body"]))
        assert all(str(uuid.UUID(one)) == one for one in ids)
    # Independently: what is answered or completed, but for the anonymous feedback, each once.
    stored, delivered = set(), 0
    for statement in (s for request in requests for s in json.loads(request["body"])):
        text = json.dumps(statement)
        if statement["verb"]["id"].endswith(("answered", "completed")) and "FB-ANON" not in text:
            delivered += 1
            del statement["context"]["registration"]
            stored.add(json.dumps(statement, sort_keys=True))
    rows = inbox_rows()
    assert len(rows) == len(stored)
    assert not any("FB-ANON" in payload for _, payload, _ in rows)
    counts = door_counts()
    assert counts["accepted"] == len(stored)
    assert counts["duplicate"] == delivered - len(stored)
    assert counts["not_collected"] == 10
    assert sum(counts.values()) == 4_165


def test_what_is_stored_is_what_was_sent(served: Served, inbox_rows: Rows) -> None:
    (request,) = recorded("moodle_small.jsonl.gz")
    assert post(served, request["body"]).status_code == 200
    sent = json.loads(request["body"])
    for _, payload, _ in inbox_rows():
        assert json.loads(payload) in sent


def test_a_resend_after_a_failure_is_the_same_events(served: Served, inbox_rows: Rows) -> None:
    # The same lessons, each recorded twice, with another registration in every request.
    first, again = recorded("moodle_small.jsonl.gz"), recorded("moodle_small_resend.jsonl.gz")
    assert {request["body"] for request in first}.isdisjoint(request["body"] for request in again)
    statements = [s for request in first + again for s in json.loads(request["body"])]
    due = {
        json.dumps({**s, "context": {**s["context"], "registration": None}}, sort_keys=True)
        for s in statements
        if s["verb"]["id"].endswith(("answered", "completed")) and "mod/feedback" not in json.dumps(s)
    }
    for request in first + again + first:
        assert post(served, request["body"]).status_code == 200
    assert len(inbox_rows()) == len(due)


def test_the_same_batch_at_once_from_eight_connections_is_stored_once(served: Served, inbox_rows: Rows) -> None:
    (request,) = recorded("moodle_small.jsonl.gz")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(served, request["body"]), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    keys = [key for _, _, key in inbox_rows()]
    assert len(keys) == len(set(keys)) > 0


def test_an_idle_moodle_is_answered_200(served: Served, inbox_rows: Rows) -> None:
    answer = post(served, "[]")
    assert (answer.status_code, answer.json(), inbox_rows()) == (200, [], [])


def test_a_ring_names_what_was_committed_and_only_that(served: Served, inbox_rows: Rows) -> None:
    (request,) = recorded("moodle_multi_attempt.jsonl.gz")
    post(served, request["body"])
    served_rows = len(inbox_rows())
    assert served_rows
    # The bell rings off the request path, so wait for it.
    waited_until = time.monotonic() + 10
    while not served.rung and time.monotonic() < waited_until:
        time.sleep(0.01)
    assert {task for task, _ in served.rung} == {"assessment_completed"}
    assert sum(len(ids) for _, ids in served.rung) == min(served_rows, doorbell.IDS_A_RING)


def test_the_door_rings_for_the_tasks_that_work_the_events_off() -> None:
    from tasks.events import TASK_OF

    assert doorbell.TASK_OF == TASK_OF


@pytest.mark.parametrize(
    "path", ["/xapi/statements", "/xapi/statements/", "/xAPI/statements", "/xapi/statements?", "/xAPI/statements?"]
)
def test_the_address_may_be_written_as_senders_write_it(served: Served, path: str) -> None:
    assert post(served, "[]", path).status_code == 200


def test_a_content_type_with_a_charset_and_a_chunked_body_are_taken(served: Served) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    with served.client() as client:
        answer = client.post("/xapi/statements", content=iter([b"[", b"]"]), headers=headers)
    assert (answer.status_code, answer.request.headers["transfer-encoding"]) == (200, "chunked")


def test_a_large_body_that_waits_for_100_continue_is_taken(served: Served) -> None:
    """As PHP's curl sends bodies above 1 MB: headers first, the body only after the server's go."""
    body = b"[" + b" " * 2_000_000 + b"]"
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as wire:
        head = [
            "POST /xapi/statements HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: {served.basic}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "Expect: 100-continue",
        ]
        wire.sendall("\r\n".join([*head, "", ""]).encode())
        assert wire.recv(100).startswith(b"HTTP/1.1 100")
        wire.sendall(body)
        assert wire.recv(1_000).startswith(b"HTTP/1.1 200")


def test_a_default_moodle_batch_of_nine_megabytes_is_taken(served: Served, inbox_rows: Rows) -> None:
    requests = recorded("moodle_class.jsonl.gz")
    whole = [statement for request in requests for statement in json.loads(request["body"])]
    body = json.dumps(whole)
    assert len(body) > 9_000_000
    answer = post(served, body)
    assert (answer.status_code, len(answer.json())) == (200, 4_165)
    assert len(inbox_rows()) > 2_000


def test_a_client_that_packs_its_body_is_taken(served: Served) -> None:
    (request,) = recorded("moodle_small.jsonl.gz")
    packed = gzip.compress(request["body"].encode())
    assert post(served, packed, **{"Content-Encoding": "gzip"}).status_code == 200


def test_a_tincan_client_gets_the_id_and_the_time_that_it_did_not_send(
    served: Served, add_source: Callable[..., Any], inbox_rows: Rows
) -> None:
    credential = add_source("tincan", "xapi")
    bare, batch = recorded("tincan_python.jsonl.gz")
    headers = {"Authorization": _basic(credential)}
    first = post(served, bare["body"], bare["path"], **headers)
    again = post(served, bare["body"], bare["path"], **headers)
    assert first.json() == again.json()
    (_, payload, key) = inbox_rows()[0]
    assert first.json() == [str(uuid.UUID(bytes=key, version=5))]
    assert {**json.loads(payload), "timestamp": None} == {**json.loads(bare["body"]), "timestamp": None}
    own, derived = post(served, batch["body"], batch["path"], **headers).json()
    assert own == "77dce578-1b83-41b8-9fee-5bf9e99ab690"
    assert derived != own
    assert len(inbox_rows()) == 3


def _basic(credential: Given) -> str:
    return "Basic " + base64.b64encode(f"{credential.key}:{credential.secret}".encode()).decode()


def test_one_statement_may_be_put_under_its_id(
    served: Served, add_source: Callable[..., Any], inbox_rows: Rows
) -> None:
    headers = {"Authorization": _basic(add_source("cmi5", "xapi")), "Content-Type": "application/json"}
    statement = json.loads(recorded("tincan_python.jsonl.gz")[0]["body"])
    own = "77dce578-1b83-41b8-9fee-5bf9e99ab691"
    with served.client() as client:
        for _ in range(2):
            answer = client.put(f"/xapi/statements?statementId={own}", json=statement, headers=headers)
            assert (answer.status_code, answer.content) == (204, b"")
        other = client.put(f"/xapi/statements?statementId={own}", json={**statement, "id": "x"}, headers=headers)
        none = client.put("/xapi/statements", json=statement, headers=headers)
        several = client.put(f"/xapi/statements?statementId={own}", json=[statement], headers=headers)
    assert [(a.status_code, a.json()["code"]) for a in (other, none, several)] == [
        (400, "bad_request"),
        (400, "bad_request"),
        (400, "not_an_object"),
    ]
    assert [json.loads(payload)["id"] for _, payload, _ in inbox_rows()] == [own]


def test_about_needs_no_credential(served: Served) -> None:
    answer = httpx.get(f"{served.url}/xapi/about")
    assert answer.json()["version"][-1] == answer.headers["x-experience-api-version"] == "1.0.3"


def test_a_statement_that_makes_no_sense_does_not_fail_its_batch(served: Served, inbox_rows: Rows) -> None:
    # A 400 would put the whole batch into Moodle's failed log.
    (request,) = recorded("moodle_small.jsonl.gz")
    answer = post(served, json.dumps([*json.loads(request["body"]), 7, {}, {"verb": 1}, None]))
    assert answer.status_code == 200
    # They are kept for quarantine, objects with the time of their arrival: a worker says why.
    kept = [json.loads(payload) for _, payload, _ in inbox_rows()]
    odd = [{**event, "timestamp": 0} if isinstance(event, dict) else event for event in kept]
    assert all(event in odd for event in (7, {"timestamp": 0}, {"verb": 1, "timestamp": 0}, None))


def test_a_rotated_credential_drops_nothing_and_a_revoked_one_opens_nothing(served: Served) -> None:
    key = settings().secret_key_bytes()
    with store.transaction() as session:
        new = sources.rotate(session, "moodle", secret_key=key)
    assert post(served, "[]").status_code == 200
    assert post(served, "[]", Authorization=_basic(new)).status_code == 200
    with store.transaction() as session:
        sources.revoke(session, "moodle")
    assert {post(served, "[]").status_code, post(served, "[]", Authorization=_basic(new)).status_code} == {401}


def test_moodles_resend_with_another_registration_and_score_is_a_duplicate_and_never_quarantined(
    served: Served, inbox_rows: Rows
) -> None:
    """Moodle gives no ids: its key says which event it is, and a replayed `completed` can carry another score."""
    first = recorded("moodle_class.jsonl.gz")[-1]
    sent = json.loads(first["body"])
    post(served, json.dumps(sent))
    before = inbox_rows()
    for statement in sent:
        statement.setdefault("context", {})["registration"] = str(uuid.uuid4())
        if "score" in statement.get("result", {}):
            statement["result"]["score"]["raw"] = 0
    assert post(served, json.dumps(sent)).status_code == 200
    assert inbox_rows() == before != []
