"""Statements in one message: their rows, their order, and what goes wrong with one of them."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.exc import DataError, OperationalError

from models import engine
from models.engine import MigrationsMissingError
from models.together import Query, together


@dataclass(frozen=True)
class Line:
    number: int
    text: str


def line(number: int, text: str) -> Query[Line]:
    return Query(Line, "SELECT CAST(:number AS int) AS number, :text || ' 5 % of 1:1' AS text", locals())


def ask(*messages: list[Query[Any]]) -> list[list[Any]]:
    """Send these messages in one transaction; return the rows of each statement of the last one."""
    with engine.transaction() as session:
        for queries in messages:
            with together(session) as asking:
                sent = [asking.send(each) for each in queries]
        return [each.all() for each in sent]


def test_each_statement_has_its_rows(database_url: str) -> None:
    del database_url
    none = Query(Line, "SELECT 1 AS number, 'x' AS text WHERE false", {})
    *found, empty = ask([*(line(number, f"it's {number}:") for number in range(12)), none])
    assert found == [[Line(number, f"it's {number}: 5 % of 1:1")] for number in range(12)]
    assert empty == []


def test_a_statement_sees_what_those_before_it_have_written(database_url: str) -> None:
    del database_url
    school = "INSERT INTO souschef.school (ref, name) VALUES ('a', 'A') RETURNING ref AS text, 1 AS number"
    count = "SELECT count(*)::int AS number, 'schools' AS text FROM souschef.school"
    assert ask([Query(Line, school, {}), Query(Line, count, {})]) == [[Line(1, "a")], [Line(1, "schools")]]


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("SELECT 1 / 0 AS number, '' AS text", DataError),
        ("SELECT number, text FROM souschef.nowhere", MigrationsMissingError),
        ("SELECT pg_terminate_backend(pg_backend_pid()) AS number, '' AS text", OperationalError),
    ],
)
def test_what_fails_is_the_callers_and_the_next_transaction_works(
    database_url: str, statement: str, error: type[Exception]
) -> None:
    del database_url
    with pytest.raises(error):
        ask([line(1, "a"), Query(Line, statement, {}), line(2, "b")])
    assert ask([line(3, "c")]) == [[Line(3, "c 5 % of 1:1")]]


def test_what_waits_too_long_for_a_row_is_known_as_such(database_url: str) -> None:
    """Also where so much is sent that rows come back while more is still to be sent."""
    del database_url
    ask(
        [Query(Line, "INSERT INTO souschef.school (ref, name) VALUES ('a', 'A') RETURNING 1 AS number, '' AS text", {})]
    )
    lock = Query(Line, "SELECT 1 AS number, ref AS text FROM souschef.school FOR UPDATE", {})
    limit = Query(int, "SET LOCAL lock_timeout = '50ms'", {})
    many = [line(1, "a" * 3_000)] * 50
    with engine.transaction() as other:
        with together(other) as asking:
            asking.send(lock)
        with pytest.raises(OperationalError) as caught:
            ask([limit], [*many, lock, *many])
    assert engine.is_lock_timeout(caught.value)


def test_it_is_part_of_its_transaction(database_url: str) -> None:
    del database_url
    school = "INSERT INTO souschef.school (ref, name) VALUES ('a', 'A') RETURNING 1 AS number, ref AS text"
    with pytest.raises(DataError):
        ask([Query(Line, school, {})], [Query(Line, "SELECT 1 / 0 AS number, '' AS text", {})])
    count = Query(Line, "SELECT count(*) AS number, '' AS text FROM souschef.school", {})
    assert ask([count]) == [[Line(0, "")]]
