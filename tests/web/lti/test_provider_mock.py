"""A platform that others have written (lti-provider-mock 0.2.3): its handshake works, and it sends no roles."""

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Iterator
from html import unescape

import httpx
import pytest
from sqlalchemy import text

from models import engine
from models.access import lti
from tests.web.lti.platform import Browser
from tests.web.lti.test_launch import ask, sessions
from tests.web.lti.test_open_edx import IS_INSTALLED, PYTHON
from web.jws import KeySets
from web.lti import admission, routes
from web.lti.names import Seen
from workers.local.embedded.process import server_port

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not IS_INSTALLED, reason="lti-provider-mock is not installed: make lti-consumer"),
]
CLIENT = "lti-provider-mock"
PREFIX = "LTI_PROVIDER_MOCK__"
USERS = '[{"id": "58", "given_name": "S1", "family_name": "Lab", "email": "s1@school.example"}]'
COURSES = '[{"id": "8", "name": "Grade 5 Mathematics"}]'


@pytest.fixture
def mock(school: int, tool: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the running platform, which the school has registered; its user 58 is b1-s1."""
    monkeypatch.setitem(routes.PLATFORM_KEYS, True, KeySets(routes.PLATFORM_KEYS[True].fetch))
    port = server_port(0)
    url = f"http://127.0.0.1:{port}"
    words = {"LTI__ISS": url, "LTI__LOGIN_URL": f"{tool}/lti/login", "LTI__LAUNCH_URL": f"{tool}/lti/launch",
             "USERS": USERS, "COURSES": COURSES}  # fmt: skip
    environment = os.environ | {PREFIX + name: value for name, value in words.items()}
    command = [str(PYTHON), "-P", "-m", "uvicorn", "lti_provider_mock.server:app", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"{url}/jwks", process)
        ends = lti.Endpoints(url, CLIENT, f"{url}/authorize", f"{url}/token", f"{url}/jwks", "", (url,))
        with engine.transaction() as session:
            lti.add(session, school, ends, "1", private_allowed=True)
            session.connection().execute(
                text("""INSERT INTO souschef.alias (school_id, kind, name, target_id)
                        SELECT school_id, 'person', :name, id FROM souschef.person WHERE ref = 'b1-s1'"""),
                {"name": f"{url}|58"},
            )
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            assert httpx.get(url).status_code == 200
            return
        time.sleep(0.1)
    pytest.fail(f"lti-provider-mock does not answer at {url}")


def form(page: str) -> tuple[str, dict[str, str]]:
    """Return where a page's form goes, and its fields."""
    action = re.findall(r'<form [^>]*action="([^"]*)"', page)[0]
    inputs = [dict(re.findall(r'(name|value)="([^"]*)"', each)) for each in re.findall(r"<input[^>]*>", page)]
    return unescape(action), {each["name"]: unescape(each["value"]) for each in inputs}


def launch(mock: str, browser: Browser) -> httpx.Response:
    """Sign in at the platform, click on the course, and go where every form and redirect leads."""
    with httpx.Client(base_url=mock) as person:
        assert person.post("/login", data={"userid": "58"}).status_code == 303
        address, fields = form(person.get("/courses/8").text)
        begun = browser.post(address, fields)
        assert (begun.status_code, begun.headers["location"].startswith(f"{mock}/authorize?")) == (302, True)
        address, fields = form(person.get(begun.headers["location"]).text)
    assert address == f"{browser.tool}/lti/launch"
    return browser.post(address, fields)


def test_its_handshake_is_believed_and_without_a_role_there_is_no_access(mock: str, browser: Browser) -> None:
    """Everything before the roles is right: the login was ended, and the deployment and the person are known."""
    answer = launch(mock, browser)
    assert (answer.status_code, "for students and teachers of the course" in answer.text) == (403, True)
    assert (sessions(), ask("SELECT count(*) FROM souschef.lti_state")) == ([], [(0,)])
    assert ask("SELECT count(*) FROM souschef.lti_unknown") == [(0,)]


def test_the_mutant_that_takes_nobody_for_a_student_lets_it_in(
    mock: str, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is the roles alone that refuse the launch above."""
    monkeypatch.setattr(admission, "seen_as", lambda _: Seen.STUDENT)
    assert launch(mock, browser).status_code == 303
    assert sessions() == [("b1-s1", "student")]
