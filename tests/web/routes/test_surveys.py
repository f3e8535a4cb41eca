"""The route for form tools: signatures, the allow-list, and what is stored."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import TypeAlias

import httpx
import pytest

from config.settings import settings
from models import engine as store
from models.access import sources
from models.access.sources import Credential
from tests.web.conftest import AddSource, RunningApi

Rows: TypeAlias = Callable[[], list[tuple[str, str, bytes]]]


def response(form: str = "lT4Z3j", number: int = 0) -> bytes:
    answers = [{"type": "choice", "choice": {"label": "Space"}, "field": {"id": "k", "ref": "topic"}}]
    inner = {
        "form_id": form,
        "token": f"a3a12ec{number}",
        "submitted_at": "2026-11-22T05:32:28Z",
        "hidden": {"user_id": "554433"},
        "answers": answers,
    }
    return json.dumps({"event_id": "x", "event_type": "form_response", "form_response": inner}).encode()


def typeform(body: bytes, secret: str) -> dict[str, str]:
    due = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    return {"Typeform-Signature": f"sha256={due}", "Content-Type": "application/json"}


def _flipped(signature: str) -> str:
    """Another first character behind the scheme."""
    first = len("sha256=")
    return signature[:first] + ("A" if signature[first] != "A" else "B") + signature[first + 1 :]


def standard(body: bytes, key: bytes, *, age: float = 0, scheme: str = "v1") -> dict[str, str]:
    """Sign as the specification's reference libraries do."""
    when = int(time.time() - age)
    due = base64.b64encode(hmac.new(key, b"msg_1.%d." % when + body, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(when),
        "webhook-signature": f"v1,AAAA {scheme},{due}",
        "Content-Type": "application/json",
    }


@pytest.fixture
def form(add_source: AddSource, api: RunningApi) -> Credential:
    assert api
    return add_source("form", "typeform", surveys=("lT4Z3j",))


def post(api: RunningApi, body: bytes, headers: dict[str, str]) -> httpx.Response:
    return httpx.post(f"{api.url}/surveys", content=body, headers=headers, timeout=30)


def test_a_signed_response_is_taken_once(api: RunningApi, form: Credential, inbox_rows: Rows) -> None:
    body = response()
    first = post(api, body, typeform(body, form.secret))
    again = post(api, body, typeform(body, form.secret))
    assert first.json() == {"accepted": 1, "duplicates": 0, "ignored": 0, "quarantined": 0}
    assert again.json() == {"accepted": 0, "duplicates": 1, "ignored": 0, "quarantined": 0}
    ((kind, payload, _),) = inbox_rows()
    assert (kind, json.loads(payload)) == ("survey", json.loads(body))


def test_a_form_that_is_not_allowed_is_counted_and_not_stored(
    api: RunningApi,
    form: Credential,
    inbox_rows: Rows,
    api_counts: Callable[[], dict[str, int]],
) -> None:
    body = response(form="private")
    answer = post(api, body, typeform(body, form.secret))
    assert (answer.status_code, answer.json()["ignored"]) == (200, 1)
    assert (inbox_rows(), api_counts()) == ([], {"not_collected": 1})


def test_standard_webhooks_are_taken_with_either_form_of_the_key(api: RunningApi, form: Credential) -> None:
    for number, key in enumerate((form.secret.encode(), base64.urlsafe_b64decode(form.secret + "="))):
        body = response(number=number)
        assert post(api, body, standard(body, key)).json()["accepted"] == 1


def test_key_and_secret_will_do_where_a_page_cannot_sign(api: RunningApi, form: Credential) -> None:
    pair = base64.b64encode(f"{form.key}:{form.secret}".encode()).decode()
    headers = {"Authorization": f"Basic {pair}", "Content-Type": "application/json"}
    assert post(api, response(), headers).json()["accepted"] == 1


def test_forged_altered_stale_and_old_fashioned_are_refused_alike(
    api: RunningApi,
    form: Credential,
    inbox_rows: Rows,
) -> None:
    body, key = response(), form.secret.encode()
    signed = typeform(body, form.secret)
    tries = [
        (body + b" ", signed),
        (response(number=9), signed),
        (body, {**signed, "Typeform-Signature": _flipped(signed["Typeform-Signature"])}),
        (body, {**signed, "Typeform-Signature": signed["Typeform-Signature"].removeprefix("sha256=")}),
        (body, {**signed, "Typeform-Signature": ""}),
        (body, typeform(body, api.credential.secret)),
        (body, typeform(body, "")),
        (body, standard(body, key, age=400)),
        (body, standard(body, key, age=-400)),
        (body, standard(body, key, scheme="v2")),
        (body, standard(body, b"")),
        (body, {**standard(body, key), "webhook-id": "msg_2"}),
        (body, {**standard(body, key), "webhook-timestamp": "9" * 5_000}),
        (body, {**standard(body, key), "webhook-timestamp": "now"}),
    ]
    answers = [post(api, *one) for one in tries]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(401, "auth_failed")}
    assert len({answer.text for answer in answers}) == 1
    assert inbox_rows() == []


def test_an_unsigned_request_gets_auth_missing(api: RunningApi, form: Credential) -> None:
    assert form
    answer = post(api, response(), {"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (401, "auth_missing")


def test_rotation_drops_nothing(api: RunningApi, form: Credential) -> None:
    with store.transaction() as session:
        new = sources.rotate(session, "form", secret_key=settings().secret_key_bytes())
    for number, secret in enumerate((form.secret, new.secret)):
        body = response(number=number)
        assert post(api, body, typeform(body, secret)).json()["accepted"] == 1
