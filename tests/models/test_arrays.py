"""Arrays reach the server as what they were, whatever is in them."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DataError

from models import engine
from models.rows import execute

INTEGERS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
NUMBERS = st.floats(allow_nan=False)


def _there_and_back(database_url: str, values: list[Any], type_: str) -> list[Any]:
    with engine.transaction(url=database_url) as session:
        found = execute(session, f"SELECT CAST(:values AS {type_}[])", {"values": values}).scalar_one()
    return list(found)


def _lists(elements: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.none() | elements, max_size=20)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(integers=_lists(INTEGERS), numbers=_lists(NUMBERS), texts=_lists(TEXTS), blobs=_lists(st.binary()))
def test_each_element_comes_back(
    database_url: str, integers: list[Any], numbers: list[Any], texts: list[Any], blobs: list[Any]
) -> None:
    """Also None, at any place, and a list that is empty or of None alone."""
    assert _there_and_back(database_url, integers, "bigint") == integers
    assert _there_and_back(database_url, numbers, "double precision") == numbers
    assert _there_and_back(database_url, texts, "text") == texts
    assert _there_and_back(database_url, blobs, "bytea") == blobs


def test_integers_become_what_the_statement_asks_for(database_url: str) -> None:
    """All are sent as `bigint`."""
    assert _there_and_back(database_url, [1, None, -(2**15)], "smallint") == [1, None, -(2**15)]
    assert _there_and_back(database_url, [1, 2**31 - 1], "integer") == [1, 2**31 - 1]
    with pytest.raises(DataError):
        _there_and_back(database_url, [2**15], "smallint")


def test_other_elements_are_sent_as_before(database_url: str) -> None:
    """Booleans are no integers; lists in lists and moments are psycopg's."""
    moments = [dt.datetime(2026, 9, 1, tzinfo=dt.UTC), None]
    assert _there_and_back(database_url, [True, None, False], "boolean") == [True, None, False]
    assert _there_and_back(database_url, moments, "timestamptz") == moments
    assert _there_and_back(database_url, [[1, 2], [3, 4]], "bigint") == [[1, 2], [3, 4]]


@pytest.mark.parametrize("values", [[1, "a"], ["a", 1], [b"a", 1], [2**63], [1, 0.5]])
def test_what_is_no_array_is_refused_as_data(database_url: str, values: list[Any]) -> None:
    """The event is at fault and not the server: it is quarantined, and not tried for ever."""
    with pytest.raises(DataError):
        _there_and_back(database_url, values, "text")
