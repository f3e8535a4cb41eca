"""The versions of a school's fitted parameters: in force, and back again."""

from dataclasses import replace

import pytest

from learning.parameters import SHIPPED
from models import database, fits, terms
from models.tables import School

transaction = database.transaction


@pytest.fixture
def school(database: str) -> int:
    """A school of its own."""
    assert database
    with transaction() as session:
        made = School(ref="riverside", name="Riverside")
        session.add(made)
        session.flush()
        assert made.id is not None
        return made.id


def in_force(school: int) -> float:
    with transaction() as session:
        return terms.in_force(session, school).parameters.gain_right


def save(school: int, gain: float) -> int:
    with transaction() as session:
        return fits.save(session, school, replace(SHIPPED, gain_right=gain)).version


def back(school: int) -> int | None:
    with transaction() as session:
        return fits.go_back(session, school)


def test_fits_are_numbered_put_in_force_and_taken_back_one_by_one(school: int) -> None:
    assert in_force(school) == SHIPPED.gain_right
    assert [save(school, 0.4), save(school, 0.5)] == [1, 2]
    assert in_force(school) == 0.5
    assert back(school) == 2
    assert in_force(school) == 0.4
    # a version that was taken back is not given again: states that were made with it are told apart
    assert save(school, 0.6) == 3
    assert [back(school), back(school), back(school)] == [3, 1, None]
    assert in_force(school) == SHIPPED.gain_right


def test_the_only_school_needs_no_name(school: int) -> None:
    with transaction() as session:
        assert fits.school_named(session, None) == fits.school_named(session, "riverside") == school
        with pytest.raises(fits.SchoolUnknown, match="no school hillside: there are riverside"):
            fits.school_named(session, "hillside")
        session.add(School(ref="hillside", name="Hillside"))
        session.flush()
        with pytest.raises(fits.SchoolUnknown, match="several schools: hillside, riverside"):
            fits.school_named(session, None)


def test_without_a_school_that_is_said(database: str) -> None:
    assert database
    with transaction() as session, pytest.raises(fits.SchoolUnknown, match="No school is loaded"):
        fits.school_named(session, None)
