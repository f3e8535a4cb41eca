"""The files of `models/views` say what the views of a migrated database are."""

import pytest

from models import engine, views

transaction = engine.transaction


def test_the_file_of_each_view_makes_the_view_that_the_database_has(database_url: str) -> None:
    """The files are executed and compared as the server prints them, because servers print one view differently."""
    with transaction() as session:
        migrated = views.definitions(session)
        assert {path.name for path in views.FOLDER.glob("*.sql")} == migrated.keys()
        for name in migrated:
            session.connection().exec_driver_sql((views.FOLDER / name).read_text().replace("%", "%%"))
        assert views.definitions(session) == migrated, "run `souschef contract views`"
        session.rollback()


@pytest.mark.parametrize(
    ("before", "after"),
    [("a.slot", "a.slot + 0 AS slot"), ("security_barrier=true", "security_barrier=false"), ("IS '", "IS 'Not ")],
)
def test_a_file_that_differs_is_found(database_url: str, before: str, after: str) -> None:
    """The mutants: another expression, another option, another comment."""
    definition = (views.FOLDER / "lms.assignments.sql").read_text()
    assert before in definition
    with transaction() as session:
        migrated = views.definitions(session)
        session.connection().exec_driver_sql(definition.replace(before, after, 1).replace("%", "%%"))
        assert views.definitions(session) != migrated
        session.rollback()
