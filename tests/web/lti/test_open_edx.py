"""Launches that Open edX's own code has signed (lti-consumer-xblock), over HTTP; `make lti-consumer` installs it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.web.lti.platform import Browser, Platform
from tests.web.lti.test_launch import sessions
from tests.web.lti.test_names import UUID, name_of_second_student, set_product

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".lti-consumer" / "bin" / "python"
IS_INSTALLED = (ROOT / ".lti-consumer" / "stamp").exists()
pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not IS_INSTALLED, reason="Open edX's signer is not installed: make lti-consumer"),
]


def sign(platform: Platform, tool: str, asked: dict[str, str], role: str | None, **changes: str) -> dict[str, Any]:
    """Return the launch's fields, and the key set, as Open edX makes them."""
    words = {
        "key": platform.keys["key-1"].as_pem(private=True).decode(),
        "platform": platform.url,
        "tool": tool,
        "role": role,
        "user": UUID,
        "username": "ada",
        "state": asked["state"],
        "nonce": asked["nonce"],
    } | changes
    script = Path(__file__).with_name("open_edx_signer.py")
    command, document = [str(PYTHON), "-P", str(script)], json.dumps(words)
    ran = subprocess.run(command, input=document, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr[-2_000:]
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def launch(platform: Platform, browser: Browser, role: str | None, **changes: str) -> httpx.Response:
    signed = sign(platform, browser.tool, browser.login(platform), role, **changes)
    return browser.post("/lti/launch", {name: signed[name] for name in ("id_token", "state")})


def test_a_student_of_open_edx_is_known_by_the_username_once_and_then_by_the_uuid(
    registered: Platform, browser: Browser
) -> None:
    set_product("openedx")
    assert launch(registered, browser, "student").status_code == 403
    name_of_second_student("ada")
    assert launch(registered, browser, "student").status_code == 303
    assert launch(registered, browser, "student", username="somebody-else").status_code == 303
    assert sessions() == [("b1-s2", "student")] * 2


def test_open_edxs_key_set_has_the_key_by_its_id(registered: Platform, browser: Browser) -> None:
    [key] = sign(registered, browser.tool, browser.login(registered), "student")["keys"]["keys"]
    ours = registered.keys["key-1"].as_dict(private=False)
    assert (key["kid"], key["kty"], key["n"]) == ("key-1", "RSA", ours["n"])


def test_another_logins_token_of_open_edx_is_refused(registered: Platform, browser: Browser) -> None:
    """The mutant swaps the nonce."""
    set_product("openedx")
    name_of_second_student("ada")
    assert launch(registered, browser, "student", nonce="another").status_code == 400
    assert sessions() == []


def test_no_role_is_no_access(registered: Platform, browser: Browser) -> None:
    set_product("openedx")
    name_of_second_student("ada")
    assert launch(registered, browser, None).status_code == 403
    assert sessions() == []


@pytest.mark.parametrize("role", ["staff", "limited_staff", "instructor"])
def test_staff_of_an_open_edx_course_teaches_it(registered: Platform, browser: Browser, role: str) -> None:
    """The person is the class's teacher here, by the platform's own name of them."""
    set_product("openedx")
    answer = launch(registered, browser, role, user="57")
    assert answer.status_code == 303
    assert sessions() == [("b1-t1", "teacher")]
