"""P21: a student whose every word is a canary goes through the whole system, and is found in the tables alone.

PostgreSQL logs every statement meanwhile, every command to the broker is listened to, and some events break on purpose.
"""

import base64
import sys

import httpx
import pytest
from sqlalchemy import text

from models import engine
from models.access.sources import Credential
from tasks.broker import enqueue
from tests.flow.canary import (
    WORD,
    Listener,
    added,
    ask,
    everywhere,
    found_in,
    logs,
    moodle_traffic,
    page_of,
    surveys,
    tables,
    unpacked,
    until,
)
from workers.cli import replay_client
from workers.local.supervisor import RunningSystem

JSON = {"Content-Type": "application/json"}
pytestmark = [pytest.mark.flow, pytest.mark.full, pytest.mark.timeout(240)]


def refused_requests(system: RunningSystem, credential: Credential) -> dict[str, str]:
    """What is not taken, with canaries in every part of it; the answers, by what was wrong."""
    sent = moodle_traffic()[:1]
    answers: dict[str, str] = {}
    with httpx.Client(base_url=system.api_url, timeout=20, headers={"User-Agent": WORD, "X-Request-Id": WORD}) as it:
        pair = (credential.key, credential.secret)
        wrong = {
            "credential": it.post("/xapi/statements", json=sent, auth=(WORD, WORD)),
            "secret": it.post("/xapi/statements", json=sent, auth=(credential.key, WORD)),
            "json": it.post("/xapi/statements", content=f'{{"{WORD}": '.encode(), auth=pair, headers=JSON),
            "twice": it.post("/xapi/statements", content=f'{{"{WORD}":1,"{WORD}":2}}', auth=pair, headers=JSON),
            "size": it.post("/surveys", content=WORD * 200_000, headers={**JSON, "Typeform-Signature": WORD}),
            "path": it.get(f"/nothing/{WORD}", params={WORD: WORD}),
            "id": it.put("/xapi/statements", params={"statementId": WORD}, json=sent[0], auth=pair),
            "media": it.post("/xapi/statements", content=WORD, auth=pair, headers={"Content-Type": WORD}),
        }
    for name, answer in wrong.items():
        assert 400 <= answer.status_code < 500, (name, answer.status_code)
        answers[f"answer to a wrong {name}"] = f"{answer.headers}{answer.text}"
    return answers


def poison(system: RunningSystem) -> None:
    """An event that the database refuses with the row in its words, one that makes no sense, a task that breaks."""
    own = added("own", "canonical")
    with engine.transaction() as session:
        session.connection().execute(
            text("ALTER TABLE souschef.fact ADD CONSTRAINT poison CHECK (attempt NOT LIKE '%poison%') NOT VALID")
        )
        item = session.connection().execute(text("SELECT min(name) FROM souschef.alias WHERE kind = 'item'")).scalar()
    event = {"type": "item_result", "student": f"{WORD}-ref", "at": "2026-10-20T09:00:00Z", "subject": item}
    breaks = {**event, "id": f"{WORD}-1", "outcome": 1.0, "attempt": f"{WORD}-poison"}
    wrong = {**event, "id": f"{WORD}-2", "outcome": f"{WORD}-answer"}
    with httpx.Client(base_url=system.api_url, auth=(own.key, own.secret), timeout=20) as client:
        assert client.post("/events", json=wrong).json()["accepted"] == 1
        until(lambda: ask("SELECT count(*) FROM souschef.quarantine") != [(0,)], what="an event in quarantine")
        assert client.post("/events", json=breaks).json()["accepted"] == 1
    until(lambda: "batch_failed" in logs(system)["worker.log"], what="an event breaks its batch")
    with engine.transaction() as session:
        # What a refresh finds unchanged it does not write.
        session.connection().execute(text("UPDATE souschef.learner_state SET refresh_due = true"))
        session.connection().execute(
            text("ALTER TABLE souschef.learner_state ADD CONSTRAINT poison CHECK (false) NOT VALID")
        )
    enqueue("refresh_assignments", [row[0] for row in ask("SELECT student_id FROM souschef.learner_state")])
    until(lambda: "task_failed" in logs(system)["worker.log"], what="a task breaks")
    until(lambda: "FAILURE" in page_of(system, f"{system.flower_url}/api/tasks"), what="Flower shows it")


@pytest.mark.shows("P21")
def test_p21_a_student_is_in_the_tables_and_nowhere_else(canary_system: RunningSystem, listener: Listener) -> None:
    """Mutant: `structlog.processors.format_exc_info` in config/logging.py writes the refused row into worker.log.

    Raising the error itself in `tasks.job._redact_exceptions` shows the row in Flower.
    """
    system = canary_system
    moodle, forms = (
        added("moodle", "moodle", surveys=("FB-LIKE",)),
        added("forms", "typeform", surveys=("interests-24",)),
    )
    sent = moodle_traffic()
    with httpx.Client(base_url=system.api_url, auth=(moodle.key, moodle.secret), timeout=30) as client:
        assert client.post("/xapi/statements", json=sent).status_code == 200
    asked = surveys()
    assert replay_client.send(asked, api_url=system.api_url, credential=forms).statuses == {200: len(asked)}
    until(lambda: ask("SELECT count(*) FROM souschef.inbox WHERE state = 'pending'") == [(0,)], what="all applied")
    answers = refused_requests(system, moodle)
    poison(system)

    # The words did come in, and what is searched did hear of them: else silence would prove nothing.
    stored = tables()
    assert stored["inbox"] > 50
    assert stored["person"] == 1
    assert ask("SELECT count(*) > 50 FROM souschef.fact f JOIN souschef.person p ON p.id = f.student_id "
               "WHERE p.ref = :ref", ref=f"{WORD}-ref") == [(True,)]  # fmt: skip
    assert ask("SELECT count(*) > 0 FROM souschef.inbox WHERE payload LIKE :w", w=f"%{WORD}-interest%") == [(True,)]
    written = logs(system)
    assert {"api.log", "worker.log", "beat.log", "flower.log", "postgres.log"} <= written.keys()
    assert "INSERT INTO souschef.inbox" in written["postgres.log"]
    assert "CheckViolation" in written["worker.log"]
    assert '"errbacks"' in listener.text()

    places = {**everywhere(system, listener), **answers}
    assert found_in(places) == []
    rows = sum(stored.values())
    sys.stdout.write(
        f"P21: 0 of {rows} rows' words in {len(places)} places of {sum(map(len, places.values())):,} signs\n"
    )


def test_a_word_that_got_out_is_heard() -> None:
    """The controls: a log line, a packed message, and the detail of a refused row."""
    packed = base64.b64encode(f'[[["{WORD}"]], {{}}, {{}}]'.encode()).decode()
    command = f'LPUSH souschef {{"body": "{packed}", "content-type": "application/json"}}'
    assert found_in({"broker": "\n".join([command, *unpacked(command)])}) != []
    assert found_in({"worker.log": f'{{"event": "received", "student": "{WORD.upper()}-ref"}}'}) != []
    assert found_in({"worker.log": "DETAIL: Failing row contains (1, 2)"}) != []
    assert found_in({"worker.log": '{"event": "received", "accepted": 1}'}) == []
