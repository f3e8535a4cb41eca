"""One event that breaks its batch, among 499 good ones of the same student."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from models import clock, database
from tasks import apply, events
from tests.tasks.test_simulated import folded_anew, states

Ask = Callable[..., list[tuple[Any, ...]]]
GUS = "riverside-s413"
ITEMS = ("4.NF.A.1 q01", "3.OA.A.1 q01", "3.OA.B.5 q01", "3.OA.C.7 q01", "3.NF.A.1 q01")
ENDS = """SELECT state, code, min(attempts), max(attempts), count(*) FROM souschef.inbox GROUP BY 1, 2 ORDER BY 1"""

pytestmark = pytest.mark.timeout(120)


class Poisoned:
    """Stands where `tasks.apply` looks for orjson, and breaks at one event."""

    @staticmethod
    def loads(payload: str) -> Any:
        told = orjson.loads(payload)
        if told["id"] == f"{GUS} {ITEMS[2]} 10 20":
            raise MemoryError
        return told


def test_it_ends_alone_in_quarantine_and_the_499_are_applied_by_the_fourth_attempt(
    school: Any, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 at once, then 60, then 8, then one by one: 5 items on 2 days with 50 answers each."""
    monkeypatch.setattr(apply, "orjson", Poisoned)
    told = [each for item in ITEMS for day in (10, 20) for each in school.answers(GUS, item, "11011" * 10, day=day)]
    school.deliver(*told)
    for _ in range(4):
        with database.transaction() as session:
            clock.set_to(session, clock.now(session) + dt.timedelta(seconds=100))
        events.assessment_completed([])
    done, held = ask(ENDS)
    assert done == ("done", None, 2, 4, 499)
    assert held == ("quarantined", "crashed", 5, 5, 1)
    assert ask("SELECT count(*) FROM souschef.fact") == [(499,)]
    assert states(ask) == folded_anew(ask)
