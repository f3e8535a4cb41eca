"""The routes for Caliper, Canvas and our own events, over real HTTP."""

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import httpx
import orjson
import pytest

from lms.facts import EventKind
from lms.formats import FORMATS
from models import engine
from models.access.sources import Credential
from models.events import quarantine
from models.events.quarantine import EventFilter
from tests.web.conftest import AddSource, RunningApi

Rows: TypeAlias = Callable[[], list[tuple[str, str, bytes]]]
SAMPLES = Path(__file__).resolve().parents[1] / "samples"
TIME = "2026-11-22T05:32:28Z"


def token(credential: Credential) -> str:
    return f"{credential.key}.{credential.secret}"


def post(api: RunningApi, path: str, content: object, **headers: str) -> httpx.Response:
    body = content if isinstance(content, str | bytes) else json.dumps(content)
    headers = {"Content-Type": "application/json", **headers}
    return httpx.post(f"{api.url}{path}", content=body, headers=headers, timeout=30)


@pytest.fixture
def sensor(api: RunningApi, add_source: AddSource) -> Credential:
    assert api
    return add_source("sensor", "caliper", surveys=("https://lms.school.test/q/1",))


def test_the_recorded_sensor_is_answered_as_it_needs(api: RunningApi, sensor: Credential, inbox_rows: Rows) -> None:
    with gzip.open(SAMPLES / "caliper_ts.jsonl.gz", "rt") as lines:
        request = json.loads(next(lines))
    answer = post(api, request["path"], request["body"], Authorization=f"Bearer {token(sensor)}")
    # caliper-ts parses the reply as JSON and throws on an empty one; caliper-php wants exactly 200.
    assert (answer.status_code, answer.json()) == (200, {})
    assert [kind for kind, _, _ in inbox_rows()] == ["assessment", "assessment", "survey"]
    again = post(api, request["path"], request["body"], Authorization=token(sensor))
    assert (again.status_code, len(inbox_rows())) == (200, 3)


def test_descriptions_in_a_message_are_skipped(api: RunningApi, sensor: Credential, inbox_rows: Rows) -> None:
    person = {"@context": "http://purl.imsglobal.org/ctx/caliper/v1p1", "id": "https://x.test/u/1", "type": "Person"}
    message = {"sensor": "s", "sendTime": TIME, "dataVersion": "http://purl.imsglobal.org/ctx/caliper/v1p1"}
    for data in ([person], person, [], [person, None, 7]):
        assert post(api, "/caliper", message | {"data": data}, Authorization=token(sensor)).status_code == 200
    assert inbox_rows() == []


@pytest.mark.parametrize(
    ("message", "status", "code"),
    [
        ({"dataVersion": "http://purl.imsglobal.org/ctx/caliper/v1p0", "data": []}, 422, "unsupported_version"),
        ({"dataVersion": "http://purl.imsglobal.org/ctx/caliper/v2p0", "data": []}, 422, "unsupported_version"),
        ({"sensor": "s"}, 400, "no_envelope"),
        ({"data": "x"}, 400, "no_envelope"),
        ([], 400, "not_an_object"),
    ],
)
def test_a_body_that_is_no_sensors_message_gets_its_own_code(
    api: RunningApi, sensor: Credential, message: object, status: int, code: str
) -> None:
    answer = post(api, "/caliper", message, Authorization=token(sensor))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_sensor_can_ask_what_is_taken(api: RunningApi, sensor: Credential) -> None:
    answer = httpx.get(f"{api.url}/caliper", headers={"Authorization": token(sensor)})
    assert answer.json()["dataVersions"][-1].endswith("v1p2")
    assert answer.json()["maxPayloadSize"] >= 16 * 1024 * 1024
    refused = httpx.get(f"{api.url}/caliper")
    assert (refused.status_code, refused.json()["code"]) == (401, "auth_missing")
    assert httpx.delete(f"{api.url}/caliper").headers["allow"] == "GET, POST"


def test_a_canvas_event_is_taken_once(api: RunningApi, add_source: AddSource, inbox_rows: Rows) -> None:
    credential = add_source("canvas", "canvas")
    grade = {
        "metadata": {"event_name": "grade_change", "event_time": TIME, "root_account_uuid": "r", "request_id": "q"},
        "body": {"submission_id": "1", "user_id": "48", "assignment_id": "3", "score": 5, "points_possible": 10},
    }
    login = {"metadata": {"event_name": "logged_in", "event_time": TIME}, "body": {}}
    # Canvas cannot set a header: key and secret stand in the address, which clients turn into Basic.
    pair = base64.b64encode(f"{credential.key}:{credential.secret}".encode()).decode()
    for accepted in (1, 0):
        answer = post(api, "/canvas", [grade, login], Authorization=f"Basic {pair}")
        assert answer.json() == {"accepted": accepted, "duplicates": 1 - accepted, "ignored": 1, "quarantined": 0}
    assert [kind for kind, _, _ in inbox_rows()] == ["assessment"]


def test_our_own_events_are_taken_one_or_many(api: RunningApi, add_source: AddSource, inbox_rows: Rows) -> None:
    header = f"Bearer {token(add_source('app', 'canonical'))}"
    picked = {"type": "assignment_picked", "id": "1", "student": "s01", "at": TIME, "assignment": "812"}
    hold = {"type": "order", "id": "2", "student": "s01", "at": TIME, "order": "hold", "author": "t"}
    assert post(api, "/events", picked, Authorization=header).json()["accepted"] == 1
    assert post(api, "/events", [picked, hold], Authorization=header).json()["duplicates"] == 1
    assert [EventKind(kind) for kind, _, _ in inbox_rows()] == [EventKind.ASSESSMENT, EventKind.ORDER]


def test_every_format_has_its_door_and_no_other(api: RunningApi, add_source: AddSource) -> None:
    paths = {format_.door for format_ in FORMATS.values()}
    for name, format_ in FORMATS.items():
        header = token(add_source(name, name))
        for path in paths:
            answer = post(api, path, {"data": []}, Authorization=header)
            assert (answer.status_code == 403) == (path != format_.door), (name, path, answer.text)
            assert answer.status_code in (200, 403)


def test_an_id_that_comes_again_with_another_content_is_quarantined_and_the_first_stays(
    api: RunningApi, add_source: AddSource, inbox_rows: Rows
) -> None:
    """Also within one request; a resend of either is a duplicate, and the order of names is no content."""
    header = f"Bearer {token(add_source('own', 'canonical'))}"
    base = {"type": "item_result", "id": "e1", "student": "s", "at": "2026-11-02T08:00:00Z", "subject": "q"}
    right, wrong = {**base, "outcome": 1.0}, {**base, "outcome": 0.0}
    counts = {"accepted": 0, "duplicates": 0, "ignored": 0, "quarantined": 0}

    def sent(*events: object) -> dict[str, int]:
        answer = post(api, "/events", list(events), Authorization=header)
        assert answer.status_code == 200
        return {**answer.json()}

    assert sent(right, wrong) == {**counts, "accepted": 1, "quarantined": 1}
    assert sent(wrong, dict(reversed(right.items()))) == {**counts, "duplicates": 2}
    assert sent({**base, "outcome": 0.5}, right) == {**counts, "duplicates": 1, "quarantined": 1}
    assert [orjson.loads(payload)["outcome"] for _, payload, _ in inbox_rows()] == [1.0, 0.0, 0.5]
    with engine.transaction() as session:
        quarantined = quarantine.list_events(session, EventFilter())
    assert [(each.code, orjson.loads(each.payload)["outcome"]) for each in quarantined] == [
        ("id_reused", 0.0),
        ("id_reused", 0.5),
    ]
    assert all(each.quarantined_at for each in quarantined)


def test_a_form_tools_second_delivery_with_an_event_id_of_its_own_is_a_duplicate(
    api: RunningApi, add_source: AddSource
) -> None:
    header = f"Bearer {token(add_source('forms', 'typeform', surveys=('F',)))}"
    answers = [{"type": "number", "number": 4, "field": {"ref": "q1"}}]
    response = {"form_id": "F", "token": "t", "submitted_at": "2026-11-02T08:00:00Z", "hidden": {"user_id": "s"}}
    first = {"event_id": "1", "form_response": {**response, "answers": answers}}
    again = {"event_id": "2", "form_response": {**response, "answers": answers, "definition": {"title": "New"}}}
    other = {"event_id": "3", "form_response": {**response, "answers": [{**answers[0], "number": 1}]}}
    counts = [post(api, "/surveys", each, Authorization=header).json() for each in (first, again, other)]
    assert [(each["accepted"], each["duplicates"], each["quarantined"]) for each in counts] == [
        (1, 0, 0),
        (0, 1, 0),
        (0, 0, 1),
    ]
