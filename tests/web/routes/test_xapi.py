"""The xAPI routes, with the bodies that Moodle and TinCan clients really sent, over real HTTP."""

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
from lms.facts import EventKind
from models import engine as store
from models.access import sources
from models.access.sources import Credential
from tasks.routing import TASK_FOR_KIND
from tests.web.conftest import AddSource, RunningApi
from web import notifier

Rows: TypeAlias = Callable[[], list[tuple[str, str, bytes]]]
Counts: TypeAlias = Callable[[], dict[str, int]]

ROOT = Path(__file__).resolve().parents[3]
PLACES = (ROOT / "tests" / "samples", ROOT / "examples" / "riverside")


def recorded(name: str) -> list[dict[str, Any]]:
    with gzip.open(next(place / name for place in PLACES if (place / name).exists()), "rt") as lines:
        return [json.loads(line) for line in lines]


def post(api: RunningApi, body: bytes | str, path: str = "/xapi/statements", **headers: str) -> httpx.Response:
    with api.client() as client:
        return client.post(path, content=body, headers={"Content-Type": "application/json", **headers})


def test_the_recorded_class_is_taken_as_its_sender_needs(api: RunningApi, inbox_rows: Rows, api_counts: Counts) -> None:
    requests = recorded("moodle_class.jsonl.gz")
    for request in requests:
        # Moodle throws on anything but 200; its Host, Authorization and length are those of the recording's own sink.
        headers = {name: value for name, value in request["headers"] if name in ("Accept", "X-Experience-API-Version")}
        answer = post(api, request["body"], request["path"], **headers)
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
    counts = api_counts()
    assert counts["accepted"] == len(stored)
    assert counts["duplicate"] == delivered - len(stored)
    assert counts["not_collected"] == 10
    assert sum(counts.values()) == 4_165


def test_what_is_stored_is_what_was_sent(api: RunningApi, inbox_rows: Rows) -> None:
    (request,) = recorded("moodle_small.jsonl.gz")
    assert post(api, request["body"]).status_code == 200
    sent = json.loads(request["body"])
    for _, payload, _ in inbox_rows():
        assert json.loads(payload) in sent


def test_a_resend_after_a_failure_is_the_same_events(api: RunningApi, inbox_rows: Rows) -> None:
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
        assert post(api, request["body"]).status_code == 200
    assert len(inbox_rows()) == len(due)


def test_the_same_batch_at_once_from_eight_connections_is_stored_once(api: RunningApi, inbox_rows: Rows) -> None:
    (request,) = recorded("moodle_small.jsonl.gz")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(api, request["body"]), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    keys = [key for _, _, key in inbox_rows()]
    assert len(keys) == len(set(keys)) > 0


def test_an_idle_moodle_is_answered_200(api: RunningApi, inbox_rows: Rows) -> None:
    answer = post(api, "[]")
    assert (answer.status_code, answer.json(), inbox_rows()) == (200, [], [])


def test_a_ring_names_what_was_committed_and_only_that(api: RunningApi, inbox_rows: Rows) -> None:
    (request,) = recorded("moodle_multi_attempt.jsonl.gz")
    post(api, request["body"])
    served_rows = len(inbox_rows())
    assert served_rows
    # Workers are notified outside of the request, so wait for it.
    waited_until = time.monotonic() + 10
    while not api.messages and time.monotonic() < waited_until:
        time.sleep(0.01)
    assert {task for task, _ in api.messages} == {"assessment_completed"}
    assert sum(len(ids) for _, ids in api.messages) == min(served_rows, notifier.MAX_IDS)


def test_every_kind_of_event_has_a_registered_task(monkeypatch: pytest.MonkeyPatch) -> None:
    import tasks.events  # noqa: F401 - registers the tasks
    from config.celery import app

    monkeypatch.setenv("SOUSCHEF_BROKER_URL", "redis://127.0.0.1:1/0")  # Celery reads its settings to list its tasks
    settings.cache_clear()
    assert set(TASK_FOR_KIND) == set(EventKind)
    assert set(TASK_FOR_KIND.values()) <= set(app.tasks)
    settings.cache_clear()


@pytest.mark.parametrize(
    "path", ["/xapi/statements", "/xapi/statements/", "/xAPI/statements", "/xapi/statements?", "/xAPI/statements?"]
)
def test_the_address_may_be_written_as_senders_write_it(api: RunningApi, path: str) -> None:
    assert post(api, "[]", path).status_code == 200


def test_a_content_type_with_a_charset_and_a_chunked_body_are_taken(api: RunningApi) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    with api.client() as client:
        answer = client.post("/xapi/statements", content=iter([b"[", b"]"]), headers=headers)
    assert (answer.status_code, answer.request.headers["transfer-encoding"]) == (200, "chunked")


def test_a_large_body_that_waits_for_100_continue_is_taken(api: RunningApi) -> None:
    """As PHP's curl sends bodies above 1 MB: headers first, the body only after the server's go."""
    body = b"[" + b" " * 2_000_000 + b"]"
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as wire:
        head = [
            "POST /xapi/statements HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: {api.basic}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "Expect: 100-continue",
        ]
        wire.sendall("\r\n".join([*head, "", ""]).encode())
        assert wire.recv(100).startswith(b"HTTP/1.1 100")
        wire.sendall(body)
        assert wire.recv(1_000).startswith(b"HTTP/1.1 200")


def test_a_default_moodle_batch_of_nine_megabytes_is_taken(api: RunningApi, inbox_rows: Rows) -> None:
    requests = recorded("moodle_class.jsonl.gz")
    whole = [statement for request in requests for statement in json.loads(request["body"])]
    body = json.dumps(whole)
    assert len(body) > 9_000_000
    answer = post(api, body)
    assert (answer.status_code, len(answer.json())) == (200, 4_165)
    assert len(inbox_rows()) > 2_000


def test_a_client_that_packs_its_body_is_taken(api: RunningApi) -> None:
    (request,) = recorded("moodle_small.jsonl.gz")
    packed = gzip.compress(request["body"].encode())
    assert post(api, packed, **{"Content-Encoding": "gzip"}).status_code == 200


def test_a_tincan_client_gets_the_id_and_the_time_that_it_did_not_send(
    api: RunningApi, add_source: AddSource, inbox_rows: Rows
) -> None:
    credential = add_source("tincan", "xapi")
    bare, batch = recorded("tincan_python.jsonl.gz")
    headers = {"Authorization": _basic(credential)}
    first = post(api, bare["body"], bare["path"], **headers)
    again = post(api, bare["body"], bare["path"], **headers)
    assert first.json() == again.json()
    (_, payload, key) = inbox_rows()[0]
    assert first.json() == [str(uuid.UUID(bytes=key, version=5))]
    sent = {**json.loads(bare["body"]), "id": first.json()[0], "timestamp": None}
    assert {**json.loads(payload), "timestamp": None} == sent
    own, derived = post(api, batch["body"], batch["path"], **headers).json()
    assert own == "77dce578-1b83-41b8-9fee-5bf9e99ab690"
    assert derived != own
    assert len(inbox_rows()) == 3


def _basic(credential: Credential) -> str:
    return "Basic " + base64.b64encode(f"{credential.key}:{credential.secret}".encode()).decode()


def test_one_statement_may_be_put_under_its_id(api: RunningApi, add_source: AddSource, inbox_rows: Rows) -> None:
    headers = {"Authorization": _basic(add_source("cmi5", "xapi")), "Content-Type": "application/json"}
    statement = json.loads(recorded("tincan_python.jsonl.gz")[0]["body"])
    own = "77dce578-1b83-41b8-9fee-5bf9e99ab691"
    with api.client() as client:
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


def test_about_needs_no_credential(api: RunningApi) -> None:
    answer = httpx.get(f"{api.url}/xapi/about")
    assert answer.json()["version"][-1] == answer.headers["x-experience-api-version"] == "1.0.3"


def test_a_statement_that_makes_no_sense_does_not_fail_its_batch(api: RunningApi, inbox_rows: Rows) -> None:
    # A 400 would put the whole batch into Moodle's failed log.
    (request,) = recorded("moodle_small.jsonl.gz")
    answer = post(api, json.dumps([*json.loads(request["body"]), 7, {}, {"verb": 1}, None]))
    assert answer.status_code == 200
    # They are kept for quarantine, objects with the time of their arrival: a worker says why.
    stored = [json.loads(payload) for _, payload, _ in inbox_rows()]
    odd = [{**event, "timestamp": 0} if isinstance(event, dict) else event for event in stored]
    assert all(event in odd for event in (7, {"timestamp": 0}, {"verb": 1, "timestamp": 0}, None))


def test_a_rotated_credential_drops_nothing_and_a_revoked_one_opens_nothing(api: RunningApi) -> None:
    key = settings().secret_key_bytes()
    with store.transaction() as session:
        new = sources.rotate(session, "moodle", secret_key=key)
    assert post(api, "[]").status_code == 200
    assert post(api, "[]", Authorization=_basic(new)).status_code == 200
    with store.transaction() as session:
        sources.revoke(session, "moodle")
    assert {post(api, "[]").status_code, post(api, "[]", Authorization=_basic(new)).status_code} == {401}


def test_moodles_resend_with_another_registration_and_score_is_a_duplicate_and_never_quarantined(
    api: RunningApi, inbox_rows: Rows
) -> None:
    """Moodle gives no ids: its key says which event it is, and a replayed `completed` can carry another score."""
    first = recorded("moodle_class.jsonl.gz")[-1]
    sent = json.loads(first["body"])
    post(api, json.dumps(sent))
    before = inbox_rows()
    for statement in sent:
        statement.setdefault("context", {})["registration"] = str(uuid.uuid4())
        if "score" in statement.get("result", {}):
            statement["result"]["score"]["raw"] = 0
    assert post(api, json.dumps(sent)).status_code == 200
    assert inbox_rows() == before != []


SHAPE = ROOT / "tests" / "samples" / "real_shapes" / "xapi_multipart_mixed.txt"


def multipart_sample() -> tuple[str, bytes]:
    """Content-Type and body of a whole request, as a store forwards a statement with its attachment."""
    head, _, body = SHAPE.read_text().partition("\n\n")
    content_type = next(line.partition(": ")[2] for line in head.splitlines() if line.startswith("Content-Type"))
    return content_type, body.encode()


def test_a_statement_with_an_attachment_is_stored_without_it(api: RunningApi, inbox_rows: Rows) -> None:
    content_type, body = multipart_sample()
    for sent in (body, body.replace(b"\n", b"\r\n"), b"a preamble\r\n" + body):
        answer = post(api, sent, **{"Content-Type": content_type})
        assert (answer.status_code, answer.json()) == (200, ["7e2d1c5a-9f5b-4c1e-8a55-0d3a4f1f9a03"])
    [(_, payload, _)] = inbox_rows()
    assert "abc" not in payload
    assert json.loads(payload)["result"] == {"success": True}


@pytest.mark.parametrize(
    ("content_type", "change", "code"),
    [
        ("multipart/mixed", lambda body: body, "bad_multipart"),
        ("multipart/mixed; boundary=other", lambda body: body, "bad_multipart"),
        (
            "multipart/mixed; boundary=part7",
            lambda body: body.partition(b"--part7\nContent-Type: text")[0],
            "bad_multipart",
        ),
        (
            "multipart/mixed; boundary=part7",
            lambda body: body.replace(b"application/json", b"text/xml"),
            "unsupported_media",
        ),
        ("multipart/mixed; boundary=part7", lambda body: body.replace(b"{", b"", 1), "bad_json"),
        ("multipart/mixed; boundary=part7", lambda _: b"", "bad_multipart"),
    ],
)
def test_a_broken_multipart_body_is_refused_by_name(
    api: RunningApi, inbox_rows: Rows, content_type: str, change: Callable[[bytes], bytes], code: str
) -> None:
    answer = post(api, change(multipart_sample()[1]), **{"Content-Type": content_type})
    assert answer.json()["code"] == code
    assert inbox_rows() == []


def test_the_alternate_request_syntax_is_refused_by_name(api: RunningApi, inbox_rows: Rows) -> None:
    form = "content=%7B%7D&Content-Type=application%2Fjson"
    answer = post(api, form, "/xapi/statements?method=PUT", **{"Content-Type": "application/x-www-form-urlencoded"})
    assert (answer.status_code, answer.json()["code"]) == (400, "alternate_syntax")
    assert inbox_rows() == []
