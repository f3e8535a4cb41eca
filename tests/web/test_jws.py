"""Signed Canvas events: what openssl has signed is good, and nothing else is."""

import asyncio
import base64
import json
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import engine as store
from models.tables import Source
from tests.web.conftest import AddSource, RunningApi
from web.jws import ASK_AGAIN_SECONDS, REFRESH_SECONDS, InvalidSignatureError, KeySets, parse_jws, verify
from web.routes import canvas

KEY_SET = "https://keys.canvas.test/jwks"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Signer:
    """A key of openssl's making; signing is done by openssl alone."""

    def __init__(self, folder: Path, bits: int = 2_048) -> None:
        self.path = folder / f"key{bits}.pem"
        self._openssl("genrsa", "-out", str(self.path), str(bits))
        output = self._openssl("rsa", "-in", str(self.path), "-noout", "-modulus").decode()
        modulus = bytes.fromhex(output.strip().removeprefix("Modulus="))
        self.jwk = {"kty": "RSA", "kid": "2026-11", "alg": "RS256", "use": "sig", "n": encoded(modulus), "e": "AQAB"}

    def jws(self, payload: object, **header: object) -> bytes:
        head = {"alg": "RS256", "kid": "2026-11"} | header
        signed = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(payload).encode())}".encode()
        signature = self._openssl("dgst", "-sha256", "-sign", str(self.path), stdin=signed)
        return signed + b"." + encoded(signature).encode()

    @staticmethod
    def _openssl(*arguments: str, stdin: bytes = b"") -> bytes:
        return subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    try:
        return Signer(tmp_path_factory.mktemp("keys"))
    except FileNotFoundError:
        pytest.skip("openssl is not installed, which signs for these tests")


EVENT: dict[str, Any] = {
    "metadata": {
        "event_name": "grade_change",
        "event_time": "2026-11-22T05:32:28Z",
        "root_account_uuid": "riverside-1",
    },
    "body": {"submission_id": "1", "user_id": "48", "assignment_id": "3", "score": 5, "points_possible": 10},
}


def test_what_openssl_signed_is_good(signer: Signer) -> None:
    message = parse_jws(signer.jws(EVENT))
    assert verify(message, signer.jwk)
    assert json.loads(message.payload) == EVENT


@pytest.mark.parametrize("length", [3_072, 4_096])
@pytest.mark.full
def test_longer_keys_are_good(tmp_path: Path, signer: Signer, length: int) -> None:
    assert signer
    longer = Signer(tmp_path, length)
    assert verify(parse_jws(longer.jws(EVENT)), longer.jwk)
    assert not verify(parse_jws(longer.jws(EVENT)), signer.jwk)


def test_a_key_too_short_is_none(tmp_path: Path, signer: Signer) -> None:
    assert signer
    short = Signer(tmp_path, 1_024)
    assert not verify(parse_jws(short.jws(EVENT)), short.jwk)


@pytest.mark.parametrize("alg", ["none", "HS256", "PS256", "RS512", "rs256", "", None, 7, ["RS256"]])
def test_no_other_algorithm_is_believed(signer: Signer, alg: object) -> None:
    with pytest.raises(InvalidSignatureError):
        parse_jws(signer.jws(EVENT, alg=alg))


@pytest.mark.parametrize("text", [b"", b"a.b", b"a.b.c.d", b"..", b"!!.!!.!!", b"e30.e30.", b"{}", b"\xff.\xff.\xff"])
def test_what_is_no_jws_is_none(text: bytes) -> None:
    with pytest.raises(InvalidSignatureError):
        parse_jws(text)


def test_an_extension_that_must_be_understood_is_not(signer: Signer) -> None:
    with pytest.raises(InvalidSignatureError):
        parse_jws(signer.jws(EVENT, crit=["exp"]))


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "oct"},
        {"use": "enc"},
        {"alg": "RS512"},
        {"n": "AQAB"},
        {"n": 7},
        {"n": "é"},
        {"e": "AQ"},
        {"e": "Ag"},
        {"e": None},
    ],
)
def test_a_key_that_is_no_rsa_key_for_signing_signs_nothing(signer: Signer, change: dict[str, Any]) -> None:
    assert not verify(parse_jws(signer.jws(EVENT)), signer.jwk | change)


@given(place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_one_changed_byte_anywhere_is_refused(signed: tuple[bytes, dict[str, Any]], place: int, flip: int) -> None:
    whole, jwk = signed
    body = bytearray(whole)
    body[place % len(body)] ^= flip
    try:
        message = parse_jws(bytes(body))
    except InvalidSignatureError:
        return
    # The last character of a base64 text may hold bits that mean nothing: the bytes are then the same.
    assert not verify(message, jwk) or message == parse_jws(whole)


@pytest.fixture(scope="module")
def signed(signer: Signer) -> tuple[bytes, dict[str, Any]]:
    return signer.jws(EVENT), signer.jwk


def key_of(sets: KeySets, key_id: str, url: str = KEY_SET) -> Any:
    return asyncio.run(sets.key(url, key_id))


def test_a_key_set_is_asked_for_once_an_hour_and_for_an_unknown_key_once_a_minute() -> None:
    asked: list[str] = []
    keys = {"keys": [{"kid": "old"}]}
    now = [0.0]

    def fetch(url: str) -> object:
        asked.append(url)
        return {"keys": list(keys["keys"])}

    sets = KeySets(fetch, lambda: now[0])
    assert [key_of(sets, "old"), key_of(sets, "old"), len(asked)] == [{"kid": "old"}, {"kid": "old"}, 1]
    # The keys rotate: the new one is asked for, but not by everybody who makes one up.
    keys["keys"] = [{"kid": "new"}]
    assert (key_of(sets, "new"), len(asked)) == (None, 1)
    now[0] += ASK_AGAIN_SECONDS + 1
    assert (key_of(sets, "new"), len(asked)) == ({"kid": "new"}, 2)
    assert [key_of(sets, f"made up {n}") for n in range(9)] == [None] * 9
    assert len(asked) == 2
    now[0] += REFRESH_SECONDS + 1
    assert (key_of(sets, "new"), len(asked)) == ({"kid": "new"}, 3)


def test_the_old_key_set_serves_on_while_its_address_does_not_answer() -> None:
    answers: list[object] = [{"keys": [{"kid": "old"}]}]
    now = [0.0]

    def fetch(_: str) -> object:
        if not answers:
            raise httpx.ConnectError("nobody there")
        return answers.pop()

    sets = KeySets(fetch, lambda: now[0])
    assert key_of(sets, "old") is not None
    now[0] += REFRESH_SECONDS + 1
    assert key_of(sets, "old") is not None


def test_a_fault_of_ours_while_keys_are_fetched_is_not_swallowed() -> None:
    def fetch(_: str) -> object:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        key_of(KeySets(fetch), "any")


def test_a_slow_key_server_holds_up_nobody_who_needs_another_one() -> None:
    """A whole school waits for it in the event loop: one fetch, one thread, and after a while they are let go."""
    hanging, asked = threading.Event(), list[str]()

    def fetch(url: str) -> object:
        asked.append(url)
        if url == KEY_SET:
            hanging.wait(timeout=60)
        return {"keys": [{"kid": "k"}]}

    async def school() -> tuple[list[Any], Any, int]:
        sets = KeySets(fetch, wait_seconds=1.0)
        before = threading.active_count()
        waiting = [asyncio.create_task(sets.key(KEY_SET, "k")) for _ in range(500)]
        other = await sets.key("https://keys.other.test/jwks", "k")
        assert not any(each.done() for each in waiting)
        threads = threading.active_count() - before
        return await asyncio.gather(*waiting), other, threads

    try:
        found, other, threads = asyncio.run(school())
    finally:
        hanging.set()
    assert other == {"kid": "k"}
    assert found == [None] * 500
    assert (asked.count(KEY_SET), threads <= 2) == (1, True)


@pytest.fixture
def school(api: RunningApi, add_source: AddSource, signer: Signer, monkeypatch: pytest.MonkeyPatch) -> RunningApi:
    credential = add_source("canvas", "canvas")
    with store.transaction() as session:
        source = session.get_one(Source, int(credential.key.removeprefix("souschef-")))
        source.settings = {"jwks_url": KEY_SET, "root_accounts": ["riverside-1"]}
        session.add(source)
    monkeypatch.setattr(canvas, "KEY_SETS", KeySets(lambda _: {"keys": [signer.jwk]}))
    return api


def post(api: RunningApi, body: bytes, media: str = "application/jwt") -> httpx.Response:
    return httpx.post(f"{api.url}/canvas", content=body, headers={"Content-Type": media}, timeout=30)


def test_a_signed_event_of_the_schools_own_account_is_taken(
    school: RunningApi, signer: Signer, inbox_rows: Callable[[], list[Any]]
) -> None:
    for media in ("application/jwt", "application/json", "text/plain; charset=utf-8"):
        assert post(school, signer.jws(EVENT), media).status_code == 200
    assert len(inbox_rows()) == 1


def test_forged_altered_and_of_another_school_are_refused_alike(
    school: RunningApi, signer: Signer, tmp_path: Path, inbox_rows: Callable[[], list[Any]]
) -> None:
    theirs = EVENT | {"metadata": {**EVENT["metadata"], "root_account_uuid": "hillside-1"}}
    head, _, signature = signer.jws(EVENT).split(b".")
    unsigned = encoded(b'{"alg":"none"}').encode() + b"." + encoded(json.dumps(EVENT).encode()).encode() + b"."
    bad = [
        signer.jws(theirs),
        signer.jws(EVENT, kid="another"),
        signer.jws({}),
        signer.jws("x"),
        Signer(tmp_path).jws(EVENT),
        b".".join([head, encoded(json.dumps(theirs).encode()).encode(), signature]),
        unsigned,
        b"x",
    ]
    answers = [post(school, each) for each in bad]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(401, "auth_failed")}
    assert len({answer.text for answer in answers}) == 1
    plain = post(school, json.dumps(EVENT).encode(), "application/json")
    assert (plain.status_code, plain.json()["code"]) == (401, "auth_missing")
    assert inbox_rows() == []
