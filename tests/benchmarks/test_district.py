"""A district's nightly export: loaded twice, then with moves; what was open in a class that was left follows."""

import pytest

from benchmarks import district
from config.settings import Settings

pytestmark = [pytest.mark.full, pytest.mark.timeout(240)]
SIZE = district.Size(people=90, enrolments=270, moves=12)


def test_a_district_loads_twice_and_open_work_follows_moves(database_settings: Settings) -> None:
    """2 % of 90 users and of 270 enrolments are 7 rows; the enrolments of the people left out go with them."""
    assert database_settings
    figures = district.measure(SIZE)
    first, again, moves = figures["first"], figures["again"], figures["moves"]
    assert figures["bad_rows"] == 7
    assert 7 <= first["left_out"] <= 7 + 2 * district.MOST_CLASSES
    assert (again["new"], again["changed"], again["ended"]) == (0, 0, 0)
    assert again["left_out"] == moves["left_out"] == first["left_out"]
    assert figures["decided"] > 80
    assert figures["open"] > figures["open_where_they_leave"] > 0
    assert (moves["new"], moves["ended"]) == (12, 12)
    # Each class has a list of its own, which ends with the enrolment.
    assert figures["open_where_they_left"] == 0
    assert figures["open_after"] > 0
