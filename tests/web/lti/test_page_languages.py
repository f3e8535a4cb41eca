"""The pages that an LMS shows before anybody has a session: in its own language for the person, or the browser's."""

import json
from typing import Any

import httpx
import pytest

from models import engine
from models.access import lti
from tests.web.lti.platform import INSTRUCTOR, Browser, Platform
from tests.web.lti.test_registration import register
from tests.web.pages.test_languages import bare
from web.jws import parse_jws
from web.pages.language import PSEUDO

SETTINGS = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
ITEMS = "https://purl.imsglobal.org/spec/lti-dl/claim/content_items"
OURS = ["Souschef", "Moodle", "SOUSCHEF_WEB_URL"]


def choice(platform: Platform, browser: Browser, **changes: Any) -> httpx.Response:
    """Open the page on which a teacher chooses a link."""
    settings = {"deep_link_return_url": f"{platform.url}/return", "accept_types": ["ltiResourceLink"]}
    words = {"message_type": "LtiDeepLinkingRequest", SETTINGS: settings, "sub": "57", "roles": [INSTRUCTOR]}
    answer = browser.launch(platform, **words | changes)
    assert answer.status_code == 200
    return answer


def titles(answer: httpx.Response) -> list[str]:
    """Return the titles that the signed links of the page give to the platform."""
    tokens = [part.split('"')[0] for part in answer.text.split('name="JWT" value="')[1:]]
    return [json.loads(parse_jws(token.encode()).payload)[ITEMS][0]["title"] for token in tokens]


@pytest.mark.parametrize(
    ("accepted", "locale", "tag", "both"),
    [
        ("de", None, "de", ["Meine nächsten Aufgaben", "Meine Klasse"]),
        ("de", "es_mx", "es", ["Mis próximas tareas", "Mi clase"]),
        ("de", "fr", "de", ["Meine nächsten Aufgaben", "Meine Klasse"]),
        (None, None, "en", ["My next tasks", "My class"]),
    ],
)
def test_a_link_gets_its_title_in_the_teachers_language(
    registered: Platform, browser: Browser, accepted: str | None, locale: str | None, tag: str, both: list[str]
) -> None:
    """What the LMS says of the person comes before what the browser says."""
    browser.accept_language = accepted
    answer = choice(registered, browser, launch_presentation={"locale": locale} if locale else None)
    assert (answer.headers["content-language"], titles(answer)) == (tag, both)


def test_nothing_is_left_in_english_before_a_session(registered: Platform, browser: Browser, school: int) -> None:
    browser.accept_language = PSEUDO
    with engine.transaction() as session:
        invitation = lti.invite(session, school, private_allowed=True)
    pages = {"unused": browser.get(f"/lti/register/{invitation}"), "choice": choice(registered, browser)}
    registered.client_id = "client-2"
    pages["registered"] = register(browser, invitation, registered)
    pages["used"] = register(browser, invitation, registered)
    registered.client_id = "client-1"
    storing = {"iss": registered.url, "login_hint": "58", "target_link_uri": f"{browser.tool}/lti/launch",
               "client_id": "client-1", "lti_storage_target": "_parent"}  # fmt: skip
    pages["store"] = browser.post("/lti/login", storing)
    asked = browser.login(registered)
    browser.cookies.clear()
    sent = {"id_token": registered.sign(registered.claims(browser.tool, asked["nonce"])), "state": asked["state"]}
    pages["window"] = browser.post("/lti/launch", sent)
    pages["replayed"] = browser.post("/lti/launch", sent)
    pages["no role"] = browser.launch(registered, roles=[])
    assert {name: answer.headers["content-language"] for name, answer in pages.items()} == dict.fromkeys(pages, PSEUDO)
    data = [registered.url, *OURS]
    assert {name: left for name, answer in pages.items() if (left := bare(answer.text, data))} == {}


def test_what_an_administrator_may_search_for_is_marked_as_english(
    school: int, browser: Browser, platform: Platform
) -> None:
    """The command line, the log and the page give the reason of a failed registration in the same words."""
    platform.configuration = {"token_endpoint": None}
    with engine.transaction() as session:
        invitation = lti.invite(session, school, private_allowed=True)
    browser.accept_language = "de"
    answer = register(browser, invitation, platform)
    assert "hat nicht geklappt." in answer.text
    assert '<p class="soft" lang="en">The platform does not say its token_endpoint.</p>' in answer.text
