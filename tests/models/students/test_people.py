"""What senders' names mean: per school, per kind, many at once."""

from sqlalchemy import text

from models import engine
from models.students import people
from models.tables.people import AliasKind

transaction = engine.transaction


def test_names_are_looked_up_within_one_school_and_one_kind(database_url: str) -> None:
    """`413` is a person and a class of the first school, and another person of the second; `gone` is nothing."""
    assert database_url
    with transaction() as session:
        connection = session.connection()
        made = text("INSERT INTO souschef.school (ref, name) VALUES (:ref, :ref) RETURNING id")
        first, second = (connection.execute(made, {"ref": ref}).scalar_one() for ref in ("first", "second"))
        statement = text(
            "INSERT INTO souschef.alias (school_id, kind, name, target_id) VALUES (:school, :kind, :name, :id)"
        )
        rows = [(first, "person", "413", 1), (first, "class", "413", 2), (second, "person", "413", 3)]
        rows += [(first, "person", "'; --", 4), (first, "person", "{413}", 5)]
        for school, kind, name, target in rows:
            connection.execute(statement, {"school": school, "kind": kind, "name": name, "id": target})
        asked = {"413", "gone", "'; --", "{413}"}
        assert people.resolve_names(session, first, AliasKind.PERSON, asked) == {"413": 1, "'; --": 4, "{413}": 5}
        assert people.resolve_names(session, first, AliasKind.CLASS, asked) == {"413": 2}
        assert people.resolve_names(session, second, AliasKind.PERSON, ["413", "413"]) == {"413": 3}
        assert people.resolve_names(session, second, AliasKind.ITEM, asked) == {}
        assert people.resolve_names(session, first, AliasKind.PERSON, ()) == {}
