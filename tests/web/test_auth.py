"""Credentials in the Authorization header: whatever stands there, the answer is a credential or none."""

import base64

import httpx
import pytest

from tests.web.conftest import RunningApi
from web.auth import basic_or_bearer


@pytest.mark.parametrize("rest", ["\xff", "a\xe9==", "====", base64.b64encode(b"\xff:secret").decode(), "bm9jb2xvbg=="])
def test_what_is_no_basic_credential_is_none(rest: str) -> None:
    """A header is Latin-1 text; base64 refuses what is beyond ASCII by an error of its own."""
    assert basic_or_bearer(f"Basic {rest}") is None


def test_a_byte_beyond_ascii_gives_a_stranger_401(api: RunningApi) -> None:
    header = {b"Authorization": b"Basic \xff", b"Content-Type": b"application/json"}
    answer = httpx.post(f"{api.url}/events", content=b"{}", headers=header)
    assert (answer.status_code, answer.json()["code"]) == (401, "auth_failed")
