"""Take a picture of every page of students, teachers and heads at three widths, in a system that is running.

All of them go to `.screenshots/` for looking at; those that the docs show go to `docs/images`, in few colours.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from config.settings import settings
from models import engine
from models.access import page_links, schools
from models.reports import classes
from models.tables.pages import PageRole

WIDTHS = (320, 768, 1280)
HEIGHT = 800
COLOURS = 64
TALLEST = 1500
"""A long page is cut here."""
IN_DOCS = {
    ("student", 320), ("task", 320), ("decline", 320), ("today", 1280), ("class", 1280), ("evidence", 768),
    ("try", 1280), ("proof", 768), ("rules", 1280), ("head", 1280), ("student-de", 320),
}  # fmt: skip
"""Pictures that a page of the docs shows."""


def take_pages(browser: str, api_url: str, *, everything: Path, docs: Path) -> None:
    """Visit the pages as a student, a teacher and a head, and take their pictures."""
    everything.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = started.new_context(locale="en-US").new_page()
        for name in _visit(page, api_url):
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": HEIGHT})
                file = everything / f"{name}.{width}.png"
                tall = int(page.evaluate("document.documentElement.scrollHeight"))
                clip = {"x": 0, "y": 0, "width": width, "height": min(tall, TALLEST)}
                page.screenshot(path=file, full_page=True, clip=clip)  # type: ignore[arg-type] # Playwright's own dict
                if (name, width) in IN_DOCS:
                    _small(file, docs / f"page-{name}.png")
        started.close()


def _visit(page: Page, api_url: str) -> Iterator[str]:
    """Open one page after the other; yield the name of each."""
    with engine.transaction() as session:
        lines = list(classes.class_lines(session, schools.resolve(session, None).id).values())
    student = next(line.student for line in lines if line.assignment is not None and len(line.contexts) > 1)
    page.goto(api_url + _link(student, PageRole.STUDENT))
    yield "student"
    page.get_by_role("link", name="Not for me").click()
    yield "decline"
    page.go_back()
    page.get_by_role("button", name="Start").click()
    page.wait_for_selector("#answer")
    yield "task"
    page.get_by_label("Your answer").fill("987654321")
    page.get_by_role("button", name="Check").click()
    page.wait_for_selector(".verdict")
    yield "second-try"
    page.get_by_role("button", name="Deutsch").click()
    page.wait_for_selector("html[lang=de]")
    yield "student-de"
    yield from _visit_as_teacher(page, api_url, student)


def _visit_as_teacher(page: Page, api_url: str, student: str) -> Iterator[str]:
    with engine.transaction() as session:
        teacher = page_links.teachers(session, schools.resolve(session, None).id)[0]
    page.goto(api_url + _link(teacher, PageRole.TEACHER))
    base = page.url.rstrip("/")
    yield "today"
    for path in ("class", "overrides", "overrides/new", "rules", "gaps", "changed?seen=0"):
        page.goto(f"{base}/{path}")
        yield re.sub(r"\W.*", "", path.replace("overrides/new", "new"))
    page.goto(f"{base}/overrides/new?verb=must_do&who=")
    page.get_by_label("On which skill?").select_option(index=0)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Which task?").select_option(index=1)
    page.get_by_label("Why?").fill("for Friday's talk")
    page.get_by_role("button", name="Show what would change").click()
    yield "try"
    page.goto(f"{base}/overrides/new?verb=hold&who={student}")
    page.get_by_label("Why?").fill("a week of tests")
    page.get_by_role("button", name="Show what would change").click()
    page.get_by_role("button", name="Do it").click()
    page.get_by_role("heading", name="In force.").wait_for()
    yield "proof"
    page.goto(f"{base}/class")
    page.locator("main a[href*='/student/']").first.click()
    page.wait_for_url("**/student/*")
    yield "evidence"
    page.get_by_role("link", name="See the page as this student").click()
    yield "as-student"
    page.goto(api_url + _link(teacher, PageRole.HEAD))
    yield "head"


def _link(ref: str, role: PageRole) -> str:
    with engine.transaction() as session:
        school = schools.resolve(session, None).id
        key = settings().secret_key_bytes()
        _, token = page_links.make(session, school, ref, role=role, hours=1, author="pictures", secret_key=key)
    return f"/link/{token}"


def _small(file: Path, target: Path) -> None:
    with Image.open(file) as picture:
        few = picture.convert("RGB").quantize(COLOURS)
    few.save(target, optimize=True)
    print(f"{target}  {target.stat().st_size:,} bytes")


def browser_of(names: tuple[str, ...]) -> str | None:
    """Return the first of these programs that is on the path."""
    return next((path for name in names if (path := shutil.which(name))), None)
