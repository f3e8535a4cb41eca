"""Every state of every page, by `states.py`: axe finds nothing in any look or width, and Tab reaches everything."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jinja2
import pytest
from playwright.sync_api import BrowserContext, Page, Route
from sqlalchemy import text

from models import engine
from models.access import lti
from models.tables.pages import PageRole
from tests.tasks.conftest import School, ask
from tests.tasks.test_lists import EXTRA, add_class, enrol, refresh
from tests.web.lti.platform import INSTRUCTOR, Browser, Platform, query, running
from tests.web.pages.accessible import check, violations, walk
from tests.web.pages.conftest import Worker, link
from tests.web.pages.states import NO_PAGES, STATES
from tests.web.pages.test_browser import answer, chromium, context, number, teacher_ref  # noqa: F401 - fixtures
from tests.web.pages.test_student import answer_to
from tests.web.pages.test_waiting import withdraw_all_but
from web.jws import KeySets
from web.lti import routes
from web.pages.render import FOLDER

WAYS: dict[str, Callable[["Tour"], Iterator[str]]] = {}


def test_every_page_is_among_the_states() -> None:
    """A new template without a state here is a page that axe never sees."""
    templates = {path.name for path in FOLDER.glob("*.html")} - NO_PAGES
    assert {state.template for state in STATES} == templates
    assert {state.way for state in STATES} == set(WAYS)
    assert len({state.name for state in STATES}) == len(STATES)


@dataclass
class Tour:
    """A browser at the pages of the example school, one of whose students has answers and tasks."""

    page: Page
    tool: str
    worker: Worker
    school: School
    student: str

    def open(self, ref: str, role: PageRole) -> str:
        """Open somebody's pages; return their address."""
        self.page.goto(self.tool + link(ref, role))
        return self.page.url.rstrip("/")

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button).first.click()

    def show(self, answer: httpx.Response) -> None:
        """Show what the tool has answered to another browser, as it came."""
        address = f"{self.tool}/shown"

        def fulfil(route: Route) -> None:
            route.fulfill(status=200, body=answer.text, headers={"content-type": "text/html; charset=utf-8"})

        self.page.unroute(address)
        self.page.route(address, fulfil)
        self.page.goto(address)


def way(name: str) -> Callable[[Any], Any]:
    """Name a way through the pages, which yields each state that it comes to."""

    def add(function: Callable[[Tour], Iterator[str]]) -> Callable[[Tour], Iterator[str]]:
        WAYS[name] = function
        return function

    return add


@way("student")
def _student(tour: Tour) -> Iterator[str]:
    page = tour.page
    tour.open(tour.student, PageRole.STUDENT)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    yield "student"
    tour.press("I need help")
    yield "help"
    page.get_by_role("link", name="Back to my page").click()
    tour.press("Start")
    yield "task"
    task = number(page)
    answer(page, "987654321")
    yield "wrong"
    answer(page, answer_to(task))
    yield "right"
    page.get_by_role("link", name="Next").click()
    page.get_by_role("button", name="Start").wait_for()
    yield "before the decision"
    withdraw_all_but(task)
    page.reload()
    page.wait_for_selector("text=on its way")
    yield "waiting"
    tour.worker.work()
    page.get_by_role("link", name="Look again").click()
    yield "next"
    tour.press("This next, please")
    tour.worker.work()
    page.reload()
    page.wait_for_selector("text=You want this next")
    yield "wish"
    page.get_by_role("link", name="Not for me").click()
    yield "decline"
    page.goto(re.sub(r"/lti/s/.*", "/lti/s/unknown/", page.url))
    yield "ended"


@way("other tasks")
def _other_tasks(tour: Tour) -> Iterator[str]:
    page = tour.page
    home = tour.open(tour.student, PageRole.STUDENT)
    tour.press("Start")
    address = page.url
    for _ in range(2):
        answer(page, "987654321")
    yield "second try wrong"
    tour.worker.work()
    ask("UPDATE souschef.material SET answer = NULL RETURNING 1")
    page.goto(address)
    yield "at an address"
    add_class(EXTRA, skills="skill.ref LIKE '3.%'", document='{"slots": 1}')
    enrol(EXTRA)
    refresh()
    page.goto(home + "/")
    yield "several classes"
    ask("UPDATE souschef.assignment SET state = 'withdrawn', ended_at = souschef.clock() RETURNING 1")
    page.goto(home + "/")
    yield "no task"


@way("teacher")
def _teacher(tour: Tour) -> Iterator[str]:
    page = tour.page
    tour.open(tour.student, PageRole.STUDENT)
    tour.press("I need help")
    tour.worker.work()
    tour.school.deliver(*tour.school.answers(tour.student, "4.NF.A.1 q01", "1111", day=20))
    base = tour.open(teacher_ref(), PageRole.TEACHER)
    yield "today"
    page.goto(f"{base}/class")
    yield "class"
    page.goto(f"{base}/groups")
    yield "groups"
    [(student,)] = ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=tour.student)
    page.goto(f"{base}/student/{student}")
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    yield "evidence"
    page.goto(f"{base}/student/{student}/as")
    yield "as a student"
    page.goto(f"{base}/gaps")
    yield "gaps"
    page.goto(f"{base}/changed?seen=0")
    yield "changed"
    page.goto(f"{base}/changed?seen={2**62}")
    yield "nothing changed"
    page.goto(f"{base}/class.csv?seen=0")
    yield "stale table"
    tour.open(teacher_ref(), PageRole.HEAD)
    yield "head"


@way("plan")
def _plan(tour: Tour) -> Iterator[str]:
    page = tour.page
    base = tour.open(teacher_ref(), PageRole.TEACHER)
    address = f"{base}/groups/plan?tables=1&give_up=25"
    page.goto(address)
    yield "plan"
    tour.press("Do it")
    tour.worker.work()
    page.goto(address)
    page.wait_for_selector("text=A plan is in force")
    yield "plan in force"


@way("overrides")
def _overrides(tour: Tour) -> Iterator[str]:
    page = tour.page
    base = tour.open(teacher_ref(), PageRole.TEACHER)
    page.goto(f"{base}/overrides")
    yield "no overrides"
    page.get_by_role("link", name="New override").click()
    yield "new: what"
    page.get_by_label("For whom?").select_option(tour.student)
    tour.press("Go on")
    page.wait_for_selector("#skill")
    yield "new: which skill"
    page.get_by_label("On which skill?").select_option(index=3)
    tour.press("Go on")
    page.wait_for_selector("#reason")
    yield "new: which task"
    page.get_by_label("Which task?").select_option(index=1)
    page.get_by_label("Why?").fill("as agreed on Monday")
    tour.press("Show what would change")
    yield "what would change"
    tour.press("Do it")
    page.wait_for_selector("text=It is not in force yet")
    yield "stored"
    tour.worker.work()
    page.get_by_role("link", name="Look again").click()
    page.wait_for_selector("text=In force.")
    yield "in force"
    page.get_by_role("link", name="All overrides").click()
    yield "overrides"
    tour.press("Take back")
    yield "take back"


@way("rules")
def _rules(tour: Tour) -> Iterator[str]:
    page = tour.page
    base = tour.open(teacher_ref(), PageRole.TEACHER)
    page.goto(f"{base}/rules")
    yield "rules"
    page.locator("#slots").select_option("2")
    page.locator("#reason-slots").fill("before the exam")
    page.locator("form", has=page.locator("#slots")).get_by_role("button").click()
    yield "a rule would change"
    tour.press("Do it")
    page.wait_for_selector(".bar[role=status]:visible")
    yield "a rule is stored"
    [(material, skill)] = ask(
        """SELECT material.ref, skill.ref FROM souschef.material
             JOIN souschef.material_skill AS link ON link.material_id = material.id AND link.position = 0
             JOIN souschef.skill ON skill.id = link.skill_id ORDER BY material.id LIMIT 1"""
    )
    ask(
        """INSERT INTO souschef.teacher_order (school_id, key, kind, author, reason, given_at, class_id, material_id)
           SELECT class.school_id, 'o-forbid', 'forbid', 't', 'r', souschef.clock(), class.id, material.id
             FROM souschef.class, souschef.material WHERE material.ref = :ref RETURNING 1""",
        ref=material,
    )
    page.goto(f"{base}/overrides/new?verb=pin&who={tour.student}&skill={skill}")
    page.get_by_label("Which task?").select_option(material)
    page.get_by_label("Why?").fill("try")
    tour.press("Show what would change")
    page.wait_for_selector("[role=alert]")
    yield "a refused override"


@way("platform")
def _platform(tour: Tour) -> Iterator[str]:
    tour.page.route("**/static/*.js", lambda route: route.abort())  # they would go on at once
    with running(Platform()) as found:
        yield from _at(found, tour)


def _at(found: Platform, tour: Tour) -> Iterator[str]:
    browser = Browser(tour.tool)
    with engine.transaction() as session:
        [school] = session.connection().execute(text("SELECT id FROM souschef.school")).scalars()
        secret = lti.invite(session, school, private_allowed=True)
        for sub, ref in (("57", teacher_ref()), ("58", tour.student)):
            session.connection().execute(
                text("""INSERT INTO souschef.alias (school_id, kind, name, target_id)
                        SELECT school_id, 'person', :name, id FROM souschef.person WHERE ref = :ref"""),
                {"name": f"{found.url}|{sub}", "ref": ref},
            )
    registration = {"openid_configuration": f"{found.url}/config", "registration_token": "the-token"}
    tour.show(browser.get(f"/lti/register/{secret}", **registration))
    yield "registered"
    back = {"deep_link_return_url": f"{found.url}/return", "accept_types": ["ltiResourceLink"]}
    dl = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
    deep = {"message_type": "LtiDeepLinkingRequest", dl: back}
    tour.show(browser.launch(found, sub="57", roles=[INSTRUCTOR], **deep))
    yield "add to the course"
    opened = browser.launch(
        found, sub="57", roles=[INSTRUCTOR], context={"id": "77", "label": "x", "title": "Fractions"}
    )
    tour.show(browser.get(opened.headers["location"]))
    yield "which class"
    for target, name in (("_parent", "open from the LMS"), ("", "open in a window")):
        fields = {"iss": found.url, "login_hint": "58", "target_link_uri": f"{tour.tool}/lti/launch",
                  "client_id": found.client_id, **({"lti_storage_target": target} if target else {})}  # fmt: skip
        login = browser.post("/lti/login", fields)
        if target:
            tour.show(login)
            yield "keep in the LMS"
            following = re.findall(r'data-next="([^"]*)"', login.text)[0].replace("&amp;", "&")
        asked = query(following if target else login.headers["location"])
        browser.cookies.clear()
        token = found.sign(found.claims(tour.tool, asked["nonce"][0]))
        tour.show(browser.post("/lti/launch", {"id_token": token, "state": asked["state"][0]}))
        yield name


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates of the pages that were shown, one after the other."""
    found: list[str] = []
    whole = jinja2.Environment.get_template

    def get_template(self: jinja2.Environment, name: str, parent: str | None = None, **more: Any) -> jinja2.Template:
        if parent is None:
            found.append(name)
        return whole(self, name, parent, **more)

    monkeypatch.setattr(jinja2.Environment, "get_template", get_template)
    return found


@pytest.fixture
def tour(context: BrowserContext, tool: str, worker: Worker, school: School, student_ref: str,  # noqa: F811 - fixtures
         monkeypatch: pytest.MonkeyPatch) -> Tour:  # fmt: skip
    monkeypatch.setitem(routes.PLATFORM_KEYS, True, KeySets(routes.PLATFORM_KEYS[True].fetch))
    return Tour(context.new_page(), tool, worker, school, student_ref)


@pytest.mark.full
@pytest.mark.parametrize("name", [pytest.param(name, id=name.replace(" ", "_")) for name in WAYS])
def test_every_state_is_accessible(tour: Tour, rendered: list[str], name: str, tmp_path: Path) -> None:
    """`PICTURES=folder` keeps the pictures of every state, in every look, to be looked at."""
    expected = [state for state in STATES if state.way == name]
    folder = picture_folder(tmp_path)
    seen: list[str] = []
    for state in WAYS[name](tour):
        assert (state, rendered[-1]) == (state, expected[len(seen)].template)
        check(tour.page, state, folder)
        walk(tour.page, state)
        seen.append(state)
    assert seen == [state.name for state in expected]


@pytest.mark.full
@pytest.mark.parametrize("name", ["student", "teacher"])
def test_every_state_is_accessible_without_scripts(tour: Tour, name: str) -> None:
    """None of our scripts is loaded; axe has to be one, so scripts cannot be off altogether."""
    tour.page.route("**/static/*.js", lambda route: route.abort())
    found = {state: violations(tour.page) for state in WAYS[name](tour)}
    assert {state: each for state, each in found.items() if each} == {}


def picture_folder(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("PICTURES") or tmp_path / "pages")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
