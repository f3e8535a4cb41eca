"""A course in an LMS on another site, in a browser that blocks third-party cookies, from registration to an override.

API, worker, broker and database are real processes; the LMS is ours, written after a recorded Moodle. `RECORD=1` writes
the time of each step into docs/results/lms.md.
"""

import json
import os
import platform as machine
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, sync_playwright

from config.settings import Settings
from tests.flow.moodle import Moodle, made
from tests.flow.two_sites import LMS, TOOL, Proxy, browser_options, let_python_find, make_certificate, proxying
from tests.tasks.conftest import ask
from tests.web.lti.platform import serving
from tests.web.lti.test_commands import souschef
from tests.web.lti.test_services import member
from tests.web.pages.test_student import answer_to
from workers.cli.demo import replay
from workers.local.supervisor import running

pytestmark = [pytest.mark.flow, pytest.mark.full, pytest.mark.timeout(180)]
RESULTS = Path(__file__).parents[2] / "docs" / "results" / "lms.md"
STUDENT, TEACHER, CLASS = "413", "412", "MATH-5A"
"""As the LMS numbers them; in the roster they are riverside-s413 and riverside-t412."""
PLANS = 120.0


@dataclass
class Steps:
    """What took how long, in order."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[what] = time.monotonic() - began

    def table(self) -> str:
        lines = [
            "| step | seconds |",
            "|---|---:|",
            *(f"| {what} | {took:.2f} |" for what, took in self.seconds.items()),
        ]
        return "\n".join([*lines, ""])


@dataclass
class Place:
    """Both sites, the browser that knows them, and what the steps took."""

    lms: Moodle
    proxy: Proxy
    browser: Browser
    steps: Steps

    @contextmanager
    def person(self) -> Iterator[BrowserContext]:
        """Somebody's own browser."""
        context = self.browser.new_context(viewport={"width": 1000, "height": 1000}, locale="en-US")
        context.set_default_timeout(30_000)
        yield context
        context.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The example school in a running system behind TLS, and an LMS that it has not met."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("chromium is not installed, which these tests drive")
    folder = tmp_path_factory.mktemp("sites")
    certificate = make_certificate(folder)
    lms = made(f"https://{TOOL}", CLASS, TEACHER)
    with (
        pytest.MonkeyPatch.context() as patch,
        serving(lms, certificate.context()) as port,
        proxying(certificate) as proxy,
        sync_playwright() as playwright,
    ):
        ports = {LMS: port, TOOL: proxy.port}
        let_python_find(patch, certificate, ports)
        settings = Settings(data_dir=folder / "data", web_url=f"https://{TOOL}")
        with running(settings, processes=("worker", "api"), free_ports=True) as system:
            proxy.target = ("127.0.0.1", int(system.api_url.rpartition(":")[2]))
            replay.load(replay.quiet_console())
            wait_for(lambda: int(ask("SELECT count(DISTINCT student_id) FROM souschef.assignment")[0][0]) == 28, PLANS)
            browser = playwright.chromium.launch(executable_path=program, args=browser_options(certificate, ports))
            yield Place(lms, proxy, browser, Steps())
            browser.close()


def wait_for(holds: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)


def register(place: Place, admin: Page) -> None:
    """An admin pastes the address of an invitation, and the LMS hears that the tool is done."""
    address = json.loads(souschef("lti", "invite", "--private", "--json"))["url"]
    assert address.startswith(f"https://{TOOL}/lti/register/")
    admin.goto(f"https://{LMS}/manage?register={address}")
    admin.get_by_text(f"https://{TOOL} org.imsglobal.lti.close").wait_for()
    admin.frame_locator("iframe").get_by_role("heading", name="Souschef is registered").wait_for()


def add_links(place: Place, teacher: Page) -> None:
    """A teacher adds both links; the LMS fetches our keys to believe them."""
    for number, title in enumerate(("My next tasks", "My class"), 1):
        teacher.goto(f"https://{LMS}/select?user={TEACHER}")
        teacher.frame_locator("iframe").get_by_role("button", name=f"Add “{title}”").click()
        teacher.frame_locator("iframe").get_by_text("Successfully fetched").wait_for()
        assert (len(place.lms.links), place.lms.links[-1]["title"]) == (number, title)


def set_up(place: Place) -> None:
    """Register the LMS and add the links, unless a test before has done it."""
    if not place.lms.links:
        with place.person() as of_staff:
            register(place, of_staff.new_page())
            add_links(place, of_staff.new_page())


def open_link(page: Page, user: str, link: int) -> FrameLocator:
    """Open a link of the course in its frame."""
    page.goto(f"https://{LMS}/course?user={user}&link={link}")
    return page.frame_locator("iframe")


def task_in(page: Page) -> int:
    """Return which assignment the frame shows the task of."""
    [found] = [each.url for each in page.frames if "/task/" in each.url]
    return int(re.findall(r"/task/(\d+)", found)[0])


def order(teacher: Page, *, besides: str) -> str:
    """Let the teacher give the student a task besides these, having seen what would change; return its title."""
    frame = teacher.frame_locator("iframe")
    frame.get_by_role("link", name="Overrides").click()
    frame.get_by_role("link", name="New override").click()
    frame.get_by_label("For whom?").select_option(f"riverside-s{STUDENT}")
    frame.get_by_role("button", name="Go on").click()
    frame.get_by_label("On which skill?").select_option(index=3)
    frame.get_by_role("button", name="Go on").click()
    frame.get_by_label("Which task?").wait_for()
    titles = [each.partition(" · ")[0] for each in frame.locator("#material option").all_inner_texts()]
    index = next(number for number, title in enumerate(titles) if number and title not in besides)
    frame.get_by_label("Which task?").select_option(index=index)
    frame.get_by_label("Why?").fill("as agreed on Monday")
    frame.get_by_role("button", name="Show what would change").click()
    frame.get_by_role("button", name="Do it").click()
    frame.get_by_role("heading", name="In force.").wait_for()
    return titles[index]


def task_to_start(frame: FrameLocator) -> str | None:
    """Return the address that starts the task of now."""
    return frame.locator("form[action$='/start']").first.get_attribute("action")


def test_a_course_from_registration_to_an_override(place: Place) -> None:
    steps, lms = place.steps, place.lms
    with place.person() as of_admin, place.person() as of_teacher, place.person() as of_student:
        with steps.step("an admin pastes the address: the LMS and Souschef know each other"):
            register(place, of_admin.new_page())
        teacher, student = of_teacher.new_page(), of_student.new_page()
        with steps.step("a teacher adds both links by deep linking"):
            add_links(place, teacher)
        with steps.step("the teacher opens the class in the course"):
            shown = open_link(teacher, TEACHER, 1)
            shown.get_by_role("row", name="Gus Lund").wait_for()
        lms.members = [member(412, "Instructor"), member(413), member(414), member(999)]
        with steps.step("the LMS is asked who of the course is unknown here (NRPS)"):
            assert "lists 4 people; 1 are unknown" in souschef("lti", "unknown", "--course", "1")
        with steps.step("a student opens the next tasks, known by the number of the LMS's xAPI events"):
            frame = open_link(student, STUDENT, 0)
            frame.get_by_role("heading", name="Your next task, Gus").wait_for()
        offered = task_to_start(frame)
        with steps.step("the student chooses another theme"):
            frame.locator("h3:has-text('another theme') + .row button").first.click()
            frame.get_by_label("Your answer").wait_for()
        first = task_in(student)
        with steps.step("the answer is checked"):
            frame.get_by_label("Your answer").fill(answer_to(first))
            frame.get_by_role("button", name="Check").click()
            frame.get_by_text("Right!").wait_for()
        with steps.step("the next task is there"):
            frame.get_by_role("link", name="Next").click()
            frame.get_by_role("button", name="Start").wait_for()
        before = frame.locator("main").inner_text()
        assert task_to_start(frame) != offered
        with steps.step("the teacher's open page says that something changed"):
            [page] = [each for each in teacher.frames if each.url.startswith(f"https://{TOOL}")]
            page.evaluate("ask()")
            shown.get_by_text("1 student's tasks have changed").wait_for()
        with steps.step("the teacher sees why"):
            shown.get_by_role("link", name="Show what changed").click()
            shown.get_by_role("link", name="Gus Lund").first.wait_for()
        with steps.step("the teacher orders: tried first, then in force"):
            ordered = order(teacher, besides=before)
        with steps.step("the student's page shows it"):
            frame = open_link(student, STUDENT, 0)
            frame.get_by_text(ordered).first.wait_for()
        cookies = [each for each in of_student.cookies() if each["name"].startswith("__Host-sc-")]
        assert [each["partitionKey"] for each in cookies] != []
    sys.stdout.write(steps.table())
    record(steps)


def test_the_storage_of_the_lms_opens_a_window_where_the_browser_refuses_our_cookies(place: Place) -> None:
    """Without the word `Partitioned` they are cookies of a third party, which this browser blocks."""
    set_up(place)
    place.proxy.partitioned, place.lms.storage = False, True
    try:
        with place.person() as of_student:
            page = of_student.new_page()
            frame = open_link(page, "414", 0)
            frame.get_by_role("heading", name="One more step").wait_for()
            assert [each for each in of_student.cookies() if TOOL in each["domain"]] == []
            button = frame.locator("button.go:enabled")
            with of_student.expect_page() as window:
                button.click()
            window.value.get_by_role("heading", name="Your next task, Bianca").wait_for()
            messages = page.locator("#messages").inner_text()
            assert [word in messages for word in ("lti.put_data", "lti.get_data")] == [True, True]
    finally:
        place.proxy.partitioned, place.lms.storage = True, False


@pytest.mark.parametrize("way", ["storage", "new_window"])
def test_a_storage_and_a_window_of_its_own_change_nothing_where_cookies_stay(place: Place, way: str) -> None:
    """Canvas offers its storage to every browser; in a window of its own the tool is no third party."""
    set_up(place)
    setattr(place.lms, way, True)
    try:
        with place.person() as of_student:
            page = of_student.new_page()
            frame = open_link(page, "414", 0)
            where = page if way == "new_window" else frame
            where.get_by_role("button", name=re.compile("Start|Go on")).click()  # the same student both times
            where.get_by_label("Your answer").wait_for()
            assert len([each for each in of_student.cookies() if each["name"].startswith("__Host-sc-")]) == 1
    finally:
        setattr(place.lms, way, False)


def record(steps: Steps) -> None:
    """Write the times into docs/results, where somebody asks for it."""
    if not os.environ.get("RECORD"):
        return
    where = f"{machine.system()} {machine.machine()}, {os.cpu_count()} processors, Python {machine.python_version()}"
    head = [
        "# A course in an LMS, step by step",
        "",
        "`RECORD=1 python -m pytest -m full tests/flow/test_lms.py`: an LMS of our own, written after a recorded",
        "Moodle, on another site than Souschef, both with TLS; headless Chromium with third-party cookies blocked;",
        f"real processes of everything. {datetime.now(UTC):%Y-%m-%d}, {where}, shared with others at the time.",
        "",
    ]
    RESULTS.write_text("\n".join([*head, steps.table()]))
