"""Which school is meant: the one of a ref, or the only one."""

import pytest

from config import settings as configuration
from models import engine
from models.access import schools
from models.access.schools import MAX_LISTED, UnresolvedSchoolError
from models.tables import School

transaction = engine.transaction


def add(*refs: str) -> None:
    with transaction() as session:
        for ref in refs:
            session.add(School(ref=ref, name=ref.title()))


def refusal(ref: str | None) -> str:
    with transaction() as session, pytest.raises(UnresolvedSchoolError) as refused:
        schools.resolve(session, ref)
    return str(refused.value)


@pytest.mark.usefixtures("database_url")
def test_the_only_school_needs_no_name_and_one_of_several_does() -> None:
    add("riverside")
    with transaction() as session:
        assert schools.resolve(session, None) == schools.resolve(session, "riverside")
        assert schools.resolve(session, None).ref == "riverside"
    assert refusal("hillside") == "There is no school hillside, only riverside. Name one of these."
    add("hillside")
    assert refusal(None) == "There are 2 schools: hillside, riverside. Name one with --school, or in SOUSCHEF_SCHOOL."
    with transaction() as session:
        assert schools.resolve(session, "hillside").id != schools.resolve(session, "riverside").id


@pytest.mark.usefixtures("database_url")
def test_the_setting_names_the_school_of_a_command_that_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    add("riverside", "hillside")
    monkeypatch.setenv("SOUSCHEF_SCHOOL", "hillside")
    configuration.settings.cache_clear()
    with transaction() as session:
        assert schools.resolve(session, None).ref == "hillside"
        assert schools.resolve(session, "riverside").ref == "riverside"


@pytest.mark.usefixtures("database_url")
def test_without_any_school_the_remedy_is_a_load() -> None:
    assert refusal(None) == "There is no school yet. Load a roster first: souschef load PATH."
    assert refusal("riverside").endswith("Load a roster first: souschef load PATH.")


@pytest.mark.usefixtures("database_url")
def test_a_district_lists_its_first_schools_only() -> None:
    """25 schools: 20 are listed, 5 are counted."""
    add(*(f"s{number:02d}" for number in range(MAX_LISTED + 5)))
    message = refusal(None)
    assert "s19 and 5 more." in message
    assert "s20" not in message
