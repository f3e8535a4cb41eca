"""The pages before a session, as axe judges them: a registration, the choice of a link, one more step, a refusal."""

from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Route

from models import engine
from models.access import lti
from tests.web.lti.platform import Browser, Platform
from tests.web.lti.test_page_languages import choice
from tests.web.lti.test_registration import register
from tests.web.pages.accessible import check
from tests.web.pages.test_browser import chromium, context  # noqa: F401 - fixtures
from web.pages.language import PSEUDO

pytestmark = pytest.mark.full


def pages(registered: Platform, browser: Browser, school: int) -> dict[str, str]:
    """Return the pages by name; those of a frame as they stand in it."""
    with engine.transaction() as session:
        invitation = lti.invite(session, school, private_allowed=True)
    found = {"choice": choice(registered, browser), "no role": browser.launch(registered, roles=[])}
    storing = {"iss": registered.url, "login_hint": "58", "target_link_uri": f"{browser.tool}/lti/launch",
               "client_id": "client-1", "lti_storage_target": "_parent"}  # fmt: skip
    found["store"] = browser.post("/lti/login", storing)
    asked = browser.login(registered)
    browser.cookies.clear()
    token = registered.sign(registered.claims(browser.tool, asked["nonce"]))
    found["window"] = browser.post("/lti/launch", {"id_token": token, "state": asked["state"]})
    registered.client_id = "client-2"
    found["registered"] = register(browser, invitation, registered)
    return {name: answer.text for name, answer in found.items()}


def answer(text: str, route: Route) -> None:
    """Let the browser have this page at whatever address it asks for."""
    route.fulfill(body=text, content_type="text/html")


@pytest.mark.parametrize("language", ["en", PSEUDO])
def test_the_pages_before_a_session_are_accessible(
    context: BrowserContext,  # noqa: F811 - the fixture of that name
    registered: Platform,
    browser: Browser,
    school: int,
    tmp_path: Path,
    language: str,
) -> None:
    """At three widths, in the dark and in forced colours; in the longest language, too."""
    browser.accept_language = language
    page = context.new_page()
    for name, text in pages(registered, browser, school).items():
        page.route("**/lti/**", partial(answer, text))
        page.route("**/static/*.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
        page.goto(f"{browser.tool}/lti/{name.replace(' ', '-')}")
        assert page.locator("h1").count() == 1
        check(page, name, tmp_path)
