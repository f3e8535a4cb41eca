"""What a decision leaves to the next one comes back from the database as it was left."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest
from sqlalchemy import text

from learning.selection import Carry
from models import clock, database, learners
from tasks import decide


@pytest.mark.parametrize(
    "left", [Carry(), Carry(choices=7, beaten=((1, 2), (3, 1)), counted_until=1_790_000_000.25, rested=(5, 9))]
)
def test_it_comes_back_as_it_was_left(school: Any, ask: Callable[..., Any], student: str, left: Carry) -> None:
    """Tuples as tuples: JSON has only lists, which no set can hold and a compiled decision refuses."""
    ((number,),) = ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=student)
    with database.transaction() as session:
        (school_id,) = session.connection().execute(text("SELECT id FROM souschef.school")).scalars()
        state = learners.lock(session, school_id, [number])[number]
        learners.save(session, [replace(state, carry=asdict(left))], refreshed_at=clock.now(session))
    with database.transaction() as session:
        found = decide._carry(learners.look(session, [number])[number])
    assert found == left
    assert (type(found.beaten), type(found.rested)) == (tuple, tuple)
