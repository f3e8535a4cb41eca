"""The pages in a real browser: accessible, usable by keyboard and at 320 pixels, and alive inside an LMS's frame."""

import re
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy import text

from models import engine
from models.access import lti
from models.tables.pages import PageRole
from tests.tasks.conftest import School, ask
from tests.web.lti.platform import Platform, running
from tests.web.pages.conftest import Worker, link
from tests.web.pages.test_student import answer_to
from web.jws import KeySets
from web.lti import routes

pytestmark = pytest.mark.full
BLOCKED = ["--test-third-party-cookie-phaseout"]
"""Chromium blocks third-party cookies as it does for everybody who has chosen so."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, with third-party cookies blocked."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("chromium is not installed, which these tests drive")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage", *BLOCKED]
        )
        yield started
        started.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    found = chromium.new_context(viewport={"width": 320, "height": 800})
    found.set_default_timeout(20_000)
    yield found
    found.close()


@pytest.fixture
def opened(context: BrowserContext, tool: str, student_ref: str) -> Iterator[Page]:
    """The student's page, opened by a link; nothing that the test does there breaks the pages' policy."""
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(tool + link(student_ref, PageRole.STUDENT))
    assert page.locator("h1").inner_text().startswith("Your next task")
    yield page
    assert [each for each in errors if "Security" in each or "404" in each] == []


def answer(page: Page, text_: str) -> None:
    page.get_by_label("Your answer").fill(text_)
    page.get_by_role("button", name="Check").click()


def number(page: Page) -> int:
    """Return which assignment the page of a task shows."""
    found = re.search(r"/task/(\d+)", page.url)
    assert found is not None
    return int(found[1])


@pytest.fixture
def teacher(context: BrowserContext, opened: Page, tool: str) -> Page:
    """A teacher's page in the same browser; a student of the class has answers and tasks."""
    page = context.new_page()
    page.goto(tool + link(teacher_ref(), PageRole.TEACHER))
    return page


def teacher_ref() -> str:
    return str(ask("SELECT person.ref FROM souschef.person JOIN souschef.enrolment ON person_id = person.id "
                   "WHERE enrolment.role = 'teacher'")[0][0])  # fmt: skip


@pytest.mark.parametrize("tag", ["en-XA", "de", "es"])
def test_no_language_is_too_long_for_a_small_screen(chromium: Browser, tool: str, student_ref: str, tag: str) -> None:
    """The pseudo-locale is a third longer than English: what fits then fits any language that we have."""
    context = chromium.new_context(viewport={"width": 320, "height": 800}, locale=tag)
    page = context.new_page()
    page.goto(tool + link(student_ref, PageRole.STUDENT))
    assert page.locator("html").get_attribute("lang") == tag
    addresses = [page.url]
    page.goto(tool + link(teacher_ref(), PageRole.TEACHER))
    [(student,)] = ask("SELECT student_id FROM souschef.assignment LIMIT 1")
    paths = (
        "",
        "class",
        "overrides",
        "overrides/new",
        "rules",
        "gaps",
        "groups",
        f"student/{student}",
        "changed?seen=0",
    )
    addresses += [page.url.rstrip("/") + "/" + path for path in paths]
    wide = {}
    for address in addresses:
        page.goto(address)
        if (width := page.evaluate("document.documentElement.scrollWidth")) > 320:
            wide[address] = width
    assert wide == {}
    context.close()


def test_an_open_page_says_what_changed_and_moves_nothing(teacher: Page, school: School, student_ref: str) -> None:
    page = teacher
    page.get_by_role("link", name="Class").click()
    page.wait_for_url("**/class")
    rows = page.locator("tbody").inner_text()
    [(assignment,)] = ask("SELECT min(id) FROM souschef.assignment WHERE menu_position = 0")
    event = {"type": "assignment_started", "id": "x", "student": student_ref, "at": "2026-11-10T12:00:00Z"}
    school.deliver({**event, "assignment": str(assignment)})
    page.evaluate("ask()")
    bar = page.locator("#changed")
    bar.get_by_text("1 student's tasks have changed").wait_for()
    assert page.locator("tbody").inner_text() == rows
    bar.get_by_role("link", name="Show what changed").click()
    page.get_by_role("heading", name="What changed, and why").wait_for()


def test_the_keyboard_alone_orders(teacher: Page, worker: Worker) -> None:
    """A hold for the whole class: every step is reached by Tab and Enter alone."""
    page = teacher

    def press(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if name in page.evaluate("document.activeElement.textContent || ''"):
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
                page.keyboard.press("Enter")
                page.wait_for_load_state()
                return
        raise AssertionError(name)

    press("Overrides")
    page.wait_for_url("**/overrides")
    press("New override")
    page.wait_for_url("**/new")
    while page.evaluate("document.activeElement.name") != "verb":
        page.keyboard.press("Tab")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    press("Go on")
    page.wait_for_selector("#reason")
    while page.evaluate("document.activeElement.id") != "reason":
        page.keyboard.press("Tab")
    page.keyboard.type("a week of tests")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Nothing has been done yet")
    press("Do it")
    page.wait_for_selector("text=It is not in force yet")
    worker.work()
    assert ask("SELECT kind FROM souschef.teacher_order") == [("hold",)]


def test_a_page_prints_without_its_buttons(teacher: Page) -> None:
    page = teacher
    page.emulate_media(media="print")
    page.goto(page.url.rstrip("/") + "/class")
    assert not page.get_by_role("navigation").is_visible()
    assert not page.locator("button").first.is_visible()
    assert page.locator("table").is_visible()
    assert len(page.pdf(format="A4")) > 10_000


def test_the_keyboard_alone_does_a_task(opened: Page, worker: Worker) -> None:
    page = opened
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Start"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer")
    for _ in range(2):  # back to my page, then the field
        page.keyboard.press("Tab")
    page.keyboard.type(answer_to(number(page)))
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Right!")


def test_it_works_with_scripts_switched_off(chromium: Browser, tool: str, student_ref: str, worker: Worker) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(tool + link(student_ref, PageRole.STUDENT))
    page.get_by_role("button", name="Start").click()
    task = number(page)
    answer(page, answer_to(task))
    worker.work()
    page.get_by_role("link", name="Next").click()
    assert page.get_by_role("button", name="Start").is_visible()
    context.close()


@pytest.fixture
def lms(tool: str, student_ref: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """An LMS on another site, which the school has registered and where the student has the number 58."""
    monkeypatch.setitem(routes.PLATFORM_KEYS, True, KeySets(routes.PLATFORM_KEYS[True].fetch))
    with running(Platform(), host="localhost") as platform:
        ends = lti.Endpoints(
            platform.url, platform.client_id, f"{platform.url}/auth", f"{platform.url}/token",
            f"{platform.url}/certs", "moodle", (platform.url,),
        )  # fmt: skip
        with engine.transaction() as session:
            [school] = session.connection().execute(text("SELECT id FROM souschef.school")).scalars()
            lti.add(session, school, ends, "1", private_allowed=True)
            session.connection().execute(
                text("""INSERT INTO souschef.alias (school_id, kind, name, target_id)
                        SELECT school_id, 'person', :name, id FROM souschef.person WHERE ref = :ref"""),
                {"name": f"{platform.url}|58", "ref": student_ref},
            )
        yield platform


def test_a_student_works_in_the_course_where_third_party_cookies_are_blocked(
    context: BrowserContext, tool: str, lms: Platform, worker: Worker
) -> None:
    page = context.new_page()
    page.goto(f"{lms.url}/course?tool={tool}&user=58")
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Start").click()
    frame.get_by_label("Your answer").wait_for()
    [found] = [each for each in page.frames if "/task/" in each.url]
    task = int(found.url.rpartition("/")[2])
    frame.get_by_label("Your answer").fill(answer_to(task))
    frame.get_by_role("button", name="Check").click()
    frame.get_by_text("Right!").wait_for()
    worker.work()
    frame.get_by_role("link", name="Next").click()
    frame.get_by_role("button", name="Start").wait_for()
    assert [cookie["partitionKey"] for cookie in context.cookies() if cookie["name"].startswith("__Host-sc-")] != []


def test_a_cookie_that_is_not_partitioned_is_lost_and_a_window_opens(
    context: BrowserContext, tool: str, lms: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant: Chromium drops the cookie in the frame, and the one button opens the page in a window."""
    from web.pages import safety

    whole: Callable[..., str] = safety.set_cookie
    monkeypatch.setattr(
        "web.lti.routes.set_cookie", lambda *words, **options: whole(*words, **options).removesuffix("; Partitioned")
    )
    page = context.new_page()
    page.goto(f"{lms.url}/course?tool={tool}&user=58")
    button = page.frame_locator("iframe").get_by_role("button", name="Open in a new window")
    with context.expect_page() as window:
        button.click()
    assert window.value.locator("h1").inner_text().startswith("Your next task")


def test_another_site_cannot_frame_a_page(context: BrowserContext, tool: str, student_ref: str, lms: Platform) -> None:
    path = tool + link(student_ref, PageRole.STUDENT)
    page = context.new_page()
    page.goto(f"{lms.url}/course?tool={tool}&user=nobody")
    page.evaluate("path => { document.querySelector('iframe').src = path }", path)
    page.wait_for_timeout(1_500)
    assert not [each for each in page.frames if each.url.startswith(tool) and "Your next task" in each.content()]
