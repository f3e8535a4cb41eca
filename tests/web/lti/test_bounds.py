"""Each bound of a launch from both sides, one fetch for all who need a key, and browsers that say less than others."""

import asyncio
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey

from models.access import lti
from tasks import outbound
from tests.parameters import first_of
from tests.web.lti.platform import Browser, Platform
from tests.web.lti.test_launch import now, sessions
from tests.web.lti.test_names import ELSEWHERE, choice
from tests.web.lti.test_registration import invite
from web.dependencies import THREADS
from web.jws import KeySets
from web.lti import claims, routes

SLOW_SECONDS = 5
"""More than the test takes, between the making of a token and its check."""
BOUNDS: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "the end": ({"exp": -60 + SLOW_SECONDS}, {"exp": -60}),
    "the beginning": ({"iat": 60}, {"iat": 60 + SLOW_SECONDS}),
    "not before": ({"nbf": 60}, {"nbf": 60 + SLOW_SECONDS}),
    "the age": ({"iat": -3_660 + SLOW_SECONDS, "exp": 60}, {"iat": -3_661, "exp": 60}),
}


@pytest.mark.parametrize("bound", BOUNDS)
def test_a_minute_of_two_clocks_and_an_hour_of_age_are_the_bounds(
    registered: Platform, browser: Browser, bound: str
) -> None:
    inside, outside = BOUNDS[bound]
    assert browser.launch(registered, **{name: now(seconds) for name, seconds in outside.items()}).status_code == 400
    assert sessions() == []
    assert browser.launch(registered, **{name: now(seconds) for name, seconds in inside.items()}).status_code == 303


def test_what_we_wait_for_and_read_of_another_server_is_what_we_say() -> None:
    assert (outbound.SECONDS, outbound.MAX_BYTES) == (3.0, 256 * 1024)
    assert (claims.LEEWAY_SECONDS, claims.MAX_AGE_SECONDS, lti.STATE_MINUTES) == (60, 3_600, 10)


def test_a_class_that_clicks_at_once_fetches_the_platforms_keys_once(registered: Platform) -> None:
    """Thirty students need the key in the same moment, and the platform is slow."""
    fetches = []

    def fetch(url: str) -> object:
        fetches.append(url)
        time.sleep(0.2)
        return httpx.get(url).json()

    sets = KeySets(fetch)

    async def keys() -> list[Mapping[str, Any] | None]:
        return await asyncio.gather(*(sets.key(f"{registered.url}/certs", "key-1") for _ in range(30)))

    assert [each and each["kid"] for each in asyncio.run(keys())] == ["key-1"] * 30
    assert len(fetches) == 1


def test_a_slow_key_server_of_one_platform_holds_up_no_other_page(
    registered: Platform, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More launches than the API has threads wait for it; then they fail, and everybody else has been served."""
    opened = browser.launch(registered).headers["location"]
    hanging = threading.Event()

    def fetch(_: str) -> object:
        hanging.wait(timeout=60)
        return {}

    monkeypatch.setitem(routes.PLATFORM_KEYS, True, KeySets(fetch))
    asked = [browser.login(registered) for _ in range(THREADS + 4)]
    sent = [
        {"id_token": registered.sign(registered.claims(browser.tool, each["nonce"])), "state": each["state"]}
        for each in asked
    ]
    with ThreadPoolExecutor(len(sent)) as pool:
        launches = [pool.submit(browser.post, "/lti/launch", fields) for fields in sent]
        try:
            wait(launches, timeout=0.5)
            assert browser.get(opened).status_code == 200
            assert not any(each.done() for each in launches)
        finally:
            hanging.set()
    assert {each.result().status_code for each in launches} == {400}


def test_the_id_of_our_key_is_its_thumbprint(school: int, browser: Browser) -> None:
    """So that a platform which keeps keys by id never takes an old one for a new one."""
    invite(school)
    [key] = browser.get(f"/lti/keys/{school}").json()["keys"]
    assert key["kid"] == RSAKey.import_key({name: key[name] for name in ("kty", "n", "e")}).thumbprint()


@pytest.mark.parametrize(
    ("headers", "status"),
    first_of(
        [
            ({"Sec-Fetch-Site": "same-origin"}, 303),
            ({"Origin": "{tool}"}, 303),
            ({"Sec-Fetch-Site": "cross-site", "Origin": "{tool}"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Sec-Fetch-Site": "none"}, 403),
            ({"Origin": "https://evil.example"}, 403),
            ({"Origin": "{tool}.evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({}, 403),
        ],
        quick=3,
    ),
)
def test_a_form_is_taken_only_from_where_the_browser_says_that_we_are(
    registered: Platform, browser: Browser, headers: dict[str, str], status: int
) -> None:
    """An older browser says `Origin` alone; one that says neither is not believed, whatever token the form has."""
    opened = browser.launch(registered, **ELSEWHERE).headers["location"]
    fields = choice(browser.get(opened).text, "MATH-5A-b1")
    sent = {name: value.format(tool=browser.tool) for name, value in headers.items()}
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    answer = httpx.post(f"{browser.tool}{opened}choose-class", data=fields, headers={**sent, "Cookie": cookie})
    assert answer.status_code == status


def test_a_forms_token_is_of_one_session(registered: Platform, browser: Browser) -> None:
    """The token of another page of the same person does not open this one's forms."""
    first, second = (browser.launch(registered, **ELSEWHERE).headers["location"] for _ in range(2))
    fields = choice(browser.get(first).text, "MATH-5A-b1")
    assert browser.post(f"{second}choose-class", fields, site="same-origin").status_code == 403
    assert browser.post(f"{first}choose-class", fields, site="same-origin").status_code == 303
