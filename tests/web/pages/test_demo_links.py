"""The demo ends with links that a stranger opens in a browser: a student's page and a teacher's."""

from models import engine
from models.access import schools
from models.reports import classes
from tests.web.lti.platform import Browser
from workers.cli.demo.replay import page_addresses


def test_the_demos_links_open_a_students_and_a_teachers_page(tool: str, student_ref: str) -> None:
    with engine.transaction() as session:
        lines = list(classes.class_lines(session, schools.resolve(session, None).id).values())
    addresses = page_addresses(lines, tool)
    assert list(addresses) == ["student", "teacher"]
    for role, words in (("student", "Your next task"), ("teacher", "Waiting for you")):
        browser = Browser(tool, framed=False)
        opened = browser.get(addresses[role].removeprefix(tool)).headers["location"]
        assert words in browser.get(opened).text
