"""A school to fuzz: it knows all names in the events, records every answer, and finds what does not end."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
from sqlalchemy import text

from config.settings import settings
from lms import formats
from lms.facts import FactKind, PayloadError, SourceRules
from models import engine
from models.access import sources
from models.access.sources import Credential
from models.tables import Alias
from models.tables.people import AliasKind
from tasks import events
from tests.flow.event_mutations import Body, EventTemplate
from tests.web.conftest import basic
from tests.web.senders import SURVEY
from tests.web.test_mutations import documented_problems

TASKS = (events.order_given, events.choice_made, events.survey_submitted, events.assessment_completed)
ENDED = "state IN ('done', 'dropped', 'parked', 'quarantined') AND attempts <= 1 AND code IS DISTINCT FROM 'crashed'"


def ask(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with engine.transaction() as session:
        found = session.connection().execute(text(statement), parameters)
        return [tuple(row) for row in found] if found.returns_rows else []


@dataclass(slots=True)
class Outcome:
    """What the API answered, and how the events that it took ended."""

    answers: Counter[tuple[int, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    sent: int = 0
    seconds: float = 0.0

    def endings(self) -> Counter[tuple[str, str]]:
        """Return how many events ended how: (state, code)."""
        rows = ask("SELECT state, coalesce(code, ''), count(*) FROM souschef.inbox GROUP BY 1, 2")
        return Counter({(state, code): count for state, code, count in rows})


def introduced(template: EventTemplate) -> Credential:
    with engine.transaction() as session:
        session.connection().execute(
            text("""INSERT INTO souschef.clock_offset (single, ahead)
                    VALUES (true, timestamptz '2026-12-01 12:00Z' - statement_timestamp()) ON CONFLICT DO NOTHING""")
        )
        key = settings().secret_key_bytes()
        format_, surveys = template.format, template.surveys
        credential = sources.add(session, template.name, format=format_, secret_key=key, surveys=surveys)
    _make_known(template)
    return credential


def _make_known(template: EventTemplate) -> None:
    """Let the school know whom and what a template's events name, each as one of its own."""
    names: dict[AliasKind, set[str]] = {AliasKind.PERSON: set(), AliasKind.ITEM: set(), AliasKind.SKILL: set()}
    for event in template.events:
        names[AliasKind.PERSON] |= {str(event["student"])} if template.format == "canonical" else set()
        names[AliasKind.SKILL] |= {str(event["skill"])} if "skill" in event else set()
        for fact in _facts_of(template, event):
            names[AliasKind.PERSON].add(fact.student)
            names[AliasKind.SKILL if fact.kind is FactKind.SKILL_RESULT else AliasKind.ITEM] |= set(fact.subject)
    for kind, table in ((AliasKind.PERSON, "person"), (AliasKind.ITEM, "item"), (AliasKind.SKILL, "skill")):
        only = "WHERE role = 'student'" if kind is AliasKind.PERSON else ""
        rows = ask(f"SELECT id, school_id FROM souschef.{table} {only} ORDER BY ref")
        there = {row[0] for row in ask("SELECT name FROM souschef.alias WHERE kind = :kind", kind=kind.value)}
        with engine.transaction() as session:
            for place, name in enumerate(sorted(names[kind] - there)):
                target, school = rows[place % len(rows)]
                session.add(Alias(school_id=school, kind=kind.value, name=name, target_id=target))


def _facts_of(template: EventTemplate, event: Any) -> tuple[Any, ...]:
    try:
        rules = SourceRules(surveys=frozenset(template.surveys))
        found = formats.format_named(template.format).parse(event, rules=rules)
    except PayloadError:
        return ()
    return found if isinstance(found, tuple) else ()


class Senders:
    """All senders at once, behind one client."""

    def __init__(self, api_url: str, senders: list[tuple[EventTemplate, Credential]]) -> None:
        self.outcome = Outcome()
        self._client = httpx.Client(base_url=api_url, timeout=60)
        self._credentials = {template.name: credential for template, credential in senders}
        self._own = next(template for template, _ in senders if template.name == "canonical")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def send(self, body: Body) -> None:
        """Send a body; an answer that is not documented is wrong."""
        headers = {"Content-Type": "application/json", "Authorization": basic(self._credentials[body.template.name])}
        answer = self._client.post(body.template.path, content=body.content, headers=headers)
        status = answer.status_code
        code = "" if status < 300 else str(answer.json()["code"])
        self.outcome.sent += 1
        self.outcome.answers[status, code] += 1
        if status not in (200, 204) and (status, code) not in documented_problems():
            self.outcome.wrong.append(f"{status} {code}: {short(body.content)}")

    def send_sound(self, number: int) -> None:
        """Send an event of each kind that nothing is wrong with."""
        common = {"student": "own-1", "at": "2026-11-20T09:00:00Z"}
        sound = [
            {**common, "type": "item_result", "id": f"sound {number}", "subject": "own-item-1", "outcome": 1.0},
            {**common, "type": "survey_answer", "id": f"sound {number}", "survey": SURVEY, "subject": "q01",
             "kind": "rating", "answer": 3},
            {**common, "type": "interest_feedback", "id": f"sound {number}", "topic": "space", "direction": "more"},
            {**common, "type": "order", "id": f"sound {number}", "order": "hold", "author": "tmorgan",
             "expires_at": "2026-12-02T00:00:00Z"},
        ]  # fmt: skip
        self.send(Body(self._own, json.dumps(sound).encode()))


def short(content: bytes | str) -> str:
    words = content.decode(errors="replace") if isinstance(content, bytes) else content
    return words if len(words) < 3_000 else f"{words[:2_900]}... ({len(words)} characters)"


def sound_and_done() -> int:
    found = ask("SELECT count(*) FROM souschef.inbox WHERE payload LIKE '%\"sound %' AND state = 'done'")
    return int(found[0][0])


def apply_all() -> str | None:
    """Call each kind's task until nothing is due; return what broke, where a task broke."""
    for task in TASKS:
        try:
            while task([]).get("batches"):
                pass
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            return f"{task.__name__}: {type(error).__name__}: {short(str(error))}"
    return None


def culprits(failure: str | None, *, after: int) -> Iterator[str]:
    """Name what did not end as it should, each event by itself, and put it aside."""
    open_ = [row[0] for row in ask("SELECT id FROM souschef.inbox WHERE state = 'pending' ORDER BY id")]
    hold = "UPDATE souschef.inbox SET next_attempt_at = 'infinity' WHERE state = 'pending'"
    for one in open_:
        ask(hold)
        ask("UPDATE souschef.inbox SET attempts = 0, next_attempt_at = '-infinity' WHERE id = :one", one=one)
        failure = apply_all() or failure
        ((state, payload),) = ask("SELECT state, payload FROM souschef.inbox WHERE id = :one", one=one)
        if state == "pending":
            ask("UPDATE souschef.inbox SET state = 'quarantined', code = 'crashed' WHERE id = :one", one=one)
            yield f"{failure or 'breaks its batch'}: {short(payload)}"
    for payload, state, code, attempts in ask(
        f"SELECT payload, state, code, attempts FROM souschef.inbox WHERE id > :after AND NOT ({ENDED})", after=after
    ):
        yield f"{state} {code} after {attempts} attempts: {short(payload)}"
