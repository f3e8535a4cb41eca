"""Where checkpoints stand: at most three, closer together towards the end, and none that cannot be reached."""

from hypothesis import example, given
from hypothesis import strategies as st

from learning.mastery.checkpoints import FEWEST_FACTS, SIXTEENTHS, checkpoint_places


def test_they_stand_after_a_half_three_quarters_and_fifteen_sixteenths() -> None:
    assert checkpoint_places((), 160) == [80, 120, 150]


def test_a_short_history_has_none() -> None:
    assert checkpoint_places((), FEWEST_FACTS - 1) == []
    assert checkpoint_places((), FEWEST_FACTS) == [16, 24, 30]


def test_those_that_hold_stay_while_they_are_near_enough() -> None:
    # 90 and 135 are the nearest to 90.5 and 135.75; behind 135 the wanted 169 is new.
    assert checkpoint_places((90, 135), 181) == [90, 135, 169]
    # of 240 facts 120, 180 and 225 are wanted: 135 is nearer to 120 than 90 is, which goes.
    assert checkpoint_places((90, 135, 169), 240) == [135, 180, 225]


@given(st.sets(st.integers(1, 400)), st.integers(0, 400))
@example({399}, 400)
def test_there_are_never_more_than_three_and_new_ones_stand_behind_the_last_that_holds(
    existing: set[int], more: int
) -> None:
    facts = max(existing, default=0) + more
    found = checkpoint_places(existing, facts)
    assert len(found) <= len(SIXTEENTHS)
    assert found == sorted(set(found))
    assert all(0 < place <= facts for place in found)
    assert all(place > max(existing, default=0) for place in set(found) - existing)


def expected_share(facts: int) -> float:
    """Return which share of all facts is folded again, on average over the places of a late one."""
    places = [0, *checkpoint_places((), facts)]
    return sum(facts - max(p for p in places if p <= late) for late in range(facts)) / facts**2


def test_a_late_fact_of_any_time_costs_two_thirds_of_a_fold_and_a_recent_one_a_sixteenth() -> None:
    # (1/2) 1 + (1/4) (1/2) + (3/16) (1/4) + (1/16) (1/16) = .676
    assert abs(expected_share(1600) - 0.676) < 0.001
