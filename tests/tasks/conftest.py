"""The example school in a fresh database, and a way to deliver events to it without a door."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from config.settings import Settings, settings
from lms import formats, strict_json
from lms.facts import EventKind
from models import database, inbox, sources
from models.inbox import Incoming
from models.sources import Sender
from tasks import events
from workers import demonstration

TASKS: dict[EventKind, Callable[[list[int]], dict[str, int | str]]] = {
    EventKind.ASSESSMENT: events.assessment_completed,
    EventKind.SURVEY: events.survey_submitted,
    EventKind.CHOICE: events.choice_made,
    EventKind.ORDER: events.order_given,
}


@dataclass(frozen=True, slots=True)
class School:
    """A loaded school whose LMS speaks our own events."""

    sender: Sender

    def deliver(self, *told: dict[str, Any]) -> dict[str, int | str]:
        """Record events and call their tasks, as the doorbell would; return what the last task said."""
        incoming = []
        for event in told:
            found = formats.envelope(self.sender.format, event, rules=self.sender.rules)
            assert found.kind is not None, event
            incoming.append(Incoming(found.kind, found.key, found.student, strict_json.write(event)))
        with database.transaction() as session:
            accepted = inbox.record(session, self.sender, incoming).accepted
        outcome: dict[str, int | str] = {}
        for kind, ids in accepted.items():
            outcome = TASKS[kind](ids)
        return outcome

    def answers(self, student: str, item: str, outcomes: str, *, day: int = 1) -> list[dict[str, Any]]:
        """Return answers to one item: `outcomes` is like "1101"; a minute apart."""
        return [
            {
                "type": "item_result",
                "id": f"{student} {item} {day} {n}",
                "student": student,
                "at": f"2026-10-{day:02d}T09:{n:02d}:00Z",
                "subject": item,
                "outcome": float(outcome),
                "attempt": f"a{day}",
            }
            for n, outcome in enumerate(outcomes)
        ]


@pytest.fixture
def school(database_settings: Settings) -> School:
    """The example school at a day of its term, with one source of our own format."""
    demonstration.load(demonstration.quiet())
    with database.transaction() as session:
        key = settings().secret_key_bytes()
        given = sources.add(session, "own", format="canonical", secret_key=key, surveys=["interests-24"])
        sender = sources.authenticate(session, key=given.key, secret=given.secret, secret_key=key)
        session.connection().execute(
            text("""INSERT INTO souschef.clock_offset (single, ahead)
                    VALUES (true, timestamptz '2026-11-10 12:00Z' - statement_timestamp())""")
        )
    assert sender is not None
    return School(sender)


def ask(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with database.transaction() as session:
        return [tuple(row) for row in session.connection().execute(text(statement), parameters)]


@pytest.fixture(name="ask")
def asking(school: School) -> Callable[..., list[tuple[Any, ...]]]:
    """A way to query the school's database."""
    return ask
