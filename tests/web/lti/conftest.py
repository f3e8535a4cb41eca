"""A school with a few people, the tool at its address, and a registered platform."""

import datetime as dt
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from models import engine as store
from models.access import lti
from models.tables import Alias, Class, Enrolment, Person, School
from tests.web.conftest import serving, state_notifying
from tests.web.lti.platform import Browser, Platform, running
from web.jws import KeySets
from web.lti import routes


@pytest.fixture
def school(database_url: str) -> int:
    """One school with two students, a teacher and a class; student 58 of the platform comes by a sourcedId."""
    assert database_url
    with store.transaction() as session:
        school = School(ref="hillside", name="Hillside")
        session.add(school)
        session.flush()
        school_id = int(school.id or 0)
        people = [Person(school_id=school_id, ref=ref, role=role) for ref, role in PEOPLE]
        room = Class(school_id=school_id, ref="MATH-5A-b1", title="Grade 5 Mathematics")
        session.add_all([*people, room])
        session.flush()
        aliases = [("person", each.ref, each.id) for each in people] + [("class", room.ref, room.id)]
        session.add_all(Alias(school_id=school_id, kind=k, name=n, target_id=int(t or 0)) for k, n, t in aliases)
        for each in people:
            role = "student" if each.role == "student" else "teacher"
            session.add(
                Enrolment(
                    school_id=school_id,
                    class_id=int(room.id or 0),
                    person_id=int(each.id or 0),
                    role=role,
                    began_at=SINCE,
                )
            )
        session.flush()
        return school_id


SINCE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
PEOPLE = [("b1-s1", "student"), ("b1-s2", "student"), ("b1-t1", "teacher")]


@pytest.fixture
def tool(school: int) -> Iterator[str]:
    """The address of the tool."""
    with serving(state_notifying(lambda *_: None)) as (url, _):
        yield url


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """A platform that nobody has registered yet; the tool knows no key of it."""
    monkeypatch.setitem(routes.PLATFORM_KEYS, True, KeySets(routes.PLATFORM_KEYS[True].fetch))
    with running(Platform()) as found:
        yield found


@pytest.fixture
def browser(tool: str) -> Browser:
    return Browser(tool)


@pytest.fixture
def registered(platform: Platform, school: int, tool: str) -> Platform:
    """The platform, registered; its student 58 is b1-s1, 59 is b1-s2, and its teacher 57 is b1-t1."""
    with store.transaction() as session:
        ends = lti.Endpoints(
            platform.url, platform.client_id, f"{platform.url}/auth?mode=lti", f"{platform.url}/token",
            f"{platform.url}/certs", platform.product, (platform.url,),
        )  # fmt: skip
        lti.add(session, school, ends, "1", private_allowed=True)
        for sub, ref in (("58", "b1-s1"), ("59", "b1-s2"), ("57", "b1-t1")):
            session.connection().execute(
                text("""INSERT INTO souschef.alias (school_id, kind, name, target_id)
                        SELECT school_id, 'person', :name, id FROM souschef.person WHERE ref = :ref"""),
                {"name": f"{platform.url}|{sub}", "ref": ref},
            )
        session.connection().execute(
            text("""INSERT INTO souschef.alias (school_id, kind, name, target_id)
                    SELECT school_id, 'class', :name, id FROM souschef.class"""),
            {"name": f"{platform.url}/course/view.php?id=8"},
        )
    return platform
