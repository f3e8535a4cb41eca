"""What is not taken gets its code, is stored nowhere, and is never echoed; no input gives a 5xx."""

import base64
import contextlib
import gzip
import json
import socket
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from config.settings import settings as configured
from models import engine as store
from tests.web.conftest import AddSource, RunningApi
from web.in_flight import Limits

Rows: TypeAlias = Callable[[], list[tuple[str, str, bytes]]]
CANARY = "canary-7f3a"
MIB = 1024 * 1024


def post(api: RunningApi, body: bytes, **headers: str) -> httpx.Response:
    with api.client() as client:
        return client.post("/xapi/statements", content=body, headers={"Content-Type": "application/json", **headers})


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().keys() == {"type", "title", "status", "code", "detail"}
    assert CANARY not in answer.text
    assert CANARY not in str(answer.headers)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (f'{{"a":"{CANARY}"', "bad_json"),
        (f'{{"a":"{CANARY}"}} {{}}', "bad_json"),
        (f'{{"a":"{CANARY}"}} x', "bad_json"),
        (f'["{CANARY}",NaN]', "bad_json"),
        (f'["{CANARY}",Infinity]', "bad_json"),
        (f'\ufeff["{CANARY}"]', "bad_json"),
        (f'["{CANARY}"]'.encode("utf-16"), "bad_json"),
        (f'["{CANARY}'.encode() + b'\xff"]', "bad_encoding"),
        ("[" * 100_000, "too_deep"),
        ("[" * 100_000 + "]" * 100_000, "too_deep"),
        ("[" + "9" * 5_000 + "]", "number_range"),
        (f'["{CANARY}",1e999]', "number_range"),
        (f'{{"{CANARY}":1,"{CANARY}":2}}', "duplicate_key"),
        ('[{"a":{"b":1,"\\u0062":2}}]', "duplicate_key"),
        (f'["{CANARY}\\u0000"]', "bad_unicode"),
        (f'["{CANARY}\\ud800"]', "bad_unicode"),
        (f'"{CANARY}"', "not_an_object"),
        (f'["{CANARY}", 7]', "not_an_object"),
        ("null", "not_an_object"),
        ("", "bad_json"),
    ],
)
def test_a_body_that_cannot_be_read_gets_400_with_its_code(
    api: RunningApi, inbox_rows: Rows, body: str | bytes, code: str
) -> None:
    assert_problem(post(api, body if isinstance(body, bytes) else body.encode()), 400, code)
    assert inbox_rows() == []


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_every_bad_credential_gets_the_same_answer(api: RunningApi) -> None:
    key, secret = api.credential.key, api.credential.secret
    bad = [
        "Basic " + _encoded(f"{key}:{secret[:-1]}"),
        "Basic " + _encoded(f"{key}:{secret}x"),
        "Basic " + _encoded(f"souschef-999999:{secret}"),
        "Basic " + _encoded(f"souschef-99999999999999999999:{secret}"),
        "Basic " + _encoded(f"souschef-9223372036854775808:{secret}"),
        "Basic " + _encoded(f"souschef-٣:{secret}"),
        "Basic " + _encoded(f"{key}:"),
        "Basic " + _encoded(f":{secret}"),
        "Basic " + _encoded("\x00:\x00"),
        "Basic " + _encoded("lrskey:lrssecret"),
        "Basic !!!",
        "Basic",
        "Basic /w==",
        f"Bearer {secret}",
        f"Bearer {key}.{secret[::-1]}",
        f"Negotiate {secret}",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        f"Digest username={key}",
    ]
    answers = [post(api, b"[]", Authorization=header) for header in bad]
    for answer in answers:
        assert_problem(answer, 401, "auth_failed")
    assert len({answer.text for answer in answers}) == 1


def test_a_missing_credential_has_its_own_code(api: RunningApi) -> None:
    answer = httpx.post(f"{api.url}/xapi/statements", content=b"[]")
    assert_problem(answer, 401, "auth_missing")
    assert answer.headers["www-authenticate"].startswith("Basic")


def test_a_bearer_token_is_as_good_as_key_and_secret(api: RunningApi) -> None:
    token = f"{api.credential.key}.{api.credential.secret}"
    assert post(api, b"[]", Authorization=f"Bearer {token}").status_code == 200
    assert post(api, b"[]", Authorization=token).status_code == 200


def test_a_source_of_another_format_is_at_the_wrong_door(api: RunningApi, add_source: AddSource) -> None:
    other = add_source("form", "typeform")
    header = "Basic " + _encoded(f"{other.key}:{other.secret}")
    assert_problem(post(api, b"[]", Authorization=header), 403, "wrong_door")


@pytest.mark.parametrize(
    "media",
    ["text/plain", "", "application/xml", "application/json; charset=utf-16", "multipart/form-data; boundary=x"],
)
def test_other_media_get_415(api: RunningApi, media: str) -> None:
    assert_problem(post(api, b"[]", **{"Content-Type": media}), 415, "unsupported_media")


def test_an_unknown_encoding_gets_415_and_a_wrong_one_400(api: RunningApi) -> None:
    assert_problem(post(api, b"[]", **{"Content-Encoding": "br"}), 415, "unsupported_media")
    assert_problem(post(api, b"[]", **{"Content-Encoding": "gzip"}), 400, "bad_encoding")
    assert_problem(post(api, gzip.compress(b"[]")[:-4], **{"Content-Encoding": "gzip"}), 400, "bad_encoding")


def test_another_method_gets_405_with_what_is_allowed(api: RunningApi) -> None:
    with api.client() as client:
        for path, allowed in {"/xapi/statements": "POST, PUT", "/surveys": "POST", "/health": "GET, HEAD"}.items():
            answer = client.request("DELETE", path)
            assert_problem(answer, 405, "method_not_allowed")
            assert answer.headers["allow"] == allowed
        assert_problem(client.get(f"/nothing/{CANARY}"), 404, "not_found")


class TestSmall:
    """An API with a limit of one mebibyte and short timeouts."""

    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(body_bytes=MIB, idle_seconds=0.4, total_seconds=1.5)

    def test_a_body_too_large_gets_413_before_it_is_read(self, api: RunningApi) -> None:
        started = time.monotonic()
        answer = _raw(api, f"Content-Length: {10**15}", b"")
        assert b" 413 " in answer.split(b"\r\n")[0]
        assert time.monotonic() - started < 1

    def test_a_chunked_body_too_large_gets_413(self, api: RunningApi, inbox_rows: Rows) -> None:
        piece = b"x" * 65_536
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for _ in range(17)) + b"0\r\n\r\n"
        assert b" 413 " in _raw(api, "Transfer-Encoding: chunked", chunks).split(b"\r\n")[0]
        assert inbox_rows() == []

    def test_a_body_of_exactly_the_limit_is_taken(self, api: RunningApi) -> None:
        assert post(api, b"[" + b" " * (MIB - 2) + b"]").status_code == 200
        assert_problem(post(api, b"[" + b" " * (MIB - 1) + b"]"), 413, "too_large")

    @pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
    def test_a_compressed_bomb_gets_413(self, api: RunningApi, pack: Callable[[bytes], bytes]) -> None:
        bomb = pack(b"[" + b" " * 20 * MIB + b"]")
        assert len(bomb) < MIB
        encoding = "gzip" if pack is gzip.compress else "deflate"
        assert_problem(post(api, bomb, **{"Content-Encoding": encoding}), 413, "too_large")

    def test_a_length_that_claims_more_than_comes_gets_408(self, api: RunningApi) -> None:
        started = time.monotonic()
        assert b" 408 " in _raw(api, "Content-Length: 500", b"[").split(b"\r\n")[0]
        assert time.monotonic() - started < 3

    def test_a_trickled_body_gets_408(self, api: RunningApi) -> None:
        with socket.create_connection(("127.0.0.1", api.port), timeout=10) as wire:
            wire.sendall(_head(api, "Content-Length: 500"))
            wire.settimeout(0.2)
            answer = b""
            started = time.monotonic()
            while not answer and time.monotonic() - started < 10:
                wire.sendall(b" ")
                try:
                    answer = wire.recv(1_000)
                except TimeoutError:
                    continue
            assert b" 408 " in answer.split(b"\r\n")[0]
            assert 1 < time.monotonic() - started < 4


class TestCrowded:
    """An API that buffers next to nothing."""

    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(buffered_bytes=1_000, small_bytes=0)

    def test_more_than_can_be_held_gets_503_and_when_to_come_again(self, api: RunningApi) -> None:
        body = b"[" + b" " * 2_000 + b"]"
        with socket.create_connection(("127.0.0.1", api.port), timeout=10) as wire:
            wire.sendall(_head(api, "Content-Length: 5000") + body[:800])
            time.sleep(0.3)
            answer = post(api, body)
        assert_problem(answer, 503, "overloaded")
        assert post(api, body).status_code == 200, "the only one is always taken"
        assert int(answer.headers["retry-after"]) > 0
        assert post(api, b"[]").status_code == 200


def _head(api: RunningApi, *more: str) -> bytes:
    lines = [
        "POST /xapi/statements HTTP/1.1",
        "Host: x",
        f"Authorization: {api.basic}",
        "Content-Type: application/json",
    ]
    return "\r\n".join([*lines, *more, "", ""]).encode()


def _raw(api: RunningApi, header: str, body: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as wire:
        # It may have answered and hung up before the end of the body.
        with contextlib.suppress(OSError):
            wire.sendall(_head(api, header) + body)
        return wire.recv(1_000)


def test_a_monitor_may_ask_by_head(api: RunningApi) -> None:
    for path in ("/health", "/ready"):
        answer = httpx.head(f"{api.url}{path}")
        assert (answer.status_code, answer.content) == (200, b"")


def test_a_database_that_does_not_answer_gives_503_and_when_to_come_again(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOUSCHEF_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    configured.cache_clear()
    try:
        answer = post(api, b"[]")
        assert_problem(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert_problem(httpx.get(f"{api.url}/ready"), 503, "unavailable")
        assert httpx.get(f"{api.url}/health").status_code == 200
    finally:
        monkeypatch.undo()
        configured.cache_clear()


def test_a_ready_door_says_so(api: RunningApi) -> None:
    assert httpx.get(f"{api.url}/ready").json() == {"status": "ok", "database": "ok"}


def test_an_inbox_that_refuses_the_write_gives_503_and_notifies_nobody(api: RunningApi, inbox_rows: Rows) -> None:
    with store.transaction() as session:
        session.connection().execute(
            text("ALTER TABLE souschef.inbox ADD CONSTRAINT full_disk CHECK (false) NOT VALID")
        )
    statement = {"verb": {"id": "http://adlnet.gov/expapi/verbs/answered"}, "object": {"id": "q"}}
    answer = post(api, json.dumps(statement).encode())
    assert_problem(answer, 503, "unavailable")
    assert (inbox_rows(), api.messages) == ([], [])


class TestHurried:
    """An API that does not wait long for a thread."""

    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(wait_seconds=0.5)

    def test_a_database_that_hangs_gives_everybody_503_within_seconds(self, api: RunningApi, inbox_rows: Rows) -> None:
        content = {"verb": {"id": "http://adlnet.gov/expapi/verbs/answered"}, "object": {"id": "q"}}
        statement = json.dumps({**content, "timestamp": "2026-11-22T05:32:28Z"})

        def timed(_: int) -> tuple[float, str]:
            started = time.monotonic()
            answer = post(api, statement.encode())
            return time.monotonic() - started, str(answer.json()["code"])

        with store.transaction() as blocker:
            blocker.connection().execute(text("LOCK TABLE souschef.inbox IN ACCESS EXCLUSIVE MODE"))
            with ThreadPoolExecutor(40) as pool:
                answers = list(pool.map(timed, range(40)))
        # 16 of 40 get a thread and wait for the statement's limit of 4 s; the others get `overloaded`.
        # Without the limit they would wait for the client's 30 s.
        assert {code for _, code in answers} == {"unavailable", "overloaded"}
        assert max(seconds for seconds, _ in answers) < 20
        # Who was answered while their statement still waited may have it stored after: sent again, it is known.
        assert len(inbox_rows()) <= 1
        assert post(api, statement.encode()).status_code == 200
        assert len(inbox_rows()) == 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
@pytest.mark.full
def test_no_body_gives_a_5xx(api: RunningApi, body: bytes) -> None:
    assert post(api, body).status_code < 500
