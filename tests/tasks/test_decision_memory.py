"""The memory of a decision comes back from the database unchanged."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from learning.selection import DecisionMemory
from models import clock, engine
from models.students import states
from tests.tasks.conftest import Ask, School


@pytest.mark.parametrize(
    "memory",
    [
        DecisionMemory(),
        DecisionMemory(
            choice_count=7,
            better_counts=((1, 2), (3, 1)),
            evidence_counted_until=1_790_000_000.25,
            replaced_materials=(5, 9),
        ),
    ],
)
def test_decision_memory_comes_back_unchanged(school: School, ask: Ask, student: str, memory: DecisionMemory) -> None:
    """Tuples as tuples: JSON has only lists, which no set can hold and a compiled decision refuses."""
    ((number,),) = ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=student)
    with engine.transaction() as session:
        (school_id,) = session.connection().execute(text("SELECT id FROM souschef.school")).scalars()
        state = states.load_for_update(session, school_id, [number])[number]
        states.save(session, [replace(state, carry=memory.document())], refreshed_at=clock.now(session))
    with engine.transaction() as session:
        found = DecisionMemory.from_document(states.load(session, [number])[number].carry)
    assert found == memory
    assert (type(found.better_counts), type(found.replaced_materials)) == (tuple, tuple)
