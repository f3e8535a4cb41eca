"""A student's state as bytes: deterministic, compact, refused where broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.mastery.encoding import read_varint, write_varint
from learning.mastery.model import LearnerState, Response, StateError, fold
from learning.mastery.snapshot import Snapshot
from learning.mastery.state import ITEMS_KEPT

PRIOR = Snapshot.prior()


def practised(count: int, *, skills: int = 10) -> LearnerState:
    history = [Response(float(n), n, (n % skills,), float(n % 3 > 0)) for n in range(count)]
    return fold(LearnerState.new(), history, snapshot=PRIOR)


def test_a_new_student_is_no_bytes_and_no_bytes_are_a_new_student() -> None:
    assert LearnerState.new().to_bytes() == b""
    assert LearnerState.from_bytes(b"") == LearnerState.new()


def test_bytes_come_back_as_the_state_they_were() -> None:
    state = practised(300)
    assert LearnerState.from_bytes(state.to_bytes()) == state
    assert LearnerState.from_bytes(state.to_bytes()).to_bytes() == state.to_bytes()


def test_the_order_in_which_skills_were_first_met_is_no_part_of_the_bytes() -> None:
    state = practised(40)
    turned = LearnerState(
        state.responses, state.ability, state.form, dict(reversed(list(state.skills.items()))), state.items
    )
    assert turned.to_bytes() == state.to_bytes()


def test_a_student_with_a_year_of_practice_fits_in_four_kilobytes() -> None:
    """1,000 responses on 20 skills: 20 x 45 bytes and 256 items x 10 bytes."""
    assert len(practised(1000, skills=20).to_bytes()) < 4000


def test_item_memories_are_the_latest_ones() -> None:
    state = practised(ITEMS_KEPT + 5)
    assert list(state.items) == list(range(5, ITEMS_KEPT + 5))
    again = fold(state, [Response(1e6, 5, (1,), 1.0)], snapshot=PRIOR)
    assert list(again.items)[-1] == 5
    assert len(again.items) == ITEMS_KEPT


def test_broken_bytes_are_refused() -> None:
    body = practised(20).to_bytes()
    for broken in (body[:-1], body + b"\0", b"\xff" + body[1:], b"\1", b"\1\xff\xff\xff"):
        with pytest.raises(StateError):
            LearnerState.from_bytes(broken)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_state_or_refused(body: bytes) -> None:
    try:
        LearnerState.from_bytes(body)
    except StateError as error:
        assert error.body == body  # noqa: PT017 - both outcomes are right


@given(st.integers(), st.binary(max_size=3))
def test_whole_numbers_of_any_size_come_back(number: int, rest: bytes) -> None:
    written = write_varint(number)
    assert read_varint(rest + written + rest, len(rest)) == (number, len(rest) + len(written))
    # seven bits a byte after zigzag: 64 needs two bytes, -64 one
    assert (len(write_varint(63)), len(write_varint(-64)), len(write_varint(64))) == (1, 1, 2)
