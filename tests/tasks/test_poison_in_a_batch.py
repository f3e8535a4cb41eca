"""One event that breaks its batch, among 499 good ones of the same student."""

import datetime as dt
from typing import Any

import orjson
import pytest

from models import clock, engine
from tasks import events
from tasks.pipeline import apply_events
from tests.tasks.conftest import Ask, School
from tests.tasks.test_fault_simulator import recomputed_states, states

GUS = "riverside-s413"
ITEMS = ("4.NF.A.1 q01", "3.OA.A.1 q01", "3.OA.B.5 q01", "3.OA.C.7 q01", "3.NF.A.1 q01")
ENDS = """SELECT state, code, min(attempts), max(attempts), count(*) FROM souschef.inbox GROUP BY 1, 2 ORDER BY 1"""

pytestmark = pytest.mark.timeout(120)


class Poisoned:
    """Stands where `tasks.pipeline.apply_events` looks for orjson, and breaks at one event."""

    @staticmethod
    def loads(payload: str) -> Any:
        event = orjson.loads(payload)
        if event["id"] == f"{GUS} {ITEMS[2]} 10 20":
            raise MemoryError
        return event


def test_it_ends_alone_in_quarantine_and_the_499_are_applied_by_the_fourth_attempt(
    school: School, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 at once, then 60, then 8, then one by one: 5 items on 2 days with 50 answers each."""
    monkeypatch.setattr(apply_events, "orjson", Poisoned)
    answers = [each for item in ITEMS for day in (10, 20) for each in school.answers(GUS, item, "11011" * 10, day=day)]
    school.deliver(*answers)
    for _ in range(4):
        with engine.transaction() as session:
            clock.set_to(session, clock.now(session) + dt.timedelta(seconds=100))
        events.assessment_completed([])
    done, quarantined = ask(ENDS)
    assert done == ("done", None, 2, 4, 499)
    assert quarantined == ("quarantined", "crashed", 5, 5, 1)
    assert ask("SELECT count(*) FROM souschef.fact") == [(499,)]
    assert states(ask) == recomputed_states(ask)
