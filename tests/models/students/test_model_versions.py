"""The versions of a school's fitted parameters: in force, and back again."""

from dataclasses import replace

import pytest

from learning.mastery.parameters import SHIPPED
from models import engine
from models.students import model_versions
from models.tables import School

transaction = engine.transaction


@pytest.fixture
def school(database_url: str) -> int:
    """A school of its own."""
    assert database_url
    with transaction() as session:
        made = School(ref="riverside", name="Riverside")
        session.add(made)
        session.flush()
        assert made.id is not None
        return made.id


def in_force(school: int) -> float:
    with transaction() as session:
        return model_versions.in_force(session, school).parameters.gain_right


def save(school: int, gain: float) -> int:
    with transaction() as session:
        return model_versions.save_parameters(session, school, replace(SHIPPED, gain_right=gain)).version


def back(school: int) -> int | None:
    with transaction() as session:
        return model_versions.rollback_parameters(session, school)


def test_fits_are_numbered_put_in_force_and_taken_back_one_by_one(school: int) -> None:
    assert in_force(school) == SHIPPED.gain_right
    assert [save(school, 0.4), save(school, 0.5)] == [1, 2]
    assert in_force(school) == 0.5
    assert back(school) == 2
    assert in_force(school) == 0.4
    # a version that was rolled back is not used again, so that states made with it differ
    assert save(school, 0.6) == 3
    assert [back(school), back(school), back(school)] == [3, 1, None]
    assert in_force(school) == SHIPPED.gain_right
