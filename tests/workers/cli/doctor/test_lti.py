"""What the doctor says of LMSs that open Souschef's pages: each thing that does not work, and how to fix it."""

import json

import pytest
from sqlalchemy import text

from config import settings as configuration
from models import engine
from models.access import lti as lti_store
from tasks.lti_scores import lti_scores
from tests.web.lti.conftest import browser, platform, registered, school, tool  # noqa: F401 - fixtures
from tests.web.lti.platform import INSTRUCTOR, Browser, Platform
from tests.web.lti.test_services import course, do_tasks, gradebook  # noqa: F401 - fixtures
from workers.cli.doctor import lti
from workers.cli.doctor.findings import Finding

OWN = "https://souschef.example"


def findings(web_url: str = OWN) -> list[Finding]:
    """Return what is found while our own address is this one."""
    current = configuration.settings().model_copy(update={"web_url": web_url})
    return list(lti.check(current))


def sentences(web_url: str = OWN) -> str:
    return "\n".join(f"{each.severity}: {each.sentence} {each.fix}" for each in findings(web_url))


def test_without_an_lms_nothing_is_found(school: int) -> None:  # noqa: F811
    assert findings("") == []


def test_an_address_without_https_is_an_error_where_an_lms_is_registered(registered: Platform) -> None:  # noqa: F811
    assert "error: SOUSCHEF_WEB_URL is http://souschef.example" in sentences("http://souschef.example")
    assert "error: SOUSCHEF_WEB_URL is not set" in sentences("")
    assert "SOUSCHEF_WEB_URL" not in sentences()


@pytest.mark.parametrize("own", ["https://127.0.0.1", "https://souschef.example:8443", "https://localhost:8443"])
def test_an_address_that_moodle_does_not_fetch_from_is_noted(registered: Platform, own: str) -> None:  # noqa: F811
    assert "Security > HTTP security" in sentences(own)
    with engine.transaction() as session:
        session.connection().execute(text("UPDATE souschef.lti_registration SET product = 'canvas'"))
    assert "Security > HTTP security" not in sentences(own)


def test_invitations_and_registrations_that_wait_are_noted(registered: Platform, school: int) -> None:  # noqa: F811
    with engine.transaction() as session:
        lti_store.invite(session, school)
    found = sentences()
    assert "Invitations of hillside that no LMS has used yet: 1" in found
    assert f"Nobody has opened Souschef from {registered.url}" in found


def test_a_platform_that_works_is_ok(course: Platform) -> None:  # noqa: F811
    assert sentences() == f"ok: {course.url} (registration 1) shows its keys. "


def test_keys_that_cannot_be_fetched_are_an_error(course: Platform) -> None:  # noqa: F811
    course.keys = {}
    assert "error: The key set of" in sentences()
    with engine.transaction() as session:
        session.connection().execute(text("UPDATE souschef.lti_registration SET jwks_url = 'http://127.0.0.1:9/certs'"))
    assert "cannot be fetched, so no launch of it is believed" in sentences()
    with engine.transaction() as session:
        session.connection().execute(text("UPDATE souschef.lti_registration SET private_allowed = false"))
    assert "--private" in sentences()


def test_services_that_are_blocked_are_a_warning_with_moodles_own_remedy(course: Platform) -> None:  # noqa: F811
    course.tool_keys = ""
    assert "warning: Launches from" in sentences()
    assert "HTTP security" in sentences()


def test_scores_that_were_not_sent_are_a_warning(gradebook: Platform) -> None:  # noqa: F811
    do_tasks("b1-s1", 1)
    keys, gradebook.tool_keys = gradebook.tool_keys, ""
    lti_scores()
    gradebook.tool_keys = keys
    assert "refuses us a token: scores of 1 courses were not sent" in sentences()
    lti_scores()
    assert "scores of" not in sentences()


def test_who_and_what_waits_to_be_admitted_is_noted(registered: Platform, browser: Browser) -> None:  # noqa: F811
    browser.launch(registered, sub="99")
    browser.launch(registered, deployment_id="2")
    found = sentences()
    assert "Deployments that hillside does not know: 1" in found
    assert "People whom hillside does not know: 1. `souschef lti unknown`" in found


def test_a_course_without_members_is_noted(registered: Platform, browser: Browser) -> None:  # noqa: F811
    nothing = {"https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": None}
    browser.launch(registered, sub="57", roles=[INSTRUCTOR], **nothing)
    assert "rosters have to come as files" in sentences()


@pytest.fixture
def json_findings(registered: Platform) -> list[dict[str, str]]:  # noqa: F811
    """The findings as the whole command prints them."""
    from typer.testing import CliRunner

    from workers.cli.main import app

    found: list[dict[str, str]] = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).output)["findings"]
    return found


def test_the_command_has_these_checks_among_its_own(json_findings: list[dict[str, str]]) -> None:
    assert "lti" in {each["about"] for each in json_findings}
