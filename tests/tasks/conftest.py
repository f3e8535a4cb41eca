"""The example school in a fresh database, and a way to deliver events to it without the API."""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest
from sqlalchemy import text

from config import settings as configuration
from config.settings import Settings, settings
from lms import formats, strict_json
from lms.facts import EventKind
from models import engine
from models.access import sources
from models.access.sources import Sender
from models.events import inbox
from models.events.incoming import NewEvent
from tasks import events
from tests.conftest import SECRET_KEY, administer, beside, fresh
from tests.tasks.stored_data import ANSWER, at
from workers.cli.demo import replay
from workers.local.embedded.servers import Servers

Ask: TypeAlias = Callable[..., list[tuple[Any, ...]]]
"""A way to query the database of the test."""

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

    def deliver(self, *events: dict[str, Any]) -> dict[str, int | str]:
        """Record events and call their tasks, as the notifier would; return the last task's counts."""
        incoming = []
        for event in events:
            found = formats.envelope(self.sender.format, event, rules=self.sender.rules)
            assert found.kind is not None, event
            incoming.append(NewEvent(found.kind, found.key, found.student, strict_json.write(event)))
        with engine.transaction() as session:
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


@pytest.fixture(scope="session")
def school_template(servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with the example school loaded, to copy: a load takes ten times as long as a copy."""
    name = f"souschef_school_{secrets.token_hex(4)}"
    administer(servers.database_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOUSCHEF_DATABASE_URL", beside(servers.database_url, name))
        patch.setenv("SOUSCHEF_BROKER_URL", servers.broker_url)
        patch.setenv("SOUSCHEF_DATA_DIR", str(tmp_path_factory.mktemp("school") / "data"))
        patch.setenv("SOUSCHEF_SECRET_KEY", SECRET_KEY)
        configuration.settings.cache_clear()
        replay.load(replay.quiet_console())
        with engine.transaction() as session:
            # Here students have their first decision by their first event; the load's own is tested in tests/flow.
            session.connection().execute(text("DELETE FROM souschef.learner_state"))
            sources.add(session, "own", format="canonical", secret_key=SECRET_KEY.encode(), surveys=["interests-24"])
        engine.close()
    configuration.settings.cache_clear()
    yield name
    administer(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def own_database(request: pytest.FixtureRequest, servers: Servers, template: str) -> Iterator[str]:
    """The address of a fresh database that is gone after the test: with the school, where the test asks for it."""
    whole = request.getfixturevalue("school_template") if "school" in request.fixturenames else template
    yield from fresh(servers, whole)


@pytest.fixture
def school(database_settings: Settings) -> School:
    """The example school at a day of its term, with one source of our own format."""
    with engine.transaction() as session:
        key = settings().secret_key_bytes()
        credential = sources.credential(session, "own", secret_key=key)
        sender = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=key)
        session.connection().execute(
            text("""INSERT INTO souschef.clock_offset (single, ahead)
                    VALUES (true, timestamptz '2026-11-10 12:00Z' - statement_timestamp())""")
        )
    assert sender is not None
    return School(sender)


def ask(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with engine.transaction() as session:
        return [tuple(row) for row in session.connection().execute(text(statement), parameters)]


@pytest.fixture(name="ask")
def asking(school: School) -> Ask:
    """A way to query the school's database."""
    return ask


@pytest.fixture
def student(school: School, ask: Ask) -> str:
    """A student with a bit of everything: two who answer, one of them in all the ways that an event can end."""
    ref, other = [row[0] for row in ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY id LIMIT 2")]
    item = ask("SELECT min(name) FROM souschef.alias WHERE kind = 'item'")[0][0]
    for who in (ref, other):
        school.deliver(*school.answers(who, item, "1101"))
        school.deliver(
            {"type": "interest_veto", "id": f"v {who}", "student": who, "at": at(1), "topic": "space", "vetoed": True},
            *school.answers(who, f"unknown {ANSWER}" if who == ref else "unknown item", "1"),
            {**school.answers(who, item, "1", day=2)[0], "outcome": ANSWER if who == ref else "many", "id": f"q {who}"},
        )
    with engine.transaction() as session:
        session.connection().execute(
            text("""INSERT INTO souschef.event_outbox (school_id, source, event, code)
                    SELECT id, 'own', :event, 'schema' FROM souschef.school"""),
            {"event": json.dumps({"type": "item_result", "student": ref, "note": ANSWER})},
        )
    states = {row[0] for row in ask("SELECT state FROM souschef.inbox")}
    assert states >= {"done", "parked", "quarantined"}
    assert ask("SELECT count(*) FROM souschef.assignment a JOIN souschef.person p ON p.id = student_id "
               "WHERE p.ref = :ref", ref=ref) > [(0,)]  # fmt: skip
    return str(ref)
