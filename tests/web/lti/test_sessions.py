"""A page belongs to one person, one browser and one evening; another person's launch ends what was open before."""

import re
from dataclasses import replace
from html import unescape

import httpx
import pytest
from sqlalchemy import text

from config.settings import settings
from models import engine
from models.access import lti_unknown, page_links, page_sessions
from models.tables.pages import PageRole
from tasks.pipeline import prune
from tests.web.conftest import serving, state_notifying
from tests.web.lti.platform import INSTRUCTOR, Browser, Platform, query
from tests.web.lti.test_launch import ask, sessions
from web.pages import safety
from web.pages.access import SESSIONS_A_BROWSER
from web.rate_limit import RateLimiter


def test_the_address_alone_opens_nothing(registered: Platform, browser: Browser, tool: str) -> None:
    opened = browser.launch(registered).headers["location"]
    assert Browser(tool).get(opened).status_code == 403
    stolen = Browser(tool, cookies=dict.fromkeys(browser.cookies, "another"))
    assert stolen.get(opened).status_code == 403


def test_two_tabs_of_one_person_stay_open(registered: Platform, browser: Browser) -> None:
    first, second = (browser.launch(registered).headers["location"] for _ in range(2))
    assert [browser.get(first).status_code, browser.get(second).status_code] == [200, 200]


def test_another_person_at_the_same_computer_ends_what_was_open(registered: Platform, browser: Browser) -> None:
    """What the second student does is never booked on the first one."""
    first = browser.launch(registered).headers["location"]
    second = browser.launch(registered, sub="59").headers["location"]
    assert [browser.get(first).status_code, browser.get(second).status_code] == [403, 200]
    assert sessions() == [("b1-s2", "student")]
    assert len(browser.cookies) == 1


def test_the_newest_six_of_a_browser_stay(registered: Platform, browser: Browser) -> None:
    opened = [browser.launch(registered).headers["location"] for _ in range(SESSIONS_A_BROWSER + 2)]
    assert [browser.get(each).status_code for each in opened] == [403] * 2 + [200] * SESSIONS_A_BROWSER
    assert len(browser.cookies) == SESSIONS_A_BROWSER


def test_a_page_ends_after_eight_hours_and_is_forgotten(registered: Platform, browser: Browser, school: int) -> None:
    opened = browser.launch(registered).headers["location"]
    with engine.transaction() as session:
        move = "UPDATE souschef.page_session SET expires_at = expires_at - interval '7 hours 59 minutes'"
        session.connection().execute(text(move))
    assert browser.get(opened).status_code == 200
    with engine.transaction() as session:
        session.connection().execute(text(move))
    assert browser.get(opened).status_code == 403
    assert prune.prune(school)["closed"] == 1
    assert sessions() == []


def test_a_person_who_left_has_no_page(registered: Platform, browser: Browser) -> None:
    opened = browser.launch(registered).headers["location"]
    with engine.transaction() as session:
        session.connection().execute(text("UPDATE souschef.person SET active = false"))
    assert browser.get(opened).status_code == 403
    assert browser.launch(registered).status_code == 403


def test_the_cookie_is_partitioned_and_a_browser_that_drops_it_gets_a_window(
    registered: Platform, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant writes the cookie without `Partitioned`: where third-party cookies are blocked, it is lost at once."""
    whole = safety.set_cookie

    def mutant(name: str, value: str, *, seconds: int) -> str:
        return whole(name, value, seconds=seconds).removesuffix("; Partitioned")

    monkeypatch.setattr("web.lti.routes.set_cookie", mutant)
    answer = browser.launch(registered)
    assert (answer.status_code, "Open in a new window" in answer.text) == (200, True)
    fields = dict(re.findall(r'name="(launch|secret)" value="([^"]*)"', answer.text))
    window = Browser(browser.tool, framed=False)
    assert window.post("/lti/open", fields).status_code == 403  # not from our own page
    opened = window.post("/lti/open", fields, site="same-origin")
    assert opened.status_code == 303
    assert window.get(opened.headers["location"]).status_code == 200
    # What stood in the page works once.
    assert Browser(browser.tool).post("/lti/open", fields, site="same-origin").status_code == 403


def test_the_platforms_storage_stands_in_for_a_lost_cookie(registered: Platform, browser: Browser) -> None:
    """What the login puts into the storage opens the window; what stands in the page does not."""
    fields = {"iss": registered.url, "login_hint": "58", "target_link_uri": f"{browser.tool}/lti/launch",
              "client_id": "client-1", "lti_storage_target": "_parent"}  # fmt: skip
    put = browser.post("/lti/login", fields)
    data = {name: unescape(value) for name, value in re.findall(r'data-(\w+)="([^"]*)"', put.text)}
    assert (put.status_code, data["mode"], data["origin"]) == (200, "put", registered.url)
    asked = query(data["next"])
    browser.cookies.clear()
    token = registered.sign(registered.claims(browser.tool, asked["nonce"][0]))
    answer = browser.post("/lti/launch", {"id_token": token, "state": asked["state"][0]})
    got = {name: unescape(value) for name, value in re.findall(r'data-(\w+)="([^"]*)"', answer.text)}
    assert (got["mode"], got["key"], got["origin"]) == ("get", data["key"], data["origin"])
    page = dict(re.findall(r'name="(launch|secret)" value="([^"]*)"', answer.text))
    assert page["secret"] == ""
    window = Browser(browser.tool, framed=False)
    for secret in ("", "made-up"):
        wrong = window.post("/lti/open", {"launch": page["launch"], "secret": secret}, site="same-origin")
        assert wrong.status_code == 403
    right = window.post("/lti/open", {"launch": page["launch"], "secret": data["value"]}, site="same-origin")
    assert right.status_code == 303
    assert window.get(right.headers["location"]).status_code == 200


@pytest.mark.parametrize("target", ["", '"><script>', "a" * 81, "a b"])
def test_a_storage_with_no_name_of_a_frame_is_none(registered: Platform, browser: Browser, target: str) -> None:
    assert browser.login(registered, lti_storage_target=target)["client_id"] == "client-1"


def link(school: int, ref: str, role: PageRole = PageRole.STUDENT) -> tuple[int, str]:
    with engine.transaction() as session:
        made, token = page_links.make(
            session, school, ref, role=role, hours=2, author="office", secret_key=settings().secret_key_bytes()
        )
        return int(made.id or 0), f"/link/{token}"


def test_a_signed_link_opens_the_same_page_until_it_is_revoked(school: int, tool: str) -> None:
    number, path = link(school, "b1-s1")
    browser = Browser(tool, framed=False)
    opened = browser.get(path).headers["location"]
    page = browser.get(opened)
    assert page.status_code == 200
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    with engine.transaction() as session:
        page_links.revoke(session, number)
    assert [browser.get(path).status_code, browser.get(opened).status_code] == [403, 403]


@pytest.mark.parametrize(
    ("language", "advice"), [("en", "ask for a new link"), ("de", "um einen neuen Link"), ("es", "un enlace nuevo")]
)
def test_who_came_by_a_link_is_not_sent_to_a_course(
    registered: Platform, browser: Browser, school: int, language: str, advice: str
) -> None:
    """The page of a link and that of a launch end; only the second has a course where it can be opened again."""
    by_link = browser.get(link(school, "b1-s1")[1]).headers["location"]
    by_launch = browser.launch(registered).headers["location"]
    with engine.transaction() as session:
        session.connection().execute(text("UPDATE souschef.page_session SET expires_at = (SELECT souschef.clock())"))
    browser.accept_language = language
    pages = [browser.get(path) for path in (by_link, by_launch)]
    assert [(page.status_code, advice in page.text) for page in pages] == [(403, True), (403, False)]
    browser.cookies.clear()  # as a browser does after eight hours
    assert advice in browser.get(by_link).text


def test_a_signed_link_ends_by_itself_and_cannot_be_made_up(school: int, tool: str) -> None:
    number, path = link(school, "b1-s1")
    other, _ = link(school, "b1-s2")
    browser = Browser(tool)
    signature = path.partition(".")[2]
    for wrong in (
        f"/link/{other}.{signature}",
        f"/link/{number}.",
        f"/link/{number}",
        "/link/x.y",
        f"/link/{'9' * 30}.x",
    ):
        assert browser.get(wrong).status_code == 403
    with engine.transaction() as session:
        session.connection().execute(text("UPDATE souschef.page_link SET expires_at = (SELECT souschef.clock())"))
    assert browser.get(path).status_code == 403


def test_a_link_is_of_somebody_of_that_role(school: int) -> None:
    for ref, role in (("b1-t1", PageRole.STUDENT), ("b1-s1", PageRole.TEACHER), ("nobody", PageRole.STUDENT)):
        with pytest.raises(page_links.LinkRefusedError):
            link(school, ref, role)
    assert link(school, "b1-t1", PageRole.TEACHER)


def test_an_erased_student_leaves_no_session_link_or_unknown_name(
    registered: Platform, browser: Browser, school: int
) -> None:
    from models.privacy import erasure, export
    from models.tables.lti import UnknownKind

    browser.launch(registered)
    link(school, "b1-s1")
    with engine.transaction() as session:
        subject = erasure.find_student(session, "b1-s1")
        lti_unknown.note(session, school, 1, UnknownKind.PERSON, f"{registered.url}|58")
        tables = export.export(session, subject)["tables"]
        assert {"page_session", "page_link", "lti_unknown"} <= set(tables)
        assert "mark" not in tables["page_session"]["columns"]
        counts = erasure.erase(session, subject, author="office", reason="request 7")
    assert [counts[name] for name in ("page_session", "page_link", "lti_unknown")] == [1, 1, 1]
    assert ask("SELECT count(*) FROM souschef.page_session") == [(0,)]


def test_every_answer_of_the_pages_is_safe_to_frame_and_to_leave(registered: Platform, browser: Browser) -> None:
    opened = browser.launch(registered).headers["location"]
    refused = browser.get("/lti/s/unknown/")
    answers: list[httpx.Response] = [browser.get(opened), refused, browser.launch(registered, roles=[])]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "<style" not in answer.text
        assert " style=" not in answer.text
        assert not re.search(r"\son\w+=", answer.text)


def test_a_page_that_is_asked_for_without_end_is_slowed_down(registered: Platform) -> None:
    """Another person's page is not: each has its own limit."""
    state = replace(state_notifying(lambda *_: None), page_limiter=RateLimiter(per_second=0.001, burst=2))
    with serving(state) as (url, _):
        browser, other = Browser(url), Browser(url)
        opened = browser.launch(registered).headers["location"]
        answers = [browser.get(opened) for _ in range(3)]
        assert [each.status_code for each in answers] == [200, 200, 429]
        assert "too fast" in answers[2].text
        assert other.get(other.launch(registered, sub="59").headers["location"]).status_code == 200


@pytest.mark.parametrize("where", ["lti/s/x/nowhere", "lti/nowhere", "link/a/b", "lti/keys/no-number"])
def test_an_address_of_a_page_that_is_not_there_is_a_page(tool: str, where: str) -> None:
    answer = httpx.get(f"{tool}/{where}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_a_claim_of_a_session_needs_its_secret(school: int) -> None:
    with engine.transaction() as session:
        [person] = session.connection().execute(text("SELECT id FROM souschef.person WHERE ref = 'b1-s1'")).scalars()
        opened = page_sessions.open_session(
            session, school_id=school, person_id=person, role=PageRole.STUDENT, waiting=True
        )
        assert page_sessions.claim(session, opened.launch, "another") is None
        assert page_sessions.claim(session, opened.launch, opened.secret) is not None
        assert page_sessions.claim(session, opened.launch, opened.secret) is None


def test_a_teacher_opens_the_class_by_a_launch(registered: Platform, browser: Browser) -> None:
    opened = browser.launch(registered, sub="57", roles=[INSTRUCTOR]).headers["location"]
    assert "Grade 5 Mathematics" in browser.get(opened).text
