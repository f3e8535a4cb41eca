"""Times of events without a zone are read in their source's, and none of them is lost."""

import pytest

from models import engine
from models.access import sources
from tests.tasks.conftest import Ask, School

OCCURRED = "SELECT to_char(occurred_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI') FROM souschef.fact WHERE key LIKE :key"


@pytest.fixture
def who(ask: Ask) -> tuple[str, str]:
    [(student,)] = ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY id LIMIT 1")
    [(item,)] = ask("SELECT min(name) FROM souschef.alias WHERE kind = 'item'")
    return student, item


def answer(who: tuple[str, str], name: str, at: str) -> dict[str, object]:
    return {"type": "item_result", "id": name, "student": who[0], "subject": who[1], "outcome": 1.0, "at": at}


def test_a_time_without_a_zone_is_the_sources(school: School, ask: Ask, who: tuple[str, str]) -> None:
    """Nine in the morning in Los Angeles is 16:00 in UTC; the zone is read when the event is, not when it came."""
    with engine.transaction() as session:
        sources.change_settings(session, "own", ["timezone=America/Los_Angeles"])
    school.deliver(answer(who, "a", "2026-10-05T09:00:00"), answer(who, "b", "2026-10-05T09:00:00Z"))
    assert (ask(OCCURRED, key="%a"), ask(OCCURRED, key="%b")) == ([("10-05 16:00",)], [("10-05 09:00",)])


def test_a_time_that_would_be_in_the_future_without_its_zone_is_when_it_came(
    school: School, ask: Ask, who: tuple[str, str]
) -> None:
    """The school's clock is at noon on the tenth of November: one in the afternoon is an hour ahead."""
    school.deliver(answer(who, "a", "2026-11-10T13:00:00"), answer(who, "b", "2026-11-10T13:00:00Z"))
    assert ask(OCCURRED, key="%a") == [("11-10 12:00",)]
    assert ask("SELECT state, code FROM souschef.inbox ORDER BY id") == [
        ("done", None),
        ("quarantined", "future_event"),
    ]


def test_an_order_ends_when_it_says_although_that_lies_ahead(school: School, ask: Ask, who: tuple[str, str]) -> None:
    with engine.transaction() as session:
        sources.change_settings(session, "own", ["timezone=Pacific/Auckland"])
    order = {"type": "order", "id": "o", "order": "hold", "author": "t", "student": who[0]}
    school.deliver({**order, "at": "2026-11-10T09:00:00", "expires_at": "2026-12-01T09:00:00"})
    assert ask("SELECT to_char(expires_at AT TIME ZONE 'UTC', 'MM-DD HH24') FROM souschef.teacher_order") == [
        ("11-30 20",)
    ]
