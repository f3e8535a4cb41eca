"""The example school behind the pages; what the workers are notified of is worked by the real handlers."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import httpx
import pytest

from config.settings import settings
from models import engine
from models.access import page_links
from models.tables.pages import PageRole
from tasks import events
from tasks.refresh import refresh_assignments
from tests.tasks.conftest import School, ask, own_database, school, school_template  # noqa: F401 - fixtures
from tests.web.conftest import flush, serving, state_notifying
from tests.web.lti.platform import Browser
from web.dependencies import ApiState

TASKS: dict[str, Callable[[list[int]], Any]] = {
    "assessment_completed": events.assessment_completed,
    "choice_made": events.choice_made,
    "order_given": events.order_given,
    "refresh_assignments": refresh_assignments,
    "survey_submitted": events.survey_submitted,
}


@dataclass
class Worker:
    """Works what it was notified of when a test says so; until then an event waits, as behind a busy worker."""

    waiting: list[tuple[str, list[int]]] = field(default_factory=list)
    state: ApiState | None = None

    def notify(self, task: str, ids: list[int], _: object) -> None:
        self.waiting.append((task, ids))

    def work(self) -> None:
        assert self.state is not None
        flush(self.state)
        while self.waiting:
            task, ids = self.waiting.pop(0)
            TASKS[task](ids)


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def tool(school: School, worker: Worker) -> Iterator[str]:  # noqa: F811 - the fixture of that name
    """The pages at an address."""
    worker.state = state_notifying(worker.notify)
    with serving(worker.state) as (url, _):
        yield url


@dataclass
class Reader:
    """Somebody with a page open in a browser of their own."""

    browser: Browser
    ref: str
    path: str = ""

    def home(self) -> str:
        """Return the first page."""
        answer = self.browser.get(self.path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def press(self, page: str, action: str, **fields: str) -> httpx.Response:
        """Send the form of a page whose address ends so, with what the page has put into it; follow what it answers."""
        forms = re.findall(r'<form method="post" action="([^"]*)"[^>]*>(.*?)</form>', page, flags=re.DOTALL)
        found = [(address, inside) for address, inside in forms if address.endswith(action)]
        assert found, f"no form to {action}"
        address, inside = found[0]
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', inside))
        sent = {name: unescape(value) for name, value in hidden.items()} | fields
        answer = self.browser.post(unescape(address), sent, site="same-origin")
        return self.browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


def link(ref: str, role: PageRole, class_ref: str | None = None) -> str:
    """Return the path of a signed link."""
    with engine.transaction() as session:
        found = ask("SELECT id FROM souschef.school")[0][0]
        _, token = page_links.make(
            session, found, ref, role=role, hours=1, author="test", secret_key=settings().secret_key_bytes(),
            class_ref=class_ref,
        )  # fmt: skip
    return f"/link/{token}"


@pytest.fixture
def open_page(tool: str) -> Callable[..., Reader]:
    """Open somebody's pages by a signed link."""

    def open_(ref: str, role: PageRole = PageRole.STUDENT, class_ref: str | None = None) -> Reader:
        browser = Browser(tool)
        answer = browser.get(link(ref, role, class_ref))
        assert answer.status_code == 303, answer.text
        return Reader(browser, ref, answer.headers["location"])

    return open_


@pytest.fixture
def student_ref(school: School) -> str:  # noqa: F811 - the fixture of that name
    """A student with a few answers, and so with tasks."""
    ref = str(ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY id LIMIT 1")[0][0])
    item = ask("SELECT min(name) FROM souschef.alias WHERE kind = 'item'")[0][0]
    school.deliver(*school.answers(ref, item, "1101"))
    return ref


@pytest.fixture
def student(open_page: Callable[..., Reader], student_ref: str) -> Reader:
    """That student with the page open."""
    return open_page(student_ref)
