"""A survey that comes after the first list is seen at once: a plain default gives way to a liked theme, once."""

from typing import Any

import pytest
from sqlalchemy import text

from lms import formats, strict_json
from models import engine
from models.access import sources
from models.access.sources import Sender
from models.events import inbox
from models.events.incoming import NewEvent
from tasks import events
from tests.conftest import SECRET_KEY
from workers.cli.demo import replay

pytestmark = pytest.mark.timeout(120)

GUS = "riverside-s413"
OPEN = "state IN ('proposed', 'assigned', 'started')"


@pytest.fixture
def sender(database_url: str) -> Sender:
    """The example school in the middle of its term, and a source of our own format that sends its survey."""
    assert database_url
    replay.load(replay.quiet_console())
    with engine.transaction() as session:
        key = sources.add(session, "own", format="canonical", secret_key=SECRET_KEY.encode(), surveys=["interests-24"])
        session.connection().execute(
            text("""INSERT INTO souschef.clock_offset (single, ahead)
                    VALUES (true, timestamptz '2026-11-10 12:00Z' - statement_timestamp())""")
        )
        found = sources.authenticate(session, key=key.key, secret=key.secret, secret_key=SECRET_KEY.encode())
    assert found is not None
    return found


def deliver(sender: Sender, *sent: dict[str, Any]) -> None:
    incoming = []
    for event in sent:
        found = formats.envelope(sender.format, event, rules=sender.rules)
        assert found.kind is not None
        incoming.append(NewEvent(found.kind, found.key, found.student, strict_json.write(event)))
    with engine.transaction() as session:
        accepted = inbox.record(session, sender, incoming).accepted
    for kind, ids in accepted.items():
        {"assessment": events.assessment_completed, "survey": events.survey_submitted}[kind.value](ids)


def ask(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with engine.transaction() as session:
        return [tuple(row) for row in session.connection().execute(text(statement), parameters)]


def answer(n: int, outcome: float) -> dict[str, Any]:
    return {
        "type": "item_result",
        "id": f"a{n}",
        "student": GUS,
        "at": f"2026-11-02T09:{n:02d}:00Z",
        "subject": "4.NF.A.1 q01",
        "outcome": outcome,
    }


def survey(points: dict[str, int], *, day: int) -> list[dict[str, Any]]:
    """Return one response to the example's questionnaire: a point of 1 to 5 a topic, each of its three questions."""
    questions = ask("SELECT document FROM souschef.questionnaire WHERE ref = 'interests-24'")[0][0]["questions"]
    found = []
    for number, question in enumerate(questions):
        ((topic, loading), *_) = (question.get("topics") or {None: 0}).items()
        if question["kind"] != "rating" or topic not in points:
            continue
        found.append(
            {
                "type": "survey_answer",
                "id": f"s{day} {number}",
                "student": GUS,
                "at": f"2026-11-{day:02d}T10:00:00Z",
                "survey": "interests-24",
                "subject": question["ref"],
                "kind": "rating",
                "answer": points[topic] if loading > 0 else 6 - points[topic],
                "attempt": f"response {day}",
            }
        )
    assert found
    return found


def defaults() -> dict[int, tuple[str, str | None, str, str]]:
    """Return (skill, theme, why this theme, state) of each open slot's default."""
    rows = ask(
        f"""SELECT slot, skill, context, because_interest, state FROM lms.assignments
             WHERE student_ref = :r AND {OPEN} AND menu_position = 0""",
        r=GUS,
    )
    return {slot: (skill, context, because, state) for slot, skill, context, because, state in rows}


def test_a_survey_after_the_list_changes_what_is_seen_once(sender: Sender) -> None:
    deliver(sender, *(answer(n, outcome) for n, outcome in enumerate((0.0, 1.0, 0.0, 1.0))))
    before = defaults()
    assert {context for _, context, _, _ in before.values()} == {None}
    assert all("nothing is known yet" in because for _, _, because, _ in before.values())

    deliver(sender, *survey({"sports": 5, "animals": 2, "music": 3, "space": 3, "food": 2}, day=3))
    after = defaults()
    changed = {slot for slot, each in after.items() if each[1] == "sports"}
    assert changed, "at least one default is about what is liked now"
    for slot in changed:
        assert after[slot][0] == before[slot][0], "the skill stays"
        assert "well liked" in after[slot][2]
    assert not any("nothing is known yet" in because for _, _, because, _ in after.values())
    withdrawn = ask("SELECT DISTINCT reason FROM souschef.assignment WHERE state = 'withdrawn' AND menu_position = 0")
    assert withdrawn == [("interest_known",)]

    ((number,),) = ask("SELECT max(number) FROM souschef.change")
    deliver(sender, *survey({"sports": 5, "animals": 2, "music": 3, "space": 3, "food": 1}, day=4))
    assert defaults().keys() == after.keys()
    assert {slot: each[:2] for slot, each in defaults().items()} == {slot: each[:2] for slot, each in after.items()}
    again = ask("SELECT count(*) FROM souschef.change WHERE number > :n AND state = 'withdrawn'", n=number)
    assert again == [(0,)], "the same liking is no news"
